// The sessions a replica holds decoded, in step with the store. One state of a session is one object for as long as it
// stays hot: what others remember by that object is as warm as the session.
import type { Events } from '../kernel/events.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import { createChangeWatches } from './change-watch.ts'
import { createLastUses } from './last-uses.ts'
import type { LiveSession } from './live-session.ts'
import type { Session } from './session.ts'
import { createSessionCache } from './session-cache.ts'
import { openSession } from './session-record.ts'
import type { SessionRecord, SessionStore } from './session-store.ts'

export interface HotSessions {
  /**
   * Read from the store no more than `cacheSeconds` ago; while the store is out of reach, for `staleSeconds`, no more
   * than that before it was lost.
   */
  get(sessionId: string): LiveSession | undefined
  getByKey(key: string): LiveSession | undefined
  /** At whatever age. */
  peek(key: string): LiveSession | undefined
  /**
   * The session of a record that was just read. `known`: an object the caller holds for this session.
   * Undefined when it cannot be opened. Throws `ERR_SESSION_UNREADABLE`.
   */
  revive(record: SessionRecord, known?: LiveSession): LiveSession | undefined
  /** Runs a read or a write of the record. What has become old meanwhile is not kept. */
  whileWatching<Result>(key: string, work: (watched: WatchedSession) => Promise<Result>): Promise<Result>
  use(live: LiveSession): void
  /** Those that were used here no longer ago than that. */
  usedWithin(seconds: number): Iterable<LiveSession>
  drop(key: string): void
}

export interface WatchedSession {
  /** Makes it hot. `sessionId` null: as it was known before. */
  admit(live: LiveSession, sessionId: string | null): void
  /** Keeps it hot if it was when the watch began. `ownChanges`: how many changes the work itself made to the record. */
  keep(live: LiveSession, ownChanges: 0 | 1): void
}

export interface HotSessionsOptions {
  readonly store: SessionStore
  readonly sealer: Sealer
  readonly cachedSessions: number
  readonly cacheSeconds: number
  readonly staleSeconds: number
  /** How often the last use is written. */
  readonly touchSeconds: number
  readonly events: Events
}

export function createHotSessions(options: HotSessionsOptions): HotSessions {
  const { store, sealer, events } = options
  const watches = createChangeWatches()
  const uses = createLastUses(options)
  const cache = createSessionCache({
    maxSessions: options.cachedSessions,
    maxAgeSeconds: options.cacheSeconds,
    onDrop: (live) => {
      if (live.lastUsedAt > live.writtenUseAt) writeUse(live)
    },
  })

  store.onChange((change) => {
    watches.tell(change)
    if (change.kind === 'all') cache.dropAll()
    else if (change.kind === 'ended') cache.drop(change.key)
    else for (const key of change.keys) cache.drop(key)
  })

  function writeUse(live: LiveSession): void {
    live.writtenUseAt = live.lastUsedAt
    uses.write(live.key, live.lastUsedAt)
  }

  function decode(record: SessionRecord): LiveSession | undefined {
    const session = openSession(record, sealer)
    if (session !== null) return buildLive(record, session)
    events.emit({ kind: 'gateway.warned', warning: 'a session record could not be opened and was ignored' })
    return undefined
  }

  /** The instant at which what is held must have been new enough; null when nothing held may be used. */
  function judgedAt(): EpochSeconds | null {
    const now = store.now()
    const lostAt = store.unreachableSince()
    if (lostAt === null) return now
    return now - lostAt < options.staleSeconds ? lostAt : null
  }

  return {
    get(sessionId) {
      const at = judgedAt()
      return at === null ? undefined : cache.get(sessionId, at)
    },
    getByKey(key) {
      const at = judgedAt()
      return at === null ? undefined : cache.getByKey(key, at)
    },
    revive(record, known) {
      const held = [cache.peek(record.key), known].filter((live) => live !== undefined)
      const live = held.find(({ version }) => version === record.version) ?? decode(record)
      if (live === undefined) return undefined
      live.lastUsedAt = Math.max(live.lastUsedAt, record.lastUsedAt, ...held.map(({ lastUsedAt }) => lastUsedAt))
      live.writtenUseAt = Math.max(live.writtenUseAt, record.lastUsedAt)
      return live
    },
    async whileWatching(key, work) {
      const watch = watches.begin(key)
      // Asked before a write, whose own change makes the cache forget the session.
      const knownAs = cache.sessionIdOf(key)
      const put = (live: LiveSession, sessionId: string | null, ownChanges: number) => {
        const isOld = watch.changes() > ownChanges || (cache.peek(key)?.version ?? 0) > live.version
        if (!isOld) cache.put(sessionId, live, store.now())
      }
      try {
        return await work({
          admit: (live, sessionId) => put(live, sessionId, 0),
          keep(live, ownChanges) {
            if (knownAs !== undefined) put(live, knownAs, ownChanges)
          },
        })
      } finally {
        watch.stop()
      }
    },
    use(live) {
      live.lastUsedAt = store.now()
      if (live.lastUsedAt - live.writtenUseAt >= options.touchSeconds) writeUse(live)
    },
    usedWithin(seconds) {
      const since = store.now() - seconds
      return cache.all().filter(({ lastUsedAt }) => lastUsedAt >= since)
    },
    peek: cache.peek,
    drop: cache.drop,
  }
}

export function buildLive(
  record: { readonly key: string; readonly version: number; readonly lastUsedAt: EpochSeconds },
  session: Session,
): LiveSession {
  return {
    key: record.key,
    version: record.version,
    session,
    authorization: `Bearer ${session.tokens.accessToken}`,
    lastUsedAt: record.lastUsedAt,
    writtenUseAt: record.lastUsedAt,
  }
}
