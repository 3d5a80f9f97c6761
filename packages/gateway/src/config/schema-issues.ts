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

/** `raw` is the whole value that was read; of it only kinds of values are ever told, for any of them may be a secret. */
export function describeIssue(issue: Issue, raw: unknown): readonly Finding[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'invalid_key') return [badName(path, issue.issues[0]?.message ?? issue.message)]
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key))
  const inner = issue.code === 'invalid_union' ? nearestBranch(issue.errors) : undefined
  if (inner === undefined) return [describeValue(issue, path, valueAt(raw, path))]
  return inner.flatMap((each) => describeIssue({ ...each, path: [...path, ...each.path] }, raw))
}

function describeValue(issue: Issue, path: ConfigPath, value: unknown): Finding {
  const expected = `expected ${issue.message}`
  if (value === undefined) return { kind: 'missing', path, message: `missing, ${expected}`, suggestion: null }
  return { kind: 'value', path, message: `${expected}${describeKind(value)}`, suggestion: nearValue(issue, value) }
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

function nearValue(issue: Issue, value: unknown): string | null {
  if (issue.code !== 'invalid_value' || typeof value !== 'string') return null
  return ask(suggestName(value, issue.values.map(String)))
}

function badName(path: ConfigPath, expected: string): Finding {
  return { kind: 'name', path, message: `expected ${expected}`, suggestion: null }
}

function unknownKey(parent: ConfigPath, key: string): Finding {
  const suggestion = ask(suggestName(key, allowedKeys(parent)))
  return { kind: 'unknown-key', path: [...parent, key], message: 'unknown key', suggestion }
}

/** The alternative the author had in mind: its kind of value fits, and it has the fewest problems. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = branches.filter((issues) => issues.every(({ path, code }) => path.length > 0 || isAboutContent(code)))
  return fitting.toSorted((a, b) => a.length - b.length)[0]
}

function isAboutContent(code: Issue['code']): boolean {
  return code !== 'invalid_type' && code !== 'invalid_value'
}
