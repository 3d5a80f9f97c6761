// The blocks of code that the documentation shows.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './built-packages.ts'

export interface CodeBlock {
  /** From the root of the repository. */
  readonly page: string
  readonly line: number
  /** The heading it stands below; empty before the first one. */
  readonly section: string
  /** As on the fence; empty where it names none. */
  readonly language: string
  readonly code: string
}

const PAGES = ['*.md', 'docs/**/*.md', 'examples/*.md', 'examples/*/*.md', 'notes/*/*.md', 'conformance/*.md']
/** Written from the types themselves. */
const GENERATED = 'docs/api/'
const BLOCK = /^(?: *)```(\w*)\n(.*?)^ *```$/gms
const FENCE = /^ *(?:`{3,}|~{3,})/gm

/** Every page that people read, from the root of the repository. */
export function listPages(): readonly string[] {
  const pages = globSync(PAGES, { cwd: ROOT, exclude: (path) => path.includes('node_modules') })
  return pages.filter((page) => !page.startsWith(GENERATED)).toSorted()
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

export function readCodeBlocks(page: string): readonly CodeBlock[] {
  const text = readPage(page)
  return [...text.matchAll(BLOCK)].map(({ index, 1: language = '', 2: code = '' }) => {
    const before = text.slice(0, index)
    const section = [...before.replaceAll(BLOCK, '').matchAll(/^#{1,2} (.*)$/gm)].at(-1)?.[1] ?? ''
    return { page, line: before.split('\n').length, section, language, code: withoutIndent(code) }
  })
}

/** How many fences of a page belong to no block: whoever reads blocks would not see what stands between them. */
export function countStrayFences(page: string): number {
  return readPage(page).replaceAll(BLOCK, '').match(FENCE)?.length ?? 0
}

/** What the text itself sets as code, outside of blocks. */
export function readInlineCode(page: string): readonly string[] {
  return [
    ...readPage(page)
      .replaceAll(BLOCK, '')
      .matchAll(/`([^`]+)`/g),
  ].map(([, code = '']) => code.replaceAll(/\s+/g, ' '))
}

/** A block in a list is indented with it. */
function withoutIndent(code: string): string {
  const indent = /^ */.exec(code)?.[0] ?? ''
  return code.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
}
