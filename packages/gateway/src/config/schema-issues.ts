// Turns what zod found into findings: what was expected, what stands there, what may have been meant.
import type { z } from 'zod'
import { allowedKeys } from './json-schema.ts'
import type { ConfigPath, Finding } from './problems.ts'
import { ask, suggestName } from './suggest.ts'

type Issue = z.core.$ZodIssue

/** Texts for what has none in the schema. */
export function expectedText(issue: { readonly code?: string | undefined; readonly expected?: unknown }): string {
  if (issue.expected === 'object' || issue.expected === 'record') return 'a mapping'
  return issue.expected === 'array' ? 'a list' : 'another value'
}

/** What was read, and by what. Of the value only kinds are ever told, for any part of it may be a secret. */
export interface Reading {
  readonly raw: unknown
  readonly schema: z.ZodType
}

export function describeIssue(issue: Issue, reading: Reading): readonly Finding[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'invalid_key') return [badName(path, issue.issues[0]?.message ?? issue.message)]
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, reading))
  const inner = issue.code === 'invalid_union' ? nearestBranch(issue.errors) : undefined
  if (inner === undefined) return [describeValue(issue, path, reading)]
  return inner.flatMap((each) => describeIssue({ ...each, path: [...path, ...each.path] }, reading))
}

function describeValue(issue: Issue, path: ConfigPath, { raw, schema }: Reading): Finding {
  const value = valueAt(raw, path)
  const expected = `expected ${issue.message}`
  if (value === undefined) return { kind: 'missing', path, message: `missing, ${expected}`, suggestion: null }
  return {
    kind: 'value',
    path,
    message: `${expected}${describeKind(value)}`,
    suggestion: nearValue(issue, path, value, schema),
  }
}

function valueAt(raw: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (value, part) => (Object.hasOwn(Object(value), part) ? Object(value)[part] : undefined),
    raw,
  )
}

function describeKind(value: unknown): string {
  if (typeof value === 'string') return ''
  if (value === null) return ', found nothing'
  if (Array.isArray(value)) return ', found a list'
  return typeof value === 'object' ? ', found a mapping' : `, found a ${typeof value}`
}

function nearValue(issue: Issue, path: ConfigPath, value: unknown, schema: z.ZodType): string | null {
  if (typeof value !== 'string') return null
  const word = suggestName(value, wordsOf(issue))
  if (word !== null || issue.code !== 'invalid_union') return ask(word)
  const key = suggestName(value, allowedKeys(path, schema))
  return ask(key === null ? null : `{ ${key}: … }`)
}

/** The literal values that would have been taken here. */
function wordsOf(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  if (issue.code !== 'invalid_union') return []
  return issue.errors
    .flat()
    .filter(({ path }) => path.length === 0)
    .flatMap(wordsOf)
}

function badName(path: ConfigPath, expected: string): Finding {
  return { kind: 'name', path, message: `expected ${expected}`, suggestion: null }
}

function unknownKey(parent: ConfigPath, key: string, { schema }: Reading): Finding {
  const suggestion = ask(suggestName(key, allowedKeys(parent, schema)))
  return { kind: 'unknown-key', path: [...parent, key], message: 'unknown key', suggestion }
}

/**
 * The alternative the author had in mind: its kind of value fits, it has the keys that stand here, and the fewest
 * problems. Between several only the keys that none of them has can be told.
 */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = branches.filter((issues) => issues.every(({ path, code }) => path.length > 0 || isAboutContent(code)))
  const [best, ...others] = fitting.toSorted(compare)
  const equals = others.filter((other) => best !== undefined && compare(best, other) === 0)
  return best === undefined || equals.length === 0 ? best : sharedUnknownKeys(best, equals)
}

function compare(a: readonly Issue[], b: readonly Issue[]): number {
  return countOwnKeys(a) - countOwnKeys(b) || a.length - b.length
}

/** Problems with which keys stand here, rather than with what is inside them. */
function countOwnKeys(issues: readonly Issue[]): number {
  const lacking = issues.filter(({ path }) => path.length === 1)
  return unknownKeys(issues).length + lacking.length
}

function unknownKeys(issues: readonly Issue[]): readonly string[] {
  return issues.flatMap((issue) => (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : []))
}

function sharedUnknownKeys(
  best: readonly Issue[],
  equals: readonly (readonly Issue[])[],
): readonly Issue[] | undefined {
  const own = String(unknownKeys(best))
  const isShared = own !== '' && equals.every((other) => String(unknownKeys(other)) === own)
  return isShared ? best.filter(({ code, path }) => code === 'unrecognized_keys' && path.length === 0) : undefined
}

function isAboutContent(code: Issue['code']): boolean {
  return code !== 'invalid_type' && code !== 'invalid_value'
}
