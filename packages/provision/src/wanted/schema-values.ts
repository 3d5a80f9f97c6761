// The kinds of value a key of our sections can have. Every message says what was expected and never repeats the value,
// which may be a secret.
import { z } from 'zod'

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

function parseSeconds(value: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(value) ?? []
  const seconds = UNIT_SECONDS[unit]
  return seconds === undefined ? undefined : Number(count) * seconds
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

export function matching(expected: string, pattern: RegExp) {
  return z.string(expected).refine((value) => pattern.test(value), expected)
}

/** Seconds, from `30s`, `30m`, `12h` or `7d`. */
export function duration(example: string, min: string, max: string) {
  const [minSeconds = 0, maxSeconds = 0] = [parseSeconds(min), parseSeconds(max)]
  return parsed(`a duration such as ${example} (${min} to ${max})`, (value) => {
    const seconds = parseSeconds(value)
    return seconds !== undefined && seconds >= minSeconds && seconds <= maxSeconds ? seconds : undefined
  }).meta({ 'x-type': `duration, ${min} to ${max}`, pattern: String.raw`^\d{1,9}[smhd]$|\$\{` })
}

export function wholeNumber(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`
  return z.int(expected).min(min, expected).max(max, expected)
}

export function nonEmpty(expected: string) {
  return z.string(expected).min(1, expected)
}

export const flag = z.boolean('true or false')

/** The names of Keycloak's clients, roles, scopes and mappers. */
export function name(expected: string) {
  return matching(expected, /^[^\s\p{Cc}]{1,255}$/u)
}

export const clientId = name('a client id')

export const filePath = nonEmpty("a file's path").meta({ 'x-type': 'file path' })

/** A URL as it is, without credentials and fragment. */
export function url(expected: string) {
  return z.string(expected).refine((value) => isPlainUrl(value), expected)
}

function isPlainUrl(value: string): boolean {
  const parts = URL.parse(value)
  if (parts === null || !/^https?:$/.test(parts.protocol)) return false
  return parts.username === '' && parts.password === '' && !/[#\s\\]/.test(value)
}

/** Custom schemes are for native applications; `*` alone would let everybody in. */
export const redirectUri = z
  .string()
  .refine((value) => /^[a-z][a-z\d+.-]*:\/?\/?[^\s#*]+\*?$/i.test(value) && !/^(javascript|data):/i.test(value), {
    message: 'a URI such as https://app.example.com/callback; one * at its end at most',
  })

export const origin = matching('an origin such as https://app.example.com, or +', /^(\+|https?:\/\/[^\s/?#@\\]+)$/i)
