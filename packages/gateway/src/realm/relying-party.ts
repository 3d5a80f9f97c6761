// One realm, seen by us as its relying party.
import type { EpochSeconds } from '../kernel/time.ts'
import type { LogoutToken } from './logout-token.ts'
import type { IdTokenClaims, Roles, TokenSet } from './token-set.ts'

/** The parameters of an authorization request beyond those every request has; already allow-listed. */
export interface AuthorizationRequest {
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** Extra parameters by wire name (`prompt`, `max_age`, `login_hint`, `kc_idp_hint`, …). */
  readonly parameters: Readonly<Record<string, string>>
}

export interface CodeRedemption {
  readonly code: string
  readonly redirectUri: string
  readonly codeVerifier: string
  readonly nonce: string
  /** Seconds; set when the request asked for `max_age`. Then `auth_time` is judged in the token. */
  readonly maxAgeSeconds: number | null
  /** Acceptable `acr` values when the request asked for some; empty when it did not. Judged in the token. */
  readonly acrValues: readonly string[]
}

export interface Redeemed {
  readonly tokens: TokenSet
  readonly claims: IdTokenClaims
  readonly roles: Roles
  /** What the access token says about the person beyond roles, such as `scope` and `groups`; empty for an opaque one. */
  readonly accessClaims: Readonly<Record<string, unknown>>
}

/** Who the tokens must belong to when they are refreshed. */
export interface RefreshSubject {
  readonly issuer: string
  readonly subject: string
}

export type RefreshResult =
  /**
   * `claims` is null when the ID token was absent, invalid, or no key for it could be had: keep the old claims.
   * A null refresh or ID token in `tokens` means that no new one came: keep the old (RFC 6749 section 6).
   */
  | {
      readonly kind: 'refreshed'
      readonly tokens: TokenSet
      readonly claims: IdTokenClaims | null
      readonly roles: Roles
      readonly accessClaims: Readonly<Record<string, unknown>>
    }
  /**
   * 400 `invalid_grant`: these tokens are over. `isEnd`: by its words the realm's session is as well, or the person may
   * have none; otherwise it may live on.
   */
  | { readonly kind: 'rejected'; readonly because: string; readonly isEnd: boolean }
  /** A verified ID token named another issuer or subject: the session is over. */
  | { readonly kind: 'foreign' }
  /** Anything else: the session stays. `mayRepeat` after a network error or a 5xx only. */
  | {
      readonly kind: 'unavailable'
      readonly because: string
      readonly mayRepeat: boolean
      readonly retryAfterSeconds: number | null
      /** A newer refresh token that came with an answer of no other use; keep it, the old one may be spent. */
      readonly refreshToken?: string
    }

/** An access token that was obtained for one use. */
export interface ObtainedToken {
  readonly accessToken: string
  readonly expiresAt: EpochSeconds
  /** Space-separated; null when the realm told none. */
  readonly scope: string | null
}

export type ObtainResult =
  | { readonly kind: 'token'; readonly token: ObtainedToken }
  /** What was presented is dead: a subject token (400 "Invalid token"), or an assertion used before. Try once more with a new one. */
  | { readonly kind: 'subject-dead' }
  /**
   * The realm refuses it, and will again. `forbidden`: this person may not have it (403). `misconfigured`: nobody can
   * until a switch at the realm is set (502). `because` is for operators: which switch, on which client.
   */
  | { readonly kind: 'refused'; readonly blame: 'forbidden' | 'misconfigured'; readonly because: string }
  | { readonly kind: 'unavailable'; readonly because: string; readonly retryAfterSeconds: number | null }

export interface TokenExchangeRequest {
  /** An access token. */
  readonly subjectToken: string
  readonly audience: string
  /** Optional scopes asked for in the same request: Keycloak's audience alone needs a client role of the person there. */
  readonly scopes: readonly string[]
}

export type RealmReadiness = { readonly kind: 'ready' } | { readonly kind: 'unready'; readonly because: string }

export interface RelyingParty {
  /** The local name of the realm, as in the configuration. */
  readonly realm: string
  readonly issuer: string
  /** Throws `ERR_REALM_UNREACHABLE` while discovery has not succeeded yet. */
  buildAuthorizationUrl(request: AuthorizationRequest): Promise<URL>
  /** True when the realm announces RFC 9207: an answer without `iss` is then refused. */
  announcesIssuer(): Promise<boolean>
  /** Sends the code exactly once. Throws `ERR_LOGIN_CODE_REJECTED`, `ERR_ID_TOKEN_INVALID`, `ERR_LOGIN_ACR_INSUFFICIENT`, `ERR_REALM_…`. */
  redeemCode(redemption: CodeRedemption): Promise<Redeemed>
  /** Sends the refresh token exactly once. Never throws for what the realm did or failed to do. */
  refresh(refreshToken: string, subject: RefreshSubject): Promise<RefreshResult>
  /** RFC 8693. The issued token is judged: type, audience. Sent once. Never throws for what the realm did. */
  exchangeToken(request: TokenExchangeRequest): Promise<ObtainResult>
  /** RFC 6749 section 4.4: a token of our own client. Never throws for what the realm did. */
  requestClientToken(scopes: readonly string[]): Promise<ObtainResult>
  /** RFC 7523 section 2.1: `assertion` is a token of another realm for this one; each is used once. Never throws for what the realm did. */
  redeemAssertion(assertion: string, scopes: readonly string[]): Promise<ObtainResult>
  /**
   * RFC 7662: the claims of a live token, null for a dead one. Throws `ERR_REALM_UNREACHABLE`, `ERR_REALM_TIMEOUT`,
   * `ERR_REALM_CLIENT_REJECTED`.
   */
  introspect(token: string): Promise<Readonly<Record<string, unknown>> | null>
  /**
   * What the realm says by a logout token of its own. Throws `ERR_LOGOUT_TOKEN_INVALID`, and `ERR_REALM_…` when no key of
   * the realm was ever had.
   * @see OpenID Connect Back-Channel Logout 1.0 section 2.6
   */
  verifyLogoutToken(token: string): Promise<LogoutToken>
  /** For whoever reads the realm's public documents by their public addresses: asks through our own connection and back channel. */
  readonly fetch: typeof globalThis.fetch
  /** Ends the realm's session (`POST /logout` with the refresh token). True when the realm confirmed it. Never throws. */
  endSession(refreshToken: string): Promise<boolean>
  /** The end-session redirect, or null when the realm has none or has never been reached. */
  buildEndSessionUrl(request: {
    readonly idTokenHint: string | null
    readonly postLogoutRedirectUri: string
    readonly state: string
  }): URL | null
  readiness(): RealmReadiness
  /** The realm's clock minus ours, from its Date header or a fresh ID token; 0 until known. */
  clockSkewSeconds(): number
  /** The moment up to which discovery is not repeated; for tests and health. */
  metadataExpiresAt(): EpochSeconds
  /** Begins discovery and its renewal in the background. Never throws. */
  start(): void
  close(): Promise<void>
}
