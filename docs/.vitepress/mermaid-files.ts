// mermaid as it is published, which is minified and in parts: bundling it again would take most of the time of a build.
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { UserConfig } from 'vitepress'

type VitePlugin = NonNullable<NonNullable<UserConfig['vite']>['plugins']>[number]

const PUBLISHED = dirname(fileURLToPath(import.meta.resolve('mermaid')))
const FILE = /^\/(?:chunks\/mermaid\.esm\.min\/)?[\w.-]+\.mjs$/

/** Below `/mermaid/` while pages are written. */
export const mermaidServer: VitePlugin = {
  name: 'mermaid-files',
  configureServer({ middlewares }) {
    middlewares.use('/mermaid', ({ url = '' }, response, next) => {
      const file = join(PUBLISHED, url)
      if (!FILE.test(url) || !existsSync(file)) return next()
      response.setHeader('content-type', 'text/javascript').end(readFileSync(file))
    })
  },
}

export function copyMermaid(outDir: string): void {
  for (const part of ['mermaid.esm.min.mjs', join('chunks', 'mermaid.esm.min')]) {
    cpSync(join(PUBLISHED, part), join(outDir, 'mermaid', part), {
      recursive: true,
      filter: (path) => !path.endsWith('.map'),
    })
  }
}
