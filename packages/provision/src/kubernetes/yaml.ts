// YAML of plain data, in blocks, with lists of words on one line. Whatever could be read as something else is quoted.

export type Yaml = string | readonly Yaml[] | { readonly [key: string]: Yaml }

const PLAIN = /^[a-z][a-z0-9./-]*$/i
/** What YAML 1.1 takes for a boolean or for nothing. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null)$/i

export function renderYaml(value: Yaml): string {
  return `${renderLines(value).join('\n')}\n`
}

function renderLines(value: Yaml): readonly string[] {
  if (typeof value === 'string') return [renderWord(value)]
  return isList(value) ? renderItems(value) : Object.entries(value).flatMap(([key, inner]) => renderEntry(key, inner))
}

function renderItems(items: readonly Yaml[]): readonly string[] {
  return items.flatMap((item) => renderLines(item).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`))
}

function renderEntry(key: string, value: Yaml): readonly string[] {
  const name = renderWord(key)
  if (typeof value === 'string') return [`${name}: ${renderWord(value)}`]
  if (!isList(value)) return [`${name}:`, ...indent(renderLines(value))]
  const words = value.filter((item) => typeof item === 'string')
  if (words.length === value.length) return [`${name}: [${words.map(renderWord).join(', ')}]`]
  return [`${name}:`, ...indent(renderItems(value))]
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`)
}

function renderWord(text: string): string {
  return PLAIN.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text)
}

function isList(value: Yaml): value is readonly Yaml[] {
  return Array.isArray(value)
}
