// Fields of what is wanted beside fields of what is there. Pure.
import { isListAttribute, splitList } from '../wanted/list-attributes.ts'
import type { Json } from '../wanted/wanted.ts'
import type { FieldChange } from './plan.ts'

type Value = Json | undefined

/** Fields of a representation. Lists of names and URIs are sets; what is empty is not there. */
export function compareSettings(
  wanted: Readonly<Record<string, Json>>,
  observed: Readonly<Record<string, Json>>,
): readonly FieldChange[] {
  return Object.entries(wanted).map(([path, to]) => field(path, asSet(observed[path]), asSet(to)))
}

/** Named texts below a name, such as `attributes` or `config`; `''` is not there. */
export function compareTexts(
  prefix: string,
  wanted: Readonly<Record<string, string>>,
  observed: Readonly<Record<string, string>>,
): readonly FieldChange[] {
  return Object.entries(wanted).map(([name, to]) =>
    field(`${prefix}.${name}`, attributeValue(name, observed[name]), attributeValue(name, to)),
  )
}

export function compareSets(path: string, wanted: readonly string[], observed: readonly string[]): FieldChange {
  return field(path, asSet(observed), asSet(wanted))
}

export function field(path: string, from: Value, to: Value): FieldChange {
  return { path, from: withoutEmpty(from), to: withoutEmpty(to) }
}

/** Keycloak leaves out what is false in some answers and writes it in others. */
export function differs({ from, to }: FieldChange): boolean {
  return canonical(withoutFalse(from)) !== canonical(withoutFalse(to))
}

/** The same text for the same value, however its keys are ordered. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => compareNames(a, b)))
        : part,
    ) ?? ''
  )
}

/** By code unit: an order that is the same on every machine. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function attributeValue(name: string, value: string | undefined): Value {
  return value === undefined || !isListAttribute(name) ? value : asSet(splitList(value))
}

function asSet(value: Value): Value {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return value
  return [...new Set<string>(value)].toSorted(compareNames)
}

function withoutEmpty(value: Value): Value {
  if (value === null || value === '') return undefined
  return typeof value === 'object' && Object.keys(value).length === 0 ? undefined : value
}

function withoutFalse(value: Value): Value {
  return value === false ? undefined : value
}
