// What a route may send upstream, on whose behalf, and what comes of asking for it.
import type { ErrorCode } from '../kernel/errors.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { ObtainedToken } from '../realm/relying-party.ts'
import type { LiveSession } from '../session/live-session.ts'

export interface InternalCredential {
  readonly kind: 'internal'
  readonly audience: string
  /** Realm roles told to the service. */
  readonly roles: 'all' | readonly string[]
  /** Ids of the clients whose roles are told. */
  readonly clientRoles: readonly string[]
  /** Names of the claims told. */
  readonly claims: readonly string[]
}

export type Credential =
  | { readonly kind: 'none' | 'accessToken' }
  | InternalCredential
  | { readonly kind: 'exchange'; readonly audience: string; readonly scopes: readonly string[] }
  | { readonly kind: 'serviceAccount'; readonly scopes: readonly string[] }
  /** A token of a second realm, by its local name. */
  | { readonly kind: 'realm'; readonly realm: string }

/** On whose behalf: a session's person, or the caller with a verified bearer token. */
export interface Beneficiary {
  /** The local name of the realm that vouches for them. */
  readonly realm: string
  readonly issuer: string
  readonly subject: string
  readonly clientId: string | null
  /** The session's public handle; null for a bearer token. */
  readonly handle: string | null
  readonly realmRoles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
  /** Undefined when absent. */
  readonly claim: (name: string) => unknown
  /** Their own access token, alive now. */
  readonly accessToken: string
  readonly accessTokenExpiresAt: EpochSeconds
  /** Null for a bearer token. */
  readonly live: LiveSession | null
  /**
   * What was obtained for them is remembered by this object alone and goes with it: the tokens of a session, or one
   * verified token. Renewed tokens, with other roles perhaps, are another object; a second login leaves them as they are.
   */
  readonly anchor: object
}

/** What a token of theirs is had with, and where it is remembered. */
export type TokenOwner = Pick<Beneficiary, 'realm' | 'accessToken' | 'accessTokenExpiresAt' | 'live' | 'anchor'>

/** `authorization`: a whole header value, or null for none. */
export interface ObtainedHeader {
  readonly kind: 'obtained'
  readonly authorization: string | null
}

export interface Refusal {
  readonly kind: 'refused'
  readonly code: ErrorCode
  /** For the log. */
  readonly because: string
  /** 0 where waiting does not help. */
  readonly retryAfterSeconds: number
}

/** The person has to log in to this second realm first. */
export interface SecondLoginRequired {
  readonly kind: 'second-login'
  readonly realm: string
}

export type Obtained = ObtainedHeader | Refusal | SecondLoginRequired

export interface HeldToken {
  readonly kind: 'token'
  readonly token: ObtainedToken
  /** The header it goes into, made once. */
  readonly header: ObtainedHeader
}

/** As `Obtained`, for who needs to know more of the token than its header. */
export type Holding = HeldToken | Refusal | SecondLoginRequired

/** A token this close to its end might not survive the way to the upstream. */
const USABLE_SECONDS = 1

/** Until when a token may be sent. */
export function usableUntil(expiresAt: EpochSeconds): EpochSeconds {
  return expiresAt - USABLE_SECONDS
}

export function holdToken(token: ObtainedToken): HeldToken {
  return { kind: 'token', token, header: { kind: 'obtained', authorization: `Bearer ${token.accessToken}` } }
}

/** Whoever has this session. */
export function ownerOf(live: LiveSession): TokenOwner {
  const { realm, tokens } = live.session
  const { accessToken, accessTokenExpiresAt } = tokens
  return { realm, accessToken, accessTokenExpiresAt, live, anchor: tokens }
}
