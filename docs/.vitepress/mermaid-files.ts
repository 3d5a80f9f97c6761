// mermaid as it is published, which is minified and in parts: bundling it again would take most of the time of a build.
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { VitePlugin } from './vite-plugin.ts'

const PUBLISHED = dirname(fileURLToPath(import.meta.resolve('mermaid')))
const FILE = /^\/(?:chunks\/mermaid\.esm\.min\/)?[\w.-]+\.mjs$/

/** Below `/mermaid/` while pages are written. */
export const mermaidServer: VitePlugin = {
  name: 'mermaid-files',
  configureServer({ middlewares }) {
    middlewares.use('/mermaid', ({ url = '' }, response, next) => {
      // What the server's own client imports has a query.
      const [path = ''] = url.split('?')
      const file = join(PUBLISHED, path)
      if (!FILE.test(path) || !existsSync(file)) return next()
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
