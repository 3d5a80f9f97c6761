// The answer of a token endpoint (RFC 6749 section 5). No I/O and no clock. The refresh token is taken out before
// anything is judged: it may be the only one that still works.
import type { EpochSeconds } from '../kernel/time.ts'
import { decodeClaims } from './access-token.ts'
import { isJsonMediaType, parseJsonObject } from './json.ts'
import type { RealmAnswer } from './realm-fetch.ts'
import type { TokenSet } from './token-set.ts'

const RETRY_AFTER_MAX_SECONDS = 5
/** How long an access token is taken to live when nobody says. */
const LIFETIME_WHEN_UNTOLD_SECONDS = 60
const DESCRIPTION_MAX_CHARACTERS = 160
const WORD_MAX_CHARACTERS = 24

export type TokenResponse =
  | {
      readonly kind: 'tokens'
      readonly tokens: TokenSet
      readonly scope: string | null
      /** Of a token exchange (RFC 8693 section 2.2.1). */
      readonly issuedTokenType: string | null
    }
  /** A 200 that is no token response. `refreshToken` is the one it carried nevertheless. */
  | { readonly kind: 'unusable'; readonly because: string; readonly refreshToken: string | null }

type Body = Readonly<Record<string, unknown>>

function nonEmptyString(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function seconds(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : null
}

/** Counted from when it was asked for. Realms tell whole seconds: it may be over up to one earlier, as its `exp` says. */
function accessTokenEnd(body: Body, accessToken: string, sentAt: EpochSeconds): EpochSeconds {
  const claims = decodeClaims(accessToken)
  const ownSeconds = seconds(Number(claims?.exp) - Number(claims?.iat))
  const end = sentAt + (seconds(body.expires_in) ?? ownSeconds ?? LIFETIME_WHEN_UNTOLD_SECONDS)
  const told = Number(claims?.exp)
  return told < end && told > end - 1 ? told : end
}

function findFault(body: Body | null, answer: RealmAnswer): string | null {
  if (!isJsonMediaType(answer.mediaType)) return 'the token answer is not JSON'
  if (body === null) return 'the token answer is broken JSON'
  if (nonEmptyString(body.access_token) === null) return 'the token answer has no access token'
  // Compared without case (RFC 6749 section 5.1).
  const isBearer = typeof body.token_type === 'string' && body.token_type.toLowerCase() === 'bearer'
  return isBearer ? null : 'the token answer is of an unknown token type'
}

/** Reads a 200. Lifetimes count from the moment the request was sent, by our clock. */
export function parseTokenResponse(answer: RealmAnswer): TokenResponse {
  const body = parseJsonObject(answer.text)
  const refreshToken = nonEmptyString(body?.refresh_token)
  const fault = findFault(body, answer)
  const accessToken = nonEmptyString(body?.access_token)
  if (fault !== null || body === null || accessToken === null) {
    return { kind: 'unusable', because: fault ?? 'the token answer is empty', refreshToken }
  }
  const refreshSeconds = refreshToken === null ? null : seconds(body.refresh_expires_in)
  const tokens = {
    accessToken,
    accessTokenExpiresAt: accessTokenEnd(body, accessToken, answer.sentAt),
    refreshToken,
    refreshTokenExpiresAt: refreshSeconds === null ? null : answer.sentAt + refreshSeconds,
    idToken: nonEmptyString(body.id_token),
  }
  const issuedTokenType = nonEmptyString(body.issued_token_type)
  return { kind: 'tokens', tokens, scope: nonEmptyString(body.scope), issuedTokenType }
}

export interface TokenError {
  /** The OAuth error code; null when the answer is no OAuth error. */
  readonly error: string | null
  /** For a log: code and description, without anything that could be a token. */
  readonly because: string
}

// A realm could repeat what it was sent: words longer than any in a sentence are left out of logs.
function readableWords(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > DESCRIPTION_MAX_CHARACTERS) return null
  return /^[\w .,'()-]+$/.test(value) && value.split(' ').every((word) => word.length <= WORD_MAX_CHARACTERS)
    ? value
    : null
}

/** Reads anything but a 200. */
export function parseTokenError(answer: RealmAnswer): TokenError {
  const body = answer.mediaType === 'application/json' ? parseJsonObject(answer.text) : null
  const error = typeof body?.error === 'string' && /^[a-z_]{1,40}$/.test(body.error) ? body.error : null
  const description = readableWords(body?.error_description)
  const because = [answer.status, error, description === null ? null : `(${description})`]
  return { error, because: because.filter((part) => part !== null).join(' ') }
}

/** As the realm wrote it: to be compared, never told, since it could repeat a token. Empty when there is none. */
export function parseErrorDescription(answer: RealmAnswer): string {
  return nonEmptyString(parseJsonObject(answer.text)?.error_description) ?? ''
}

/** The realm's `Retry-After`, at most a few seconds: a starting Keycloak tells how long it has been starting. */
export function parseRetryAfter(value: string | null, now: EpochSeconds): number | null {
  if (value === null) return null
  const told = /^\d+$/.test(value.trim()) ? Number(value) : Date.parse(value) / 1000 - now
  return Number.isNaN(told) ? null : Math.min(Math.max(Math.ceil(told), 1), RETRY_AFTER_MAX_SECONDS)
}
