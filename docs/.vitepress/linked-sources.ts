// Pages link to sources as well: files that are no page, and folders. On GitHub those open as they are; the site has a file
// as text, and of a folder its README or, without one, its files as one text.
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'
import type { VitePlugin } from './vite-plugin.ts'

const ROOT = resolve(import.meta.dirname, '..', '..')
const SOURCES = 'sources'
const linked = new Set<string>()

export function linkSources(md: MarkdownRenderer): void {
  md.core.ruler.push('linked-sources', ({ tokens, env }) => {
    const page: string = env.relativePath
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (href !== null && isRelative(href)) token.attrSet('href', resolveLink(href, page))
    }
  })
}

function isRelative(href: string): boolean {
  return !/^([a-z]+:|#|\/)/i.test(href)
}

function resolveLink(href: string, page: string): string {
  const [path = '', ...anchor] = href.split('#')
  if (path.endsWith('.md')) return href
  const target = posix.normalize(posix.join(posix.dirname(page), decodeURI(path)))
  const place = join(ROOT, target)
  if (!existsSync(place)) return href
  if (existsSync(join(place, 'README.md')))
    return ['/', target, '/README', ...anchor.map((name) => `#${name}`)].join('')
  linked.add(target)
  return `/${SOURCES}/${target}.txt`
}

/** While pages are written: what the pages shown so far link to, and no other file. */
export const sourcesServer: VitePlugin = {
  name: 'linked-sources',
  configureServer({ middlewares }) {
    middlewares.use(`/${SOURCES}`, ({ url = '' }, response, next) => {
      const target = decodeURI(url)
        .replace(/^\//, '')
        .replace(/\.txt$/, '')
      if (!linked.has(target)) return next()
      response.setHeader('content-type', 'text/plain; charset=utf-8').end(readSource(target))
    })
  },
}

/** After the build, which has seen every link. */
export function copyLinkedSources(outDir: string): void {
  for (const target of linked) {
    const copy = join(outDir, SOURCES, `${target}.txt`)
    mkdirSync(dirname(copy), { recursive: true })
    writeFileSync(copy, readSource(target))
  }
}

function readSource(target: string): string {
  const place = join(ROOT, target)
  if (!statSync(place).isDirectory()) return readFileSync(place, 'utf8')
  const files = globSync('**/*', { cwd: place }).filter((name) => statSync(join(place, name)).isFile())
  return files.map((name) => `${name}\n\n${readFileSync(join(place, name), 'utf8')}`).join('\n\n')
}
