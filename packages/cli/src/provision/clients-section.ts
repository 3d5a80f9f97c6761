// The section `clients` as YAML, to be read by people first.
import type { DescribedClient } from '@doorman/provision'
import { formatJson, printable } from '../table.ts'

type Value = DescribedClient['section'][string]

export interface ClientEntry {
  readonly clientId: string
  readonly section: DescribedClient['section']
  readonly remarks: readonly string[]
  /** It is written behind `#`, because the file would not take it yet. */
  readonly isIncomplete: boolean
}

const HEAD = `# Clients that were there before this file, as they were. Their secrets are not here: they stay in Keycloak.
# With adopt: true doorman apply takes a client over; doorman plan shows first what would change in it.
# Where a secret is to go: deliver, docs/configuration.md.
`

const INCOMPLETE = 'not complete: write what is missing, then remove the # before each line'
const LINE_LENGTH = 110
const INDENT = '  '

export function renderClientsSection(entries: readonly ClientEntry[]): string {
  if (entries.length === 0) return `${HEAD}clients: {}\n`
  const isEmpty = entries.every(({ isIncomplete }) => isIncomplete)
  return `${HEAD}clients:${isEmpty ? ' {}' : ''}\n${entries.map(renderEntry).join('\n')}`
}

function renderEntry({ clientId, section, remarks, isIncomplete }: ClientEntry): string {
  const comments = [...remarks, ...(isIncomplete ? [INCOMPLETE] : [])].map(
    (remark) => `${INDENT}# ${printable(remark)}`,
  )
  const lines = renderPair(clientId, section, INDENT)
  const written = isIncomplete ? lines.map((line) => `${INDENT}# ${line.slice(INDENT.length)}`) : lines
  return `${[...comments, ...written].join('\n')}\n`
}

/** On one line what fits, but for a client and its mappers. */
function renderPair(key: string, value: Value, indent: string): readonly string[] {
  const name = renderKey(key)
  const inline = `${indent}${name}: ${renderInline(value)}`
  if (typeof value !== 'object' || value === null) return [inline]
  const holdsMappings = isMapping(value) && Object.values(value).some(isMapping)
  if (indent !== INDENT && !holdsMappings && inline.length <= LINE_LENGTH) return [inline]
  const below = indent + INDENT
  const lines = isMapping(value)
    ? Object.entries(value).flatMap(([key, inner]) => renderPair(key, inner, below))
    : value.map((item) => `${below}- ${renderInline(item)}`)
  return lines.length === 0 ? [inline] : [`${indent}${name}:`, ...lines]
}

function renderInline(value: Value): string {
  if (isList(value)) return `[${value.map(renderInline).join(', ')}]`
  if (isMapping(value)) {
    const pairs = Object.entries(value).map(([key, inner]) => `${renderKey(key)}: ${renderInline(inner)}`)
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
  }
  return typeof value === 'string' ? renderText(value) : formatJson(value)
}

/** JSON is YAML. `${` would be filled in. */
function renderText(text: string): string {
  return isPlain(text) ? text : formatJson(text.replaceAll('${', '$$${'))
}

function renderKey(key: string): string {
  return isPlain(key) ? key : formatJson(key)
}

/** What no YAML reader takes for anything but the text itself. */
function isPlain(text: string): boolean {
  return /^[a-z_][\w.-]*$/i.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)
}

/** `Array.isArray` knows no readonly lists. */
function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function isMapping(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && value !== null && !isList(value)
}
