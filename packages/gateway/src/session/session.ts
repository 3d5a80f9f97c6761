// What a session is and when it ends. No I/O and no clock: `now` is always an argument.
import type { EpochSeconds } from '../kernel/time.ts'
import type { Roles, TokenSet } from '../realm/token-set.ts'

export const SESSION_FORMAT = 1

/** What the store keeps, sealed. */
export interface Session {
  readonly format: typeof SESSION_FORMAT
  /** The local name of the realm, as in the configuration. */
  readonly realm: string
  readonly issuer: string
  readonly subject: string
  /** The realm's own session (`sid`); several of ours may share it. Never leaves the gateway. */
  readonly sid: string | null
  /** The session's public handle: what others see as `sid`. It opens nothing. */
  readonly handle: string
  readonly tokens: TokenSet
  /** The claims of the newest ID token that could be verified. `/auth/user` picks those a page may see. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly roles: Roles
  /** Claims of the newest access token that say more about the person than `claims` does, such as `scope`. */
  readonly accessClaims: Readonly<Record<string, unknown>>
  /** Tokens of second realms the person has logged in to from this session, by the realm's local name. */
  readonly secondLogins: Readonly<Record<string, SecondLogin>>
  readonly device: Device
  /** Set while the realm refuses to renew its tokens: it opens nothing, until a silent login takes its place. */
  readonly lost: LostTokens | null
  /** When it last took the place of a session whose tokens were lost; null for never. */
  readonly healedAt: EpochSeconds | null
  readonly createdAt: EpochSeconds
  /** When the tokens should be renewed: before they end, by a margin that fits their life. */
  readonly refreshDueAt: EpochSeconds
  /** Fixed at login; nothing extends it. */
  readonly absoluteEndAt: EpochSeconds
}

/** What the browser said of itself at login, so that people recognise their sessions. Proves nothing. */
export interface Device {
  readonly userAgent: string | null
  /** As much of it as the configuration keeps. */
  readonly address: string | null
}

export interface LostTokens {
  readonly at: EpochSeconds
  /** The realm's reason, for the log. */
  readonly because: string
}

/** What a login at a second realm left in the session. It never changes who is logged in. */
export interface SecondLogin {
  readonly issuer: string
  readonly subject: string
  readonly tokens: TokenSet
  /** The realm's scopes of the newest access token, space-separated; null when it told none. */
  readonly scope: string | null
  readonly refreshDueAt: EpochSeconds
}

export interface SessionLimits {
  /** Time without a request after which the session ends. */
  readonly idleSeconds: number
  /** Time after login at which the session ends, used or not. */
  readonly absoluteSeconds: number
}

export type SessionState =
  | { readonly kind: 'active'; readonly endsAt: EpochSeconds }
  | { readonly kind: 'lost' }
  | { readonly kind: 'ended'; readonly because: 'idle' | 'absolute' | 'realm' }

/** When the realm's own limits end the session: with its refresh token, or without one with the access token. */
export function realmEndAt(tokens: TokenSet): EpochSeconds {
  if (tokens.refreshToken === null) return tokens.accessTokenExpiresAt
  return tokens.refreshTokenExpiresAt ?? Number.POSITIVE_INFINITY
}

/** Two thirds of a short life, or `marginSeconds` before the end of a long one. */
export function refreshDueAt(
  tokens: Pick<TokenSet, 'accessTokenExpiresAt'>,
  receivedAt: EpochSeconds,
  marginSeconds: number,
): EpochSeconds {
  const lifeSeconds = Math.max(0, tokens.accessTokenExpiresAt - receivedAt)
  return tokens.accessTokenExpiresAt - Math.min(marginSeconds, lifeSeconds / 3)
}

/** The claims of an access token that say something else than those of the ID token, which are kept beside it. */
export function distinctClaims(
  accessClaims: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const differs = ([name, value]: [string, unknown]) => JSON.stringify(value) !== JSON.stringify(claims[name])
  return Object.fromEntries(Object.entries(accessClaims).filter(differs))
}

export type PersonClaims = Pick<Session, 'claims' | 'accessClaims'>

/** A claim about the person: the access token's where it differs, else the ID token's; undefined when neither has it. */
export function claimOf(session: PersonClaims, name: string): unknown {
  if (Object.hasOwn(session.accessClaims, name)) return session.accessClaims[name]
  return Object.hasOwn(session.claims, name) ? session.claims[name] : undefined
}

/** Names of realms come from the configuration and may be any property's. */
export function secondLoginOf(session: Session, realm: string): SecondLogin | null {
  return Object.hasOwn(session.secondLogins, realm) ? (session.secondLogins[realm] ?? null) : null
}

export function sessionState(
  session: Session,
  lastUsedAt: EpochSeconds,
  limits: SessionLimits,
  now: EpochSeconds,
): SessionState {
  const idleEnd = lastUsedAt + limits.idleSeconds
  const realmEnd = realmEndAt(session.tokens)
  if (now >= session.absoluteEndAt) return { kind: 'ended', because: 'absolute' }
  if (now >= idleEnd) return { kind: 'ended', because: 'idle' }
  if (now >= realmEnd) return { kind: 'ended', because: 'realm' }
  if (session.lost !== null) return { kind: 'lost' }
  return { kind: 'active', endsAt: Math.min(idleEnd, session.absoluteEndAt, realmEnd) }
}
