// The life of a session from login to end: found by its cookie, kept warm in memory, ended once.
import { GatewayError } from '../kernel/errors.ts'
import type { Events, SessionEnd } from '../kernel/events.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { Roles, TokenSet } from '../realm/token-set.ts'
import { buildLive, createHotSessions, type WatchedSession } from './hot-sessions.ts'
import type { LiveSession } from './live-session.ts'
import {
  distinctClaims,
  refreshDueAt,
  SESSION_FORMAT,
  type Session,
  type SessionLimits,
  sessionState,
} from './session.ts'
import { createHandle, createSessionId, handleIndex, sessionKey } from './session-id.ts'
import { sealSession } from './session-record.ts'
import type { ReplaceOutcome, SessionStore } from './session-store.ts'

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
  readonly accessClaims: Readonly<Record<string, unknown>>
}

export interface SessionLifecycle {
  now(): EpochSeconds
  /** At once when the session is warm. Rejects with `ERR_STORE_UNAVAILABLE`, `ERR_SESSION_UNREADABLE` (the cookie is left alone). */
  find(sessionId: string | undefined): SessionLookup | Promise<SessionLookup>
  /** By the public handle, for whoever has proved that they may ask. Rejects as `find` does. */
  findByHandle(handle: string): Promise<SessionLookup>
  /** Counts as activity: moves the idle end. Never awaited. */
  use(live: LiveSession): void
  /** Makes a session under a new random id (256 bits, base64url), which only the answer's cookie will know. */
  open(session: NewSession): Promise<{ readonly sessionId: string; readonly live: LiveSession }>
  /** Reads the record anew, past the memory; undefined when it has gone. */
  reread(live: LiveSession): Promise<LiveSession | undefined>
  /** Writes the next state if nobody else has written since. */
  replace(
    live: LiveSession,
    changed: Session,
  ): Promise<{ readonly outcome: ReplaceOutcome; readonly live: LiveSession }>
  /** Deletes the record and forgets it here; tells the event once. */
  end(live: LiveSession, by: SessionEnd, because: string): Promise<void>
}

export interface SessionLifecycleOptions {
  readonly store: SessionStore
  readonly sealer: Sealer
  readonly limits: SessionLimits
  /** How long before its end a token is renewed; a short-lived one is renewed after two thirds of its life. */
  readonly refreshMarginSeconds: number
  readonly cachedSessions: number
  /** After this time a hot session is read again, whatever the change events say. */
  readonly cacheSeconds: number
  readonly events: Events
  /** Called once for each session that has ended here; must not throw. */
  readonly onEnded: (session: Session, by: SessionEnd) => void
}

/** How often the last use is written; more often where a tenth of the idle time is shorter. */
const TOUCH_EVERY_SECONDS = 60
const ABSENT: SessionLookup = { kind: 'none', because: 'absent' }
const UNKNOWN: SessionLookup = { kind: 'none', because: 'unknown' }

export function createSessionLifecycle(options: SessionLifecycleOptions): SessionLifecycle {
  const { store, sealer, limits, events } = options
  const touchSeconds = Math.min(TOUCH_EVERY_SECONDS, limits.idleSeconds / 10)
  const hot = createHotSessions({ ...options, touchSeconds })
  /** Reads under way, so that a burst of requests reads once. */
  const reading = new Map<string, Promise<SessionLookup>>()

  function findHot(live: LiveSession | undefined): SessionLookup | undefined {
    if (live === undefined) return undefined
    const state = sessionState(live.session, live.lastUsedAt, limits, store.now())
    return state.kind === 'active' ? { kind: 'active', live } : undefined
  }

  async function load(key: string, sessionId: string | null, watched: WatchedSession): Promise<SessionLookup> {
    const record = await store.read(key)
    if (record === undefined) return UNKNOWN
    const live = hot.revive(record)
    if (live === undefined) return { kind: 'none', because: 'unreadable' }
    const state = sessionState(live.session, live.lastUsedAt, limits, store.now())
    if (state.kind === 'ended') {
      await end(live, state.because, `the ${state.because} limit was reached`)
      return { kind: 'none', because: state.because }
    }
    watched.admit(live, sessionId)
    return { kind: 'active', live }
  }

  function loadOnce(key: string, sessionId: string | null): Promise<SessionLookup> {
    const running = reading.get(key)
    if (running !== undefined) return running
    const lookup = hot.whileWatching(key, (watched) => load(key, sessionId, watched)).finally(() => reading.delete(key))
    reading.set(key, lookup)
    return lookup
  }

  async function end(live: LiveSession, by: SessionEnd, because: string): Promise<void> {
    const existed = await store.delete(live.key)
    hot.drop(live.key)
    if (!existed) return
    const { realm, subject, handle } = live.session
    events.emit({ kind: 'session.ended', realm, subject, session: handle, by, because })
    options.onEnded(live.session, by)
  }

  /** When tokens that stay are due does not change because something else of the session did. */
  function dueAt(live: LiveSession, { tokens }: Session): EpochSeconds {
    const { session } = live
    if (tokens.accessToken === session.tokens.accessToken) return session.refreshDueAt
    return refreshDueAt(tokens, store.now(), options.refreshMarginSeconds)
  }

  return {
    now: () => store.now(),
    find(sessionId) {
      if (sessionId === undefined) return ABSENT
      return findHot(hot.get(sessionId)) ?? loadOnce(sessionKey(sessionId), sessionId)
    },
    async findByHandle(handle) {
      const [key] = await store.find('handle', handleIndex(handle))
      if (key === undefined) return UNKNOWN
      return findHot(hot.getByKey(key)) ?? loadOnce(key, null)
    },
    use: hot.use,
    async open(opened) {
      const now = store.now()
      const session: Session = {
        ...opened,
        accessClaims: distinctClaims(opened.accessClaims, opened.claims),
        secondLogins: {},
        format: SESSION_FORMAT,
        handle: createHandle(),
        createdAt: now,
        refreshDueAt: refreshDueAt(opened.tokens, now, options.refreshMarginSeconds),
        absoluteEndAt: now + limits.absoluteSeconds,
      }
      const sessionId = createSessionId()
      const key = sessionKey(sessionId)
      const record = { key, lastUsedAt: now, ...sealSession(session, key, sealer) }
      return hot.whileWatching(key, async (watched) => {
        // A tombstone: the realm's session ended while this login was being finished.
        if (!(await store.create(record)))
          throw new GatewayError('ERR_SESSION_REVOKED', { reason: 'ended during login' })
        const live = buildLive({ ...record, version: 1 }, session)
        watched.admit(live, sessionId)
        return { sessionId, live }
      })
    },
    reread(live) {
      const { key } = live
      return hot.whileWatching(key, async (watched) => {
        const record = await store.read(key)
        if (record === undefined) {
          hot.drop(key)
          return undefined
        }
        const reread = hot.revive(record, live)
        if (reread !== undefined) watched.keep(reread, 0)
        return reread
      })
    },
    replace(live, changed) {
      const { key } = live
      const session = { ...changed, refreshDueAt: dueAt(live, changed) }
      const sealed = sealSession(session, key, sealer)
      return hot.whileWatching(key, async (watched) => {
        const outcome = await store.replace(key, live.version, sealed)
        if (outcome !== 'replaced') {
          hot.drop(key)
          return { outcome, live }
        }
        const renewed = buildLive({ ...live, version: live.version + 1 }, session)
        renewed.writtenUseAt = live.writtenUseAt
        watched.keep(renewed, 1)
        return { outcome, live: renewed }
      })
    },
    end,
  }
}
