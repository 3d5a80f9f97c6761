// Top-level sections that belong to others than the gateway. One schema is composed of all, so that places, messages and
// suggestions are the same everywhere.
import { z } from 'zod'
import type { RealmDraft } from './draft.ts'
import type { Finding } from './problems.ts'
import { configSchema } from './schema.ts'

export type SectionSchemas = Readonly<Record<string, z.ZodType>>

export interface FurtherSections<S extends SectionSchemas = SectionSchemas> {
  readonly schemas: S
  /**
   * What cannot hold together although each key is right by itself. `written` is what stands in the file, right or not;
   * `realms` are the gateway's, without the keys that have an error.
   */
  findContradictions(
    written: Readonly<Record<string, unknown>>,
    realms: ReadonlyMap<string, RealmDraft>,
  ): readonly Finding[]
}

/** Undefined: something it refers to is absent, and may be. */
export type SectionValues<S extends SectionSchemas> = { readonly [Name in keyof S]: z.output<S[Name]> | undefined }

/** Names of sections that are not the gateway's. */
const FURTHER = ['provision', 'clients'] as const

const UNREAD: SectionSchemas = Object.fromEntries(FURTHER.map((name) => [name, z.unknown().optional()]))

/** Without further sections the gateway passes over them. */
export function composeSchema(schemas: SectionSchemas = UNREAD) {
  return z.strictObject({ ...configSchema.shape, ...schemas }).meta(configSchema.meta() ?? {})
}

/** True for what stands in a section that nobody reads. */
export function isUnread(name: string | number | undefined, sections: FurtherSections | undefined): boolean {
  return sections === undefined && FURTHER.some((further) => further === name)
}

export function pickSections(raw: unknown, { schemas }: FurtherSections): Readonly<Record<string, unknown>> {
  const written = typeof raw === 'object' && raw !== null ? (raw as Readonly<Record<string, unknown>>) : {}
  return Object.fromEntries(Object.keys(schemas).map((name) => [name, written[name]]))
}

export function parseSections<S extends SectionSchemas>(raw: unknown, sections: FurtherSections<S>): SectionValues<S> {
  const values = Object.entries(pickSections(raw, sections)).map(([name, value]) => [
    name,
    sections.schemas[name]?.safeParse(value).data,
  ])
  return Object.fromEntries(values) as SectionValues<S>
}

export const NO_SECTIONS: FurtherSections = { schemas: {}, findContradictions: () => [] }

/** The gateway's own sections. */
export function pickOwn(raw: unknown): unknown {
  if (typeof raw !== 'object' || raw === null) return raw
  return Object.fromEntries(Object.entries(raw).filter(([name]) => Object.hasOwn(configSchema.shape, name)))
}
