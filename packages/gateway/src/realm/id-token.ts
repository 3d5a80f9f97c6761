// Whether a verified ID token is for us, for this login, and fresh: OpenID Connect Core 1.0 section 3.1.3.7 as a table.
// No I/O and no clock. The signature has been checked before (`jws.ts`).
import { createHash } from 'node:crypto'
import type { EpochSeconds } from '../kernel/time.ts'
import type { IdTokenClaims } from './token-set.ts'

/** Seconds since its issue after which an ID token from a token endpoint is an old one played again. */
const ID_TOKEN_MAX_AGE_SECONDS = 600
const SUBJECT_MAX_CHARACTERS = 255

export interface IdTokenExpectation {
  readonly issuer: string
  readonly clientId: string
  /** Of the token's own header; chooses the hash behind `at_hash`. */
  readonly algorithm: string
  /** The access token that came with it. */
  readonly accessToken: string
  /** Null in a refresh, where none was sent. */
  readonly nonce: string | null
  /** Null when the request did not ask for `max_age`. */
  readonly maxAgeSeconds: number | null
  readonly clockToleranceSeconds: number
  readonly now: EpochSeconds
}

export type IdTokenFault =
  | 'iss'
  | 'sub'
  | 'aud'
  | 'azp'
  | 'exp'
  | 'iat'
  | 'nbf'
  | 'nonce'
  | 'at_hash'
  | 'auth_time'
  | 'sid'
  | 'acr'
  | 'typ'

type UnknownClaims = Readonly<Record<string, unknown>>

function isInstant(value: unknown): value is EpochSeconds {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}

function isNotAfter(value: unknown, { now, clockToleranceSeconds }: IdTokenExpectation): boolean {
  return isInstant(value) && value <= now + clockToleranceSeconds
}

function isYoungerThan(value: unknown, seconds: number, expected: IdTokenExpectation): boolean {
  const { now, clockToleranceSeconds } = expected
  return isNotAfter(value, expected) && Number(value) >= now - seconds - clockToleranceSeconds
}

function isAbsentOrString(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && value !== '')
}

/** The left half of the access token's hash (section 3.1.3.6). */
export function buildAccessTokenHash(accessToken: string, algorithm: string): string {
  const bits = /\d{3}$/.exec(algorithm)?.[0]
  // EdDSA has no digits; Ed25519, its only curve here, hashes by SHA-512.
  const name = bits === undefined || algorithm === 'Ed25519' ? 'sha512' : `sha${bits}`
  const digest = createHash(name).update(accessToken, 'ascii').digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

function isOnlyForUs(aud: unknown, clientId: string): boolean {
  // An audience we do not know could have the token played to us, so there may be none beside us (section 3.1.3.7 rule 3).
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return audiences.length > 0 && audiences.every((audience) => audience === clientId)
}

const CHECKS: ReadonlyArray<readonly [IdTokenFault, (c: UnknownClaims, e: IdTokenExpectation) => boolean]> = [
  ['iss', (c, e) => c.iss === e.issuer],
  ['sub', (c) => typeof c.sub === 'string' && c.sub !== '' && c.sub.length <= SUBJECT_MAX_CHARACTERS],
  ['aud', (c, e) => isOnlyForUs(c.aud, e.clientId)],
  ['azp', (c, e) => c.azp === undefined || c.azp === e.clientId],
  // Keycloak says in the claims what kind of token it is; the same keys sign access and logout tokens.
  ['typ', (c) => c.typ === undefined || c.typ === 'ID'],
  ['exp', (c, e) => isInstant(c.exp) && c.exp > e.now - e.clockToleranceSeconds],
  ['iat', (c, e) => isYoungerThan(c.iat, ID_TOKEN_MAX_AGE_SECONDS, e)],
  ['nbf', (c, e) => c.nbf === undefined || isNotAfter(c.nbf, e)],
  ['nonce', (c, e) => e.nonce === null || c.nonce === e.nonce],
  ['at_hash', (c, e) => c.at_hash === undefined || c.at_hash === buildAccessTokenHash(e.accessToken, e.algorithm)],
  ['auth_time', (c) => c.auth_time === undefined || isInstant(c.auth_time)],
  ['auth_time', (c, e) => e.maxAgeSeconds === null || isYoungerThan(c.auth_time, e.maxAgeSeconds, e)],
  ['sid', (c) => isAbsentOrString(c.sid)],
  ['acr', (c) => isAbsentOrString(c.acr)],
]

export type IdTokenVerdict =
  | { readonly kind: 'valid'; readonly claims: IdTokenClaims }
  | { readonly kind: 'invalid'; readonly reason: IdTokenFault }

/** The claims as ours, or the first rule they break. */
export function validateIdToken(claims: UnknownClaims, expected: IdTokenExpectation): IdTokenVerdict {
  const broken = CHECKS.find(([, holds]) => !holds(claims, expected))
  if (broken !== undefined) return { kind: 'invalid', reason: broken[0] }
  return { kind: 'valid', claims: claims as unknown as IdTokenClaims }
}

/** Whether the realm answered what was asked for; Keycloak may answer even an essential `acr` with a lower one. */
export function isAcrAcceptable(claims: IdTokenClaims, acrValues: readonly string[]): boolean {
  return acrValues.length === 0 || (claims.acr !== undefined && acrValues.includes(claims.acr))
}
