// The life of a session from login to end: found by its cookie, kept warm in memory, ended once.
import type { SessionEnd } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { Roles, TokenSet } from '../realm/token-set.ts'
import type { Session } from './session.ts'
import type { ReplaceOutcome } from './session-store.ts'

/** A session as a replica holds it in memory. Replaced as a whole when the record changes. */
export interface LiveSession {
  /** SHA-256 of the session id, base64url: the record's key. */
  readonly key: string
  readonly version: number
  readonly session: Session
  /** `Bearer ` and the access token, made once. */
  readonly authorization: string
  /** The last use this replica knows of. */
  lastUsedAt: EpochSeconds
}

export type SessionLookup =
  | { readonly kind: 'active'; readonly live: LiveSession }
  | { readonly kind: 'none'; readonly because: 'absent' | 'unknown' | 'idle' | 'absolute' | 'realm' | 'unreadable' }

export interface NewSession {
  readonly realm: string
  readonly issuer: string
  readonly subject: string
  readonly sid: string | null
  readonly tokens: TokenSet
  readonly claims: Readonly<Record<string, unknown>>
  readonly roles: Roles
}

export interface SessionLifecycle {
  now(): EpochSeconds
  /** At once when the session is warm. Rejects with `ERR_STORE_UNAVAILABLE`, `ERR_SESSION_UNREADABLE` (the cookie is left alone). */
  find(sessionId: string | undefined): SessionLookup | Promise<SessionLookup>
  /** Counts as activity: moves the idle end. Never awaited. */
  use(live: LiveSession): void
  /** Makes a session under a new random id (256 bits, base64url), which only the answer's cookie will know. */
  open(session: NewSession): Promise<{ readonly sessionId: string; readonly live: LiveSession }>
  /** Reads the record anew, past the memory; undefined when it has gone. */
  reread(live: LiveSession): Promise<LiveSession | undefined>
  /** Writes the next state if nobody else has written since. */
  replace(live: LiveSession, next: Session): Promise<{ readonly outcome: ReplaceOutcome; readonly live: LiveSession }>
  /** Deletes the record and forgets it here; tells the event once. */
  end(live: LiveSession, by: SessionEnd, because: string): Promise<void>
}
