// The life of a session from login to end: found by its cookie, kept warm in memory, ended once.
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { Events, SessionEnd } from '../kernel/events.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { Roles, TokenSet } from '../realm/token-set.ts'
import { buildLive, createHotSessions, type WatchedSession } from './hot-sessions.ts'
import { createLateEndings } from './late-endings.ts'
import type { LiveSession } from './live-session.ts'
import {
  type Device,
  distinctClaims,
  refreshDueAt,
  SESSION_FORMAT,
  type Session,
  type SessionLimits,
  sessionState,
} from './session.ts'
import { createHandle, createSessionId, handleIndex, sessionKey } from './session-id.ts'
import { sealSession } from './session-record.ts'
import type { ReplaceOutcome, SessionIndex, SessionRecord, SessionStore } from './session-store.ts'
import { hasSubjectEnded } from './subject-ending.ts'

export type SessionLookup =
  | { readonly kind: 'active'; readonly live: LiveSession }
  /** The realm refused to renew its tokens; a silent login may take its place. */
  | { readonly kind: 'lost'; readonly live: LiveSession }
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
  readonly device: Device
  /** The session with lost tokens whose place it takes: its beginning, absolute end and second logins; null for none. */
  readonly heals: LiveSession | null
  /** The session whose absolute end stays, though another one takes its place; null for none. */
  readonly continues: LiveSession | null
}

export interface SessionLifecycle {
  now(): EpochSeconds
  /** At once when the session is warm. Rejects with `ERR_STORE_UNAVAILABLE`, `ERR_SESSION_UNREADABLE` (the cookie is left alone). */
  find(sessionId: string | undefined): SessionLookup | Promise<SessionLookup>
  /**
   * All sessions under an index, read past the memory; those that have ended by a limit are left out. Rejects as `find`
   * does, but leaves out what it cannot open.
   */
  findAll(index: SessionIndex, value: string): Promise<readonly LiveSession[]>
  /** Some of all sessions, as `SessionStore.list` names them. */
  list(after: string | null, limit: number): Promise<SessionPage>
  /** By the public handle, for whoever has proved that they may ask. Rejects as `find` does. */
  findByHandle(handle: string): Promise<SessionLookup>
  /** Counts as activity: moves the idle end. Never awaited. */
  use(live: LiveSession): void
  /** The sessions in memory that were used here no longer ago than that. */
  usedWithin(seconds: number): Iterable<LiveSession>
  /** Makes a session under a new random id (256 bits, base64url), which only the answer's cookie will know. */
  open(session: NewSession): Promise<{ readonly sessionId: string; readonly live: LiveSession }>
  /** Reads the record anew, past the memory; undefined when it has gone. */
  reread(live: LiveSession): Promise<LiveSession | undefined>
  /** Writes the next state if nobody else has written since. */
  replace(
    live: LiveSession,
    changed: Session,
  ): Promise<{ readonly outcome: ReplaceOutcome; readonly live: LiveSession }>
  /** Writes that its tokens are lost. Rejects with `ERR_STORE_UNAVAILABLE`. */
  lose(live: LiveSession, because: string): Promise<ReplaceOutcome>
  /** Deletes the record and forgets it here; tells the event once. False when it had ended before. */
  end(live: LiveSession, by: SessionEnd, because: string): Promise<boolean>
  /** What this process last knew of it, however old that is: enough to end it while the store is out of reach. */
  findHeld(sessionId: string | undefined): LiveSession | undefined
  /**
   * Ends it without the store: this process serves it no more, and deletes the record when the store is back. False when
   * too many wait for that already; then nothing has ended.
   */
  endLater(live: LiveSession, by: SessionEnd, because: string): boolean
  /** Deletes what still waits for that, if the store is back. */
  close(): Promise<void>
}

export interface SessionPage {
  readonly sessions: readonly LiveSession[]
  readonly next: string | null
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
  /** How long hot sessions go on while the store is out of reach. */
  readonly staleSeconds: number
  /** The realm is asked at least this often; null: when the access token is due. */
  readonly verifySeconds: number | null
  readonly events: Events
  /** Called at least once for each session that has ended here; must not throw. */
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
  const late = createLateEndings()

  function findHot(live: LiveSession | undefined): SessionLookup | undefined {
    if (live === undefined || late.has(live.key)) return undefined
    const state = sessionState(live.session, live.lastUsedAt, limits, store.now())
    return state.kind === 'ended' ? undefined : { kind: state.kind, live }
  }

  async function load(key: string, sessionId: string | null, watched: WatchedSession): Promise<SessionLookup> {
    if (late.has(key)) return UNKNOWN
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
    return { kind: state.kind, live }
  }

  function loadOnce(key: string, sessionId: string | null): Promise<SessionLookup> {
    const running = reading.get(key)
    if (running !== undefined) return running
    const lookup = hot.whileWatching(key, (watched) => load(key, sessionId, watched)).finally(() => reading.delete(key))
    reading.set(key, lookup)
    return lookup
  }

