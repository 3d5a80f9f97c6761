// The tokens of one person in one realm, and what they say about themselves. No I/O and no clock.
import type { EpochSeconds } from '../kernel/time.ts'

export interface TokenSet {
  readonly accessToken: string
  readonly accessTokenExpiresAt: EpochSeconds
  /** Null when the realm issued none: the session then ends with the access token. */
  readonly refreshToken: string | null
  /** Null when the realm told no end (an offline token). */
  readonly refreshTokenExpiresAt: EpochSeconds | null
  /** The newest ID token, kept for `id_token_hint`. */
  readonly idToken: string | null
}

/** Claims of a verified ID token (OpenID Connect Core 1.0 section 2); others stay reachable by name. */
export interface IdTokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly exp: EpochSeconds
  readonly iat: EpochSeconds
  readonly sid?: string
  readonly auth_time?: EpochSeconds
  readonly acr?: string
  readonly nonce?: string
  readonly [claim: string]: unknown
}

export interface Roles {
  readonly realmRoles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
}
