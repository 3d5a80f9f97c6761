// What a token must say to be an access token for this service, as tables: RFC 9068 section 4 for the gateway's, the
// words of Keycloak for the realm's. No I/O, no clock, no cryptography.
import type { BearerFault } from './bearer-error.ts'
import type { Claims } from './claims.ts'

export interface TokenExpectation {
  readonly issuer: string
  /** One of them must be in `aud`. */
  readonly audiences: readonly string[]
  readonly clockToleranceSeconds: number
  readonly now: number
}

type Rule = readonly [BearerFault, (claims: Claims, expected: TokenExpectation) => boolean]

/** The year 2286: a later instant is no instant of a token. */
const LAST_INSTANT = 10_000_000_000

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < LAST_INSTANT
}

function isNotAfter(value: unknown, { now, clockToleranceSeconds }: TokenExpectation): boolean {
  return isInstant(value) && value <= now + clockToleranceSeconds
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isAbsentOrText(value: unknown): boolean {
  return value === undefined || isText(value)
}

function isForUs(aud: unknown, { audiences }: TokenExpectation): boolean {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return named.every(isText) && audiences.some((audience) => named.includes(audience))
}

// Members that only other kinds of token have: ID tokens (OpenID Connect Core 1.0), logout tokens (Back-Channel Logout
// 1.0 section 2.4). Their issuer signs them by the same keys.
const OF_OTHER_KINDS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events']

function isOfOtherKind(claims: Claims): boolean {
  return OF_OTHER_KINDS.some((name) => claims[name] !== undefined)
}

/** Proof-of-possession tokens (RFC 9449, RFC 8705): without the proof they are nobody's, so none is taken. */
const NOT_BOUND: Rule = ['bound', (c) => c.cnf === undefined]
const ISSUED_BY_ITS_ISSUER: Rule = ['issuer', (c, e) => c.iss === e.issuer]
const IN_TIME: readonly Rule[] = [
  ['expired', (c, e) => isInstant(c.exp) && c.exp > e.now - e.clockToleranceSeconds],
  ['not-before', (c, e) => c.nbf === undefined || isNotAfter(c.nbf, e)],
]

export const INTERNAL_TOKEN_RULES: readonly Rule[] = [
  ISSUED_BY_ITS_ISSUER,
  ['kind', (c) => c.typ === undefined && !isOfOtherKind(c)],
  NOT_BOUND,
  ['audience', (c, e) => isForUs(c.aud, e)],
  ...IN_TIME,
  ['issued-at', (c, e) => isNotAfter(c.iat, e)],
  ['subject', (c) => isText(c.sub)],
  ['token-id', (c) => isText(c.jti)],
  ['client', (c) => isText(c.client_id)],
]

/** What holds for every access token of the realm, lightweight ones included, which leave out the rest. */
export const SIGNED_REALM_TOKEN_RULES: readonly Rule[] = [
  ISSUED_BY_ITS_ISSUER,
  ['kind', (c) => c.typ === 'Bearer' && !isOfOtherKind(c)],
  NOT_BOUND,
  ...IN_TIME,
  ['issued-at', (c, e) => isNotAfter(c.iat, e)],
]

export const REALM_TOKEN_RULES: readonly Rule[] = [
  ...SIGNED_REALM_TOKEN_RULES,
  ['audience', (c, e) => isForUs(c.aud, e)],
  ['subject', (c) => isText(c.sub)],
  ['client', (c) => isAbsentOrText(c.azp)],
]

function isBearer(value: unknown): boolean {
  return typeof value === 'string' && value.toLowerCase() === 'bearer'
}

/** RFC 7662 section 2.2: the realm answers with claims; Keycloak says the kind in `typ`, others in `token_type`. */
export const INTROSPECTED_TOKEN_RULES: readonly Rule[] = [
  ['inactive', (c) => c.active === true],
  ISSUED_BY_ITS_ISSUER,
  ['kind', (c) => (c.typ === undefined ? isBearer(c.token_type) : c.typ === 'Bearer') && !isOfOtherKind(c)],
  ['bound', (c) => c.token_type === undefined || isBearer(c.token_type)],
  NOT_BOUND,
  ['audience', (c, e) => isForUs(c.aud, e)],
  ...IN_TIME,
  ['subject', (c) => isText(c.sub)],
]

/** The first rule that the claims break; null when they keep all. */
export function findBrokenRule(rules: readonly Rule[], claims: Claims, expected: TokenExpectation): BearerFault | null {
  return rules.find(([, holds]) => !holds(claims, expected))?.[0] ?? null
}

const INTERNAL_TYPES = ['at+jwt']
const REALM_TYPES = ['at+jwt', 'jwt', undefined]

/** `typ` of the header: RFC 9068 section 2.1 for the gateway's tokens; Keycloak writes `JWT` unless told otherwise. */
export function isHeaderTypeOf(kind: 'internal' | 'realm', typ: unknown): boolean {
  if (typ !== undefined && typeof typ !== 'string') return false
  const type = typ?.toLowerCase().replace(/^application\//, '')
  return (kind === 'internal' ? INTERNAL_TYPES : REALM_TYPES).includes(type)
}
