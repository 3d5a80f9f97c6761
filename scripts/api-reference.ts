// The public types of the packages as pages, from the declarations that are published: every export of every entry.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ROOT } from './support/built-packages.ts'
import { parseStatements } from './support/declarations.ts'

export const PACKAGES = ['nextjs', 'gateway', 'resource-server', 'provision'] as const

const DECLARED = /^(?:export )?(?:declare )?(?:abstract )?(?:interface|class|type|function|const|enum) (\w+)/
const EXTENDED = /^(declare (?:module '[^']+'|global)) \{/

export interface Entry {
  /** As it is imported. */
  readonly name: string
  readonly declarations: string
}

export interface Exported {
  readonly name: string
  readonly comment: string
  readonly declaration: string
}

type Found = Map<string, Exported>

/** Of built packages. */
export function publicEntries(): readonly Entry[] {
  return PACKAGES.flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(join(ROOT, 'packages', folder, 'package.json'), 'utf8'))
    return Object.entries<{ readonly types?: string }>(exports).flatMap(([entry, { types }]) =>
      types === undefined ? [] : [{ name: join(name, entry), declarations: join(ROOT, 'packages', folder, types) }],
    )
  })
}

/** By name. Throws for an export whose declaration is not found. */
export function readExports(file: string): readonly Exported[] {
  return [...exportsOf(file).values()].toSorted((a, b) => a.name.localeCompare(b.name))
}

/** A page for each entry and one that lists them; the folder is written anew. */
export function writeApiReference(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const entries = publicEntries().map((entry) => ({ ...entry, exports: readExports(entry.declarations) }))
  for (const { name, exports } of entries) writeFileSync(join(folder, fileOf(name)), entryPage(name, exports))
  const rows = entries.map(({ name, exports }) => `| [\`${name}\`](${fileOf(name)}) | ${listNames(exports)} |`)
  const page = [
    '# Packages',
    '',
    'What each entry exports, from its own types.',
    '',
    '| entry | |',
    '|---|---|',
    ...rows,
  ]
  writeFileSync(join(folder, 'README.md'), `${page.join('\n')}\n`)
}

function exportsOf(file: string): Found {
  const statements = parseStatements(readFileSync(file, 'utf8'))
  const own: Found = new Map(statements.flatMap(({ comment, text }) => toExported(comment, text)))
  const found: Found = new Map()
  for (const { text } of statements) {
    for (const exported of exportedBy(text, file, own)) found.set(exported.name, exported)
  }
  return found
}

/** What extends types of other packages is called by its first words. */
function toExported(comment: string, text: string): readonly (readonly [string, Exported])[] {
  const name = (DECLARED.exec(text) ?? EXTENDED.exec(text))?.[1]
  if (name === undefined) return []
  return [[name, { name, comment, declaration: text.replace(/^export (declare )?/, '') }]]
}

function exportedBy(text: string, file: string, own: Found): readonly Exported[] {
  const [, list, from = ''] = /^export (?:type )?(\*|\{[^}]*\})(?: from '([^']+)')?;$/.exec(text) ?? []
  if (list === undefined) return exportedHere(text, own)
  const source = from === '' ? own : exportsOf(join(dirname(file), from.replace(/\.(ts|js)$/, '.d.ts')))
  if (list === '*') return [...source.values()]
  return namesIn(list).map(({ name, as }) => {
    const exported = source.get(name)
    if (exported === undefined) throw new Error(`${relative(ROOT, file)} exports ${name}, which is not in ${from}`)
    return { ...exported, name: as }
  })
}

function exportedHere(text: string, own: Found): readonly Exported[] {
  const isSeen = text.startsWith('export ') || EXTENDED.test(text)
  const names = isSeen ? toExported('', text).map(([name]) => name) : []
  return names.flatMap((name) => own.get(name) ?? [])
}

function namesIn(list: string): readonly { readonly name: string; readonly as: string }[] {
  const words = list
    .slice(1, -1)
    .split(',')
    .map((word) => word.trim().replace(/^type /, ''))
  return words.filter(Boolean).map((word) => {
    const [name = word, as = name] = word.split(' as ')
    return { name, as }
  })
}

function entryPage(name: string, exports: readonly Exported[]): string {
  const names = new Set(exports.map((exported) => exported.name))
  const sections = exports.map((exported) => sectionOf(exported, names))
  return `# \`${name}\`\n\n${sections.join('\n\n')}\n`
}

function sectionOf({ name, comment, declaration }: Exported, names: ReadonlySet<string>): string {
  const used = [...new Set(declaration.match(/\b[A-Z]\w+/g))].filter((word) => word !== name && names.has(word))
  const links = used.map((word) => `[\`${word}\`](#${word.toLowerCase()})`)
  const code = `\`\`\`ts\n${declaration.replaceAll(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2))}\n\`\`\``
  return [`## ${name}`, proseOf(comment), code, links.length === 0 ? '' : `With ${links.join(', ')}.`]
    .filter(Boolean)
    .join('\n\n')
}

/** What a comment says stands between pages' own markup: nothing in it is taken for an element. */
function proseOf(comment: string): string {
  const plain = comment
    .replaceAll(/\{@link (\S+) ([^}]+)\}/g, '[$2]($1)')
    .replaceAll(/^@see (.*)$/gm, 'See $1.')
    .replaceAll(/^@param (\w+) /gm, '`$1`: ')
  return plain.replaceAll(/`[^`]*`|</g, (part) => (part === '<' ? '&lt;' : part))
}

function listNames(exports: readonly Exported[]): string {
  return exports.map(({ name }) => `\`${name}\``).join(', ')
}

function fileOf(entry: string): string {
  return `${entry.replace('@doorman/', '').replaceAll('/', '-')}.md`
}
