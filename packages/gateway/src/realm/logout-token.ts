// Whether a token says, by the realm's own signature and just now, that sessions of ours have ended: OpenID Connect
// Back-Channel Logout 1.0 section 2.6 as a table. Never takes any other kind of token for one.
import { decodeJwt } from 'jose'
import { GatewayError } from '../kernel/errors.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import { isObject } from './json.ts'
import { verifyJws } from './jws.ts'
import type { KeySet } from './key-set.ts'

/** What a verified logout token says. At least one of `subject` and `sid` is there. */
export interface LogoutToken {
  readonly issuer: string
  readonly tokenId: string
  readonly issuedAt: EpochSeconds
  readonly subject: string | null
  /** Of the realm's own session; null: all of the subject's sessions are meant. */
  readonly sid: string | null
  /** Keycloak's event `revoke_offline_access`: refresh tokens that outlive the session are meant as well. */
  readonly revokesOfflineAccess: boolean
}

export interface LogoutTokenExpectation {
  readonly issuer: string
  readonly clientId: string
  readonly clockToleranceSeconds: number
  readonly now: EpochSeconds
}

export type LogoutTokenFault = 'iss' | 'aud' | 'typ' | 'iat' | 'exp' | 'events' | 'nonce' | 'jti' | 'sub' | 'sid'

/** Seconds since its issue after which a logout token is an old one played again; Keycloak gives it two minutes. */
export const LOGOUT_TOKEN_MAX_AGE_SECONDS = 180
const TOKEN_MAX_CHARACTERS = 8192
const SUBJECT_MAX_CHARACTERS = 255
const BACK_CHANNEL_EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const REVOKE_OFFLINE_EVENT = 'revoke_offline_access'

type UnknownClaims = Readonly<Record<string, unknown>>

function isInstant(value: unknown): value is EpochSeconds {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}

function isFresh(iat: unknown, { now, clockToleranceSeconds }: LogoutTokenExpectation): boolean {
  if (!isInstant(iat) || iat > now + clockToleranceSeconds) return false
  return iat >= now - LOGOUT_TOKEN_MAX_AGE_SECONDS - clockToleranceSeconds
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function audiencesOf({ aud }: UnknownClaims): readonly unknown[] {
  return Array.isArray(aud) ? aud : [aud]
}

function saysLogout(events: unknown): boolean {
  return isObject(events) && Object.hasOwn(events, BACK_CHANNEL_EVENT) && isObject(events[BACK_CHANNEL_EVENT])
}

const CHECKS: ReadonlyArray<readonly [LogoutTokenFault, (c: UnknownClaims, e: LogoutTokenExpectation) => boolean]> = [
  ['iss', (c, e) => c.iss === e.issuer],
  ['aud', (c, e) => audiencesOf(c).includes(e.clientId)],
  // Keycloak says in the claims, too, what kind of token it is; the same keys sign ID and access tokens.
  ['typ', (c) => c.typ === undefined || c.typ === 'Logout'],
  ['iat', (c, e) => isFresh(c.iat, e)],
  // Realms from before the specification was final send none; the age alone bounds theirs.
  ['exp', (c, e) => c.exp === undefined || (isInstant(c.exp) && c.exp > e.now - e.clockToleranceSeconds)],
  ['events', (c) => saysLogout(c.events)],
  // An ID token has one: this keeps the two apart (section 2.4).
  ['nonce', (c) => !Object.hasOwn(c, 'nonce')],
  ['jti', (c) => isText(c.jti)],
  ['sub', (c) => c.sub === undefined || (isText(c.sub) && c.sub.length <= SUBJECT_MAX_CHARACTERS)],
  ['sid', (c) => c.sid === undefined || isText(c.sid)],
  ['sub', (c) => c.sub !== undefined || c.sid !== undefined],
]

export type LogoutTokenVerdict =
  | { readonly kind: 'valid'; readonly token: LogoutToken }
  | { readonly kind: 'invalid'; readonly reason: LogoutTokenFault }

/** The claims of a token whose signature is good, as ours, or the first rule they break. No clock. */
export function validateLogoutToken(claims: UnknownClaims, expected: LogoutTokenExpectation): LogoutTokenVerdict {
  const broken = CHECKS.find(([, holds]) => !holds(claims, expected))
  if (broken !== undefined) return { kind: 'invalid', reason: broken[0] }
  return {
    kind: 'valid',
    token: {
      issuer: expected.issuer,
      tokenId: String(claims.jti),
      issuedAt: Number(claims.iat),
      subject: isText(claims.sub) ? claims.sub : null,
      sid: isText(claims.sid) ? claims.sid : null,
      revokesOfflineAccess: isObject(claims.events) && claims.events[REVOKE_OFFLINE_EVENT] === true,
    },
  }
}

/**
 * Throws `ERR_LOGOUT_TOKEN_INVALID` with the reason, and `ERR_REALM_UNREACHABLE`, `ERR_REALM_TIMEOUT`,
 * `ERR_REALM_METADATA_INVALID` when no key was ever had.
 */
export async function verifyLogoutToken(
  token: string,
  algorithms: readonly string[],
  keySet: KeySet,
  expected: LogoutTokenExpectation,
): Promise<LogoutToken> {
  if (token.length > TOKEN_MAX_CHARACTERS) throw invalid('size')
  const jws = await verifyJws(token, 'logout+jwt', algorithms, keySet)
  if (jws.kind === 'no-key') throw invalid('key')
  if (jws.kind === 'invalid') throw invalid(jws.reason)
  const verdict = validateLogoutToken(jws.claims, expected)
  if (verdict.kind === 'invalid') throw invalid(verdict.reason)
  return verdict.token
}

function invalid(reason: string): GatewayError {
  return new GatewayError('ERR_LOGOUT_TOKEN_INVALID', { reason })
}

/** Whom a token claims to be from and for: nothing of it is proven. Null when it is no token. */
export function peekLogoutToken(
  token: string,
): { readonly issuer: unknown; readonly audiences: readonly unknown[] } | null {
  if (token.length > TOKEN_MAX_CHARACTERS) return null
  try {
    const claims = decodeJwt(token)
    return { issuer: claims.iss, audiences: audiencesOf(claims) }
  } catch {
    return null
  }
}