  async function end(live: LiveSession, by: SessionEnd, because: string): Promise<boolean> {
    const existed = await store.delete(live.key, by)
    hot.drop(live.key)
    const { realm, subject, handle } = live.session
    if (existed) events.emit({ kind: 'session.ended', realm, subject, session: handle, by, because })
    // Even then: whose deletion it was may not have been answered, and the realm must hear of it at least once.
    options.onEnded(live.session, by)
    return existed
  }

  /** When tokens that stay are due does not change because something else of the session did. */
  function dueAt(live: LiveSession, { tokens }: Session): EpochSeconds {
    const { session } = live
    return tokens.accessToken === session.tokens.accessToken ? session.refreshDueAt : newTokensDueAt(tokens)
  }

  function newTokensDueAt(tokens: TokenSet): EpochSeconds {
    const now = store.now()
    const due = refreshDueAt(tokens, now, options.refreshMarginSeconds)
    return options.verifySeconds === null ? due : Math.min(due, now + options.verifySeconds)
  }

  /** Past the memory, and without making it hot. */
  async function look(key: string): Promise<LiveSession | undefined> {
    if (late.has(key)) return undefined
    const record = await store.read(key)
    if (record === undefined) return undefined
    const live = reviveReadable(record)
    if (live === undefined) return undefined
    return sessionState(live.session, live.lastUsedAt, limits, store.now()).kind === 'ended' ? undefined : live
  }

  function reviveReadable(record: SessionRecord): LiveSession | undefined {
    try {
      return hot.revive(record)
    } catch (error) {
      if (isGatewayError(error, 'ERR_SESSION_UNREADABLE')) return undefined
      throw error
    }
  }

  async function lookAll(keys: readonly string[]): Promise<readonly LiveSession[]> {
    const found = await Promise.all(keys.map(look))
    return found.filter((live) => live !== undefined)
  }

  function write(live: LiveSession, changed: Session): ReturnType<SessionLifecycle['replace']> {
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
  }

  return {
    now: () => store.now(),
    find(sessionId) {
      if (sessionId === undefined) return ABSENT
      return findHot(hot.get(sessionId)) ?? loadOnce(sessionKey(sessionId), sessionId)
    },
    findAll: async (index, value) => lookAll(await store.find(index, value)),
    async list(after, limit) {
      const { keys, next } = await store.list(after, limit)
      return { sessions: await lookAll(keys), next }
    },
    async findByHandle(handle) {
      const [key] = await store.find('handle', handleIndex(handle))
      if (key === undefined) return UNKNOWN
      return findHot(hot.getByKey(key)) ?? loadOnce(key, null)
    },
    use: hot.use,
    usedWithin: hot.usedWithin,
    async open(opened) {
      const now = store.now()
      const { heals, continues, ...known } = opened
      const session: Session = {
        ...known,
        accessClaims: distinctClaims(opened.accessClaims, opened.claims),
        secondLogins: heals === null ? {} : heals.session.secondLogins,
        format: SESSION_FORMAT,
        handle: createHandle(),
        createdAt: heals === null ? now : heals.session.createdAt,
        lost: null,
        healedAt: heals === null ? null : now,
        refreshDueAt: newTokensDueAt(opened.tokens),
        absoluteEndAt: (heals ?? continues)?.session.absoluteEndAt ?? now + limits.absoluteSeconds,
      }
      const sessionId = createSessionId()
      const key = sessionKey(sessionId)
      const record = { key, lastUsedAt: now, ...sealSession(session, key, sealer) }
      return hot.whileWatching(key, async (watched) => {
        // A tombstone: the realm's session ended while this login was being finished.
        if (!(await store.create(record))) throw endedDuringLogin()
        if (await hasSubjectEnded(session, confirmedAt(session, now), store)) {
          await store.delete(key, 'back-channel')
          throw endedDuringLogin()
        }
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
    replace: write,
    async lose(live, because) {
      const { outcome } = await write(live, { ...live.session, lost: { at: store.now(), because } })
      const { realm, subject, handle } = live.session
      if (outcome === 'replaced') events.emit({ kind: 'session.lost', realm, subject, session: handle, because })
      return outcome
    },
    end,
    findHeld(sessionId) {
      const key = sessionId === undefined ? undefined : sessionKey(sessionId)
      return key === undefined || late.has(key) ? undefined : hot.peek(key)
    },
    endLater(live, by, because) {
      if (!late.add(live.key, () => end(live, by, because))) return false
      hot.drop(live.key)
      const { realm, subject, handle } = live.session
      events.emit({ kind: 'session.end-delayed', realm, subject, session: handle, by })
      return true
    },
    close: late.close,
  }
}

/** When the realm said who it is. */
function confirmedAt({ claims }: Session, now: EpochSeconds): EpochSeconds {
  return typeof claims.iat === 'number' ? claims.iat : now
}

function endedDuringLogin(): GatewayError {
  return new GatewayError('ERR_SESSION_REVOKED', { reason: 'ended during login' })
}
