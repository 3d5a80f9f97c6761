// The JSON Schema of doorman.yaml, for editors, for the documentation and for suggestions.
import { z } from 'zod'
import type { ConfigPath } from './problems.ts'
import { configSchema } from './schema.ts'

export interface JsonSchema {
  readonly title?: string
  readonly description?: string
  readonly type?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  /** Told instead of the type; one that stands elsewhere is not described again. */
  readonly 'x-type'?: string
  /** Told as the default where it is no value. */
  readonly 'x-default'?: string
  readonly 'x-name'?: string
}

/** Of the gateway's own sections, or of a schema composed with others. */
export function buildJsonSchema(schema: z.ZodType = configSchema): JsonSchema {
  return z.toJSONSchema(schema, { target: 'draft-7', io: 'input' }) as JsonSchema
}

/** The keys a mapping may have. */
export function allowedKeys(path: ConfigPath, schema: z.ZodType): readonly string[] {
  return schemasAt(path, schema).flatMap(({ properties }) => Object.keys(properties ?? {}))
}

function schemasAt(path: ConfigPath, schema: z.ZodType): readonly JsonSchema[] {
  return path.reduce<readonly JsonSchema[]>(
    (schemas, part) => schemas.flatMap((each) => alternatives(child(each, part))),
    [buildJsonSchema(schema)],
  )
}

function child(schema: JsonSchema, part: string | number): JsonSchema | undefined {
  if (typeof part === 'number') return schema.items
  const { additionalProperties, properties = {} } = schema
  if (Object.hasOwn(properties, part)) return properties[part]
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}

function alternatives(schema: JsonSchema | undefined): readonly JsonSchema[] {
  if (schema === undefined) return []
  return schema.anyOf ?? [schema]
}
