// Links between pages as GitHub follows them: to a file or folder of the repository, and there to a heading.
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { githubSlug } from '../../docs/.vitepress/github-slug.ts'

export interface Link {
  readonly line: number
  readonly target: string
}

const FENCE = /^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ *\2`*$/gm
const INLINE_CODE = /(`+)(?!`)([^`]|(?!\1)`)*?\1(?!`)/g
const TARGET = /\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s*(\S+)|\b(?:href|src)="([^"]+)"/gm
const HEADING = /^#{1,6} +(.*?)(?: +#+)?$/gm
const OWN_ANCHOR = /<a (?:id|name)="([^"]+)"/g
const ELSEWHERE = /^(?:[a-z][a-z+.-]*:|\/\/)/i

/** Everything a page links to or shows, but for what it shows as code. */
export function readLinks(markdown: string): readonly Link[] {
  const text = blank(blank(markdown, FENCE), INLINE_CODE)
  return [...text.matchAll(TARGET)].map(({ index, 1: inline, 2: defined, 3: element }) => ({
    line: text.slice(0, index).split('\n').length,
    target: inline ?? defined ?? element ?? '',
  }))
}

/** What may stand behind the `#` of a link to this page. */
export function readAnchors(markdown: string): ReadonlySet<string> {
  const text = blank(markdown, FENCE)
  const anchors = new Set([...text.matchAll(OWN_ANCHOR)].map(([, name = '']) => name))
  const seen = new Map<string, number>()
  for (const [, heading = ''] of text.matchAll(HEADING)) {
    const slug = githubSlug(plainHeading(heading))
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    anchors.add(count === 0 ? slug : `${slug}-${count}`)
  }
  return anchors
}

/** `page:line target` of each link that leads nowhere. `pages` are paths below `folder`; other hosts are not asked. */
export function findDeadLinks(folder: string, pages: readonly string[], isThere = exists): readonly string[] {
  const anchors = new Map<string, ReadonlySet<string>>()
  const anchorsOf = (page: string): ReadonlySet<string> => {
    const known = anchors.get(page) ?? readAnchors(readFileSync(join(folder, page), 'utf8'))
    anchors.set(page, known)
    return known
  }
  const isDead = (page: string, target: string): boolean => {
    const [path = '', anchor] = decodeURI(target).split('#')
    const place = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), path))
    if (place.startsWith('..') || !isThere(folder, place)) return true
    return anchor !== undefined && !(place.endsWith('.md') && anchorsOf(place).has(anchor))
  }
  return pages.flatMap((page) =>
    readLinks(readFileSync(join(folder, page), 'utf8'))
      .filter(({ target }) => !ELSEWHERE.test(target) && isDead(page, target))
      .map(({ line, target }) => `${page}:${line} ${target}`),
  )
}

function exists(folder: string, place: string): boolean {
  return existsSync(join(folder, place))
}

/** Lines stay where they are. */
function blank(text: string, pattern: RegExp): string {
  return text.replaceAll(pattern, (part) => part.replaceAll(/[^\n]/g, ' '))
}

/** As it is read: links by their words, code by what is in it, no elements. */
function plainHeading(heading: string): string {
  return heading
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/`([^`]*)`|<[^>]+>/g, (_, code: string | undefined) => code ?? '')
}
