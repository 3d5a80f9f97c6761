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
  readonly createdAt: EpochSeconds
  /** When the tokens should be renewed: before they end, by a margin that fits their life. */
  readonly refreshDueAt: EpochSeconds
  /** Fixed at login; nothing extends it. */
  readonly absoluteEndAt: EpochSeconds
}

export interface SessionLimits {
  /** Time without a request after which the session ends. */
  readonly idleSeconds: number
  /** Time after login at which the session ends, used or not. */
  readonly absoluteSeconds: number
}

export type SessionState =
  | { readonly kind: 'active'; readonly endsAt: EpochSeconds }
  | { readonly kind: 'ended'; readonly because: 'idle' | 'absolute' | 'realm' }

/** When the realm's own limits end the session: with its refresh token, or without one with the access token. */
export function realmEndAt(tokens: TokenSet): EpochSeconds {
  if (tokens.refreshToken === null) return tokens.accessTokenExpiresAt
  return tokens.refreshTokenExpiresAt ?? Number.POSITIVE_INFINITY
}

/** Two thirds of a short life, or `marginSeconds` before the end of a long one. */
export function refreshDueAt(tokens: TokenSet, receivedAt: EpochSeconds, marginSeconds: number): EpochSeconds {
  const lifeSeconds = Math.max(0, tokens.accessTokenExpiresAt - receivedAt)
  return tokens.accessTokenExpiresAt - Math.min(marginSeconds, lifeSeconds / 3)
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
  return { kind: 'active', endsAt: Math.min(idleEnd, session.absoluteEndAt, realmEnd) }
}
