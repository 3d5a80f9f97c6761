// What two servers, or one on two days, answer alike: placeholders for ids, times, tokens and generated secrets, and an
// order of its own for lists, because Keycloak's is that of a hash table.
import type { Answer, Exchange } from './exchange.ts'

export type Kept = Map<string, string>

const HEADERS = ['location', 'content-type', 'www-authenticate', 'allow', 'retry-after']
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/
const SECONDS = /^[12]\d{9}$/
const GENERATED_SECRET = /^[A-Za-z0-9]{86}$/
const PLACE_IN_BODY = /at line 1 column \d+/
const MILLISECONDS_FIELDS = new Set(['createdTimestamp'])

export function plainAnswer(
  { status, headers }: Response,
  body: unknown,
  { fields, at }: Exchange,
  kept: Kept,
): Answer {
  if (fields?.length === 0) return status
  const told = HEADERS.flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [[name, plainText(value, kept)] as const]
  })
  return {
    status,
    headers: Object.fromEntries(told),
    ...(body === undefined ? {} : { body: plain(pick(at === undefined ? body : valueAt(body, at), fields), kept) }),
  }
}

/** `0.id`, step by step. */
export function valueAt(body: unknown, place: string): unknown {
  return place.split('.').reduce<unknown>((part, step) => (part as Readonly<Record<string, unknown>>)?.[step], body)
}

function pick(body: unknown, fields: readonly string[] | undefined): unknown {
  if (fields === undefined || typeof body !== 'object' || body === null) return body
  if (Array.isArray(body)) return body.map((one) => pick(one, fields))
  return Object.fromEntries(Object.entries(body).filter(([name]) => fields.includes(name)))
}

function plain(value: unknown, kept: Kept): unknown {
  if (typeof value === 'string') return plainText(value, kept)
  if (Array.isArray(value)) return value.map((one) => plain(one, kept)).toSorted(byText)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([name, part]) => [name, plainField(name, part, kept)]))
}

function plainField(name: string, value: unknown, kept: Kept): unknown {
  if (MILLISECONDS_FIELDS.has(name)) return 0
  // Counted from the moment of the answer, which may be in the next second.
  if (name === 'expires_in' && typeof value === 'number') return Math.ceil(value / 10) * 10
  if (name === 'scope' && typeof value === 'string') return value.split(' ').toSorted().join(' ')
  return plain(value, kept)
}

function byText(one: unknown, other: unknown): number {
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)]
  if (a === b) return 0
  return a < b ? -1 : 1
}

function plainText(text: string, kept: Kept): string {
  if (SECONDS.test(text)) return '{seconds}'
  let plainer = text
  // Longer ones first: one may hold another.
  for (const [name, value] of [...kept].toSorted(([, one], [, other]) => other.length - one.length)) {
    if (value !== '') plainer = plainer.replaceAll(value, `{${name}}`)
  }
  if (JWT.test(plainer)) return '{token}'
  if (GENERATED_SECRET.test(plainer)) return `{secret of ${plainer.length} characters}`
  return plainer.replaceAll(UUID, '{id}').replace(PLACE_IN_BODY, 'at {place}')
}
