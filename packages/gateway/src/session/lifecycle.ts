// The life of a session from login to end: found by its cookie, kept warm in memory, ended once.
import { GatewayError } from '../kernel/errors.ts'
import type { Events, SessionEnd } from '../kernel/events.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { Roles, TokenSet } from '../realm/token-set.ts'
import type { LiveSession } from './live-session.ts'
import {
  distinctClaims,
  refreshDueAt,
  SESSION_FORMAT,
  type Session,
  type SessionLimits,
  sessionState,
} from './session.ts'
import { createSessionCache } from './session-cache.ts'
import { createHandle, createSessionId, sessionKey } from './session-id.ts'
import { openSession, sealSession } from './session-record.ts'
import type { ReplaceOutcome, SessionRecord, SessionStore } from './session-store.ts'

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
}

/** How often the last use is written; more often where a tenth of the idle time is shorter. */
const TOUCH_EVERY_SECONDS = 60
const ABSENT: SessionLookup = { kind: 'none', because: 'absent' }

export function createSessionLifecycle(options: SessionLifecycleOptions): SessionLifecycle {
  const { store, sealer, limits, events } = options
  const touchSeconds = Math.min(TOUCH_EVERY_SECONDS, limits.idleSeconds / 10)
  const cache = createSessionCache({
    maxSessions: options.cachedSessions,
    maxAgeSeconds: options.cacheSeconds,
    onDrop: (live) => {
      if (live.lastUsedAt > live.writtenUseAt) writeUse(live)
    },
  })
  /** Reads under way, so that a burst of requests reads once; `stale` when the record changed meanwhile. */
  const reading = new Map<string, { readonly lookup: Promise<SessionLookup>; stale: boolean }>()

  store.onChange((change) => {
    if (change.kind === 'all') {
      cache.dropAll()
      for (const read of reading.values()) read.stale = true
      return
    }
    for (const key of change.keys) {
      cache.drop(key)
      const read = reading.get(key)
      if (read !== undefined) read.stale = true
    }
  })

  function writeUse(live: LiveSession): void {
    live.writtenUseAt = live.lastUsedAt
    store.touch(live.key, live.lastUsedAt).catch((cause: unknown) => {
      events.emit({ kind: 'store.failed', operation: 'touch', cause })
    })
  }

  function decode(record: SessionRecord): LiveSession | undefined {
    const session = openSession(record, sealer)
    if (session !== null) return buildLive(record, session)
    events.emit({ kind: 'gateway.warned', warning: 'a session record could not be opened and was ignored' })
    return undefined
  }

  async function load(sessionId: string, key: string): Promise<SessionLookup> {
    const record = await store.read(key)
    if (record === undefined) return { kind: 'none', because: 'unknown' }
    const live = decode(record)
    if (live === undefined) return { kind: 'none', because: 'unreadable' }
    const state = sessionState(live.session, live.lastUsedAt, limits, store.now())
    if (state.kind === 'ended') {
      await end(live, state.because, `the ${state.because} limit was reached`)
      return { kind: 'none', because: state.because }
    }
    if (reading.get(key)?.stale === false) cache.put(sessionId, live, store.now())
    return { kind: 'active', live }
  }

  function loadOnce(sessionId: string): Promise<SessionLookup> {
    const key = sessionKey(sessionId)
    const running = reading.get(key)
    if (running !== undefined) return running.lookup
    const lookup = load(sessionId, key).finally(() => reading.delete(key))
    reading.set(key, { lookup, stale: false })
    return lookup
  }

  async function end(live: LiveSession, by: SessionEnd, because: string): Promise<void> {
    const existed = await store.delete(live.key)
    cache.drop(live.key)
    if (!existed) return
    const { realm, subject, handle } = live.session
    events.emit({ kind: 'session.ended', realm, subject, session: handle, by, because })
  }

  return {
    now: () => store.now(),
    find(sessionId) {
      if (sessionId === undefined) return ABSENT
      const now = store.now()
      const live = cache.get(sessionId, now)
      if (live !== undefined && sessionState(live.session, live.lastUsedAt, limits, now).kind === 'active') {
        return { kind: 'active', live }
      }
      return loadOnce(sessionId)
    },
    use(live) {
      live.lastUsedAt = store.now()
      if (live.lastUsedAt - live.writtenUseAt >= touchSeconds) writeUse(live)
    },
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
      const record = {
        key: sessionKey(sessionId),
        lastUsedAt: now,
        ...sealSession(session, sessionKey(sessionId), sealer),
      }
      // A tombstone: the realm's session ended while this login was being finished.
      if (!(await store.create(record))) throw new GatewayError('ERR_SESSION_REVOKED', { reason: 'ended during login' })
      const live = buildLive({ ...record, version: 1 }, session)
      cache.put(sessionId, live, now)
      return { sessionId, live }
    },
    async reread(live) {
      const record = await store.read(live.key)
      if (record === undefined) {
        cache.drop(live.key)
        return undefined
      }
      const reread = decode(record)
      if (reread === undefined) return undefined
      reread.lastUsedAt = Math.max(reread.lastUsedAt, live.lastUsedAt)
      const sessionId = cache.sessionIdOf(live.key)
      if (sessionId !== undefined) cache.put(sessionId, reread, store.now())
      return reread
    },
    async replace(live, changed) {
      const now = store.now()
      const session = { ...changed, refreshDueAt: refreshDueAt(changed.tokens, now, options.refreshMarginSeconds) }
      const sealed = sealSession(session, live.key, sealer)
      // Asked before the write, whose own change event makes the cache forget the session.
      const sessionId = cache.sessionIdOf(live.key)
      const outcome = await store.replace(live.key, live.version, sealed)
      if (outcome !== 'replaced') {
        cache.drop(live.key)
        return { outcome, live }
      }
      const renewed = buildLive({ ...live, ...sealed, version: live.version + 1 }, session)
      renewed.writtenUseAt = live.writtenUseAt
      if (sessionId !== undefined) cache.put(sessionId, renewed, now)
      return { outcome, live: renewed }
    },
    end,
  }
}

function buildLive(record: Pick<SessionRecord, 'key' | 'version' | 'lastUsedAt'>, session: Session): LiveSession {
  return {
    key: record.key,
    version: record.version,
    session,
    authorization: `Bearer ${session.tokens.accessToken}`,
    lastUsedAt: record.lastUsedAt,
    writtenUseAt: record.lastUsedAt,
  }
}
