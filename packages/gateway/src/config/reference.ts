// docs/configuration.md, written from the schema.
import { buildJsonSchema, type JsonSchema } from './json-schema.ts'
import { REFERENCE_INTRODUCTION } from './reference-introduction.ts'

export function buildReference(): string {
  const sections = Object.entries(buildJsonSchema().properties ?? {}).map(([key, schema]) => buildSection(key, schema))
  return `${[REFERENCE_INTRODUCTION.trim(), ...sections].join('\n\n')}\n`
}

interface Row {
  readonly key: string
  readonly schema: JsonSchema
  readonly isRequired: boolean
}

const REQUIRED: ReadonlySet<string> = new Set(buildJsonSchema().required)

function buildSection(key: string, schema: JsonSchema): string {
  const rows = listRows(key, schema)
  const head = rows.length > 0 ? describe(schema) : `${describe(schema)}\n\n${describeFacts(schema, REQUIRED.has(key))}`
  const table = rows.length > 0 ? `\n\n${buildTable(rows)}` : ''
  return `## ${key}\n\n${head}${table}`
}

function describeFacts(schema: JsonSchema, isRequired: boolean): string {
  return `Type: ${describeType(schema)}. Default: ${describeDefault(schema, isRequired)}.`
}

function buildTable(rows: readonly Row[]): string {
  const lines = rows.map(({ key, schema, isRequired }) => {
    const cells = [`\`${key}\``, describeType(schema), describeDefault(schema, isRequired), describe(schema)]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return ['| key | type | default | what it is |', '|---|---|---|---|', ...lines].join('\n')
}

/** The keys below a key, deepest names included. */
function listRows(key: string, schema: JsonSchema): readonly Row[] {
  const { additionalProperties, anyOf = [], items, properties = {}, required = [] } = schema
  const own = Object.entries(properties).flatMap(([name, value]) => {
    const row = { key: `${key}.${name}`, schema: value, isRequired: required.includes(name) }
    return [row, ...listRows(row.key, value)]
  })
  const named = typeof additionalProperties === 'object' ? additionalProperties : undefined
  return [
    ...own,
    ...anyOf.flatMap((branch) => listRows(key, branch)),
    ...(items === undefined ? [] : listRows(`${key}[]`, items)),
    ...(named === undefined ? [] : listRows(`${key}.${schema['x-name'] ?? 'NAME'}`, named)),
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
  return type === 'object' ? 'mapping' : 'text'
}

function describeDefault(schema: JsonSchema, isRequired: boolean): string {
  if (isRequired) return 'required'
  if (schema.properties !== undefined) return 'as below'
  return schema.default === undefined ? 'none' : code(schema.default)
}

function describe({ description = '' }: JsonSchema): string {
  return description
}

function code(value: unknown): string {
  return `\`${formatYaml(value)}\``
}

/** YAML in one line, as in the examples. */
function formatYaml(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(formatYaml).join(', ')}]` : String(value)
}
