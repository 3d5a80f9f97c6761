// docs/configuration.md, written from the schema.
import type { JsonSchema } from './json-schema.ts'
import { REFERENCE_INTRODUCTION } from './reference-introduction.ts'

export function buildReference({ properties = {}, required = [] }: JsonSchema): string {
  const sections = Object.entries(properties).map(([key, schema]) => {
    return buildSection(key, schema, required.includes(key) ? 'required' : 'optional')
  })
  return `${[REFERENCE_INTRODUCTION.trim(), ...sections].join('\n\n')}\n`
}

interface Row {
  readonly key: string
  readonly schema: JsonSchema
  readonly need: 'optional' | 'required' | 'required in this form'
}

function buildSection(key: string, schema: JsonSchema, need: Row['need']): string {
  const rows = listRows(key, schema, 'required')
  const head = rows.length > 0 ? describe(schema) : `${describe(schema)}\n\n${describeFacts(schema, need)}`
  const table = rows.length > 0 ? `\n\n${buildTable(rows)}` : ''
  return `## ${key}\n\n${head}${table}`
}

function describeFacts(schema: JsonSchema, need: Row['need']): string {
  return `Type: ${describeType(schema)}. Default: ${describeDefault(schema, need)}.`
}

function buildTable(rows: readonly Row[]): string {
  const lines = rows.map(({ key, schema, need }) => {
    const cells = [`\`${key}\``, describeType(schema), describeDefault(schema, need), describe(schema)]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  // Several forms may share a key.
  return ['| key | type | default | what it is |', '|---|---|---|---|', ...new Set(lines)].join('\n')
}

/** The keys below a key, deepest names included; `need` is that of the keys it cannot do without. */
function listRows(key: string, schema: JsonSchema, need: Row['need']): readonly Row[] {
  const { additionalProperties, anyOf = [], items, properties = {}, required = [] } = schema
  const own = Object.entries(properties).flatMap(([name, value]): readonly Row[] => {
    const row: Row = { key: `${key}.${name}`, schema: value, need: required.includes(name) ? need : 'optional' }
    return value['x-type'] === undefined ? [row, ...listRows(row.key, value, 'required')] : [row]
  })
  const named = typeof additionalProperties === 'object' ? additionalProperties : undefined
  const isOneOfSeveral = anyOf.filter((branch) => branch.properties !== undefined).length > 1
  return [
    ...own,
    ...anyOf.flatMap((branch) => listRows(key, branch, isOneOfSeveral ? 'required in this form' : 'required')),
    ...(items === undefined ? [] : listRows(`${key}[]`, items, 'required')),
    ...(named === undefined ? [] : listRows(`${key}.${schema['x-name'] ?? 'NAME'}`, named, 'required')),
  ]
}

function describeType(schema: JsonSchema): string {
  const { additionalProperties, anyOf, items, type } = schema
  if (schema['x-type'] !== undefined) return schema['x-type']
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ')
  if (anyOf !== undefined) return [...new Set(anyOf.map(describeType))].join(' or ')
  if (items !== undefined) return `list of ${describeType(items)}`
  if (typeof additionalProperties === 'object') return `mapping of names to ${describeType(additionalProperties)}`
  if (type === 'boolean') return '`true`, `false`'
  return TYPES[type ?? ''] ?? 'text'
}

const TYPES: Readonly<Record<string, string>> = { object: 'mapping', number: 'number', integer: 'whole number' }

function describeDefault(schema: JsonSchema, need: Row['need']): string {
  if (need !== 'optional') return need
  if (schema['x-default'] !== undefined) return schema['x-default']
  if (schema.default === undefined) return 'none'
  return schema.properties === undefined ? code(schema.default) : 'as below'
}

function describe({ description = '' }: JsonSchema): string {
  return description
}

function code(value: unknown): string {
  return `\`${formatYaml(value)}\``
}

/** YAML in one line, as in the examples. */
function formatYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatYaml).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).map(([key, each]) => `${key}: ${formatYaml(each)}`)
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}
