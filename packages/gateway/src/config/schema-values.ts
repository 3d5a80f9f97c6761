// The kinds of value a key can have. Every message says what was expected and never repeats the value, which may be a
// secret. `x-type` travels through the JSON Schema to the documentation.
import { z } from 'zod'
import { ownsBelow } from '../kernel/paths.ts'
import { isAddressBlock, parseListenAddress, parseOrigin } from './addresses.ts'
import { parseRoutePath } from './route-path.ts'
import { parseStore } from './store-address.ts'

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }
const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/

function parseDuration(value: string): number | undefined {
  const match = DURATION.exec(value)
  const unit = UNIT_SECONDS[match?.[2] ?? '']
  return unit === undefined ? undefined : Number(match?.[1]) * unit
}

/** A string that `parse` understands; undefined from it is an error. */
export function parsed<T>(expected: string, parse: (value: string) => T | undefined) {
  return z.string(expected).transform((value, context): T => {
    const result = parse(value)
    if (result !== undefined) return result
    context.issues.push({ code: 'custom', message: expected, input: value })
    return z.NEVER
  })
}

/** A string that passes `accept`. */
export function checked(expected: string, accept: (value: string) => boolean) {
  return z.string(expected).refine(accept, expected)
}

export function matching(expected: string, pattern: RegExp) {
  return checked(expected, (value) => pattern.test(value))
}

/** Bounds of a duration, as an operator would write them. */
interface DurationBounds {
  readonly min: string
  readonly max: string
}

/** Seconds, from `500ms`, `30s`, `30m`, `12h` or `7d`. */
export function duration(example: string, { min, max }: DurationBounds) {
  const minSeconds = parseDuration(min) ?? 0
  const maxSeconds = parseDuration(max) ?? 0
  return parsed(`a duration such as ${example} (${min} to ${max})`, (value) => {
    const seconds = parseDuration(value)
    return seconds !== undefined && seconds >= minSeconds && seconds <= maxSeconds ? seconds : undefined
  }).meta({ 'x-type': `duration, ${min} to ${max}`, pattern: String.raw`^\d{1,9}(ms|s|m|h|d)$|\$\{` })
}

export function wholeNumber(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`
  return z.int(expected).min(min, expected).max(max, expected)
}

export function nonEmpty(expected: string) {
  return z.string(expected).min(1, expected)
}

/** A list of names; `expected` is one of them. */
export function names(expected: string) {
  return z.array(nonEmpty(expected))
}

export function flag(description: string) {
  return z.boolean('true or false').default(false).meta({ description })
}

export const scopes = z.array(matching('a scope', /^[\x21\x23-\x5b\x5d-\x7e]+$/))

export function listenAddress(example: string) {
  return parsed(`host:port such as ${example}`, parseListenAddress).meta({ 'x-type': '`host:port`' })
}

export function origin(example: string) {
  return parsed(`an origin such as ${example}: no path, query or credentials`, parseOrigin).meta({ 'x-type': 'origin' })
}

/** A canonical path that is one path: no `*`. */
export function onePath(example: string) {
  return parsed(`a canonical path such as ${example}`, (value) =>
    ownsBelow(value) ? undefined : parseRoutePath(value),
  )
}

export const filePath = nonEmpty("a file's path").meta({ 'x-type': 'file path' })

export const addressBlock = checked('an IP address or a CIDR block such as 10.0.0.0/8', isAddressBlock)

export const localName = matching('a name of letters, digits, - and _ that begins with a letter', /^[a-z][\w-]{0,62}$/i)

const STORE_ADDRESS =
  'memory, sqlite:PATH, redis://HOST, rediss://HOST, redis+cluster://H1,H2, redis+sentinel://H1,H2/MASTER or ' +
  'postgres://USER@HOST/DATABASE'

export const storeAddress = parsed(STORE_ADDRESS, parseStore).meta({ 'x-type': 'address of a store' })

/** `any`, or a list of what may be asked for; an empty list refuses the parameter. */
export function allowedValues(initial: 'any' | string[]) {
  const expected = 'any, or a list of the values allowed'
  const list = z.array(nonEmpty('a value that is not empty'))
  return z.union([z.literal('any', expected), list], expected).default(initial)
}
