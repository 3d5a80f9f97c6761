// The hot sessions of one replica: bounded, least recently used out first. Nothing here is needed by another replica.
import type { EpochSeconds } from '../kernel/time.ts'
import type { LiveSession } from './live-session.ts'

interface CachedSession {
  readonly live: LiveSession
  /** Null for one that was asked for by its handle alone. */
  readonly sessionId: string | null
  readonly cachedAt: EpochSeconds
  movedAt: EpochSeconds
}

export interface SessionCache {
  /** The session if it was read from the store no more than `maxAgeSeconds` ago. */
  get(sessionId: string, now: EpochSeconds): LiveSession | undefined
  /** As `get`, by the record's key. */
  getByKey(key: string, now: EpochSeconds): LiveSession | undefined
  /** The session at whatever age; does not count as use. */
  peek(key: string): LiveSession | undefined
  /** The id under which the session is hot: null for none, undefined when it is not hot. */
  sessionIdOf(key: string): string | null | undefined
  /** `sessionId` null: the one it is known by stays. */
  put(sessionId: string | null, live: LiveSession, now: EpochSeconds): void
  /** At whatever age. */
  all(): IteratorObject<LiveSession>
  drop(key: string): void
  dropAll(): void
}

export interface SessionCacheOptions {
  readonly maxSessions: number
  readonly maxAgeSeconds: number
  /** Called with each session that leaves, so that its last use is not lost. */
  readonly onDrop: (live: LiveSession) => void
}

export function createSessionCache(options: SessionCacheOptions): SessionCache {
  const bySessionId = new Map<string, CachedSession>()
  const byKey = new Map<string, CachedSession>()

  function remove(cached: CachedSession): void {
    if (cached.sessionId !== null) bySessionId.delete(cached.sessionId)
    byKey.delete(cached.live.key)
    options.onDrop(cached.live)
  }

  function use(cached: CachedSession | undefined, now: EpochSeconds): LiveSession | undefined {
    if (cached === undefined || now - cached.cachedAt >= options.maxAgeSeconds) return undefined
    // Moving to the end of the Map is what makes its order "least recently used"; once a second is often enough.
    if (now - cached.movedAt >= 1) {
      byKey.delete(cached.live.key)
      byKey.set(cached.live.key, cached)
      cached.movedAt = now
    }
    return cached.live
  }

  return {
    get: (sessionId, now) => use(bySessionId.get(sessionId), now),
    getByKey: (key, now) => use(byKey.get(key), now),
    peek: (key) => byKey.get(key)?.live,
    sessionIdOf: (key) => byKey.get(key)?.sessionId,
    put(sessionId, live, now) {
      const cached = {
        live,
        sessionId: sessionId ?? byKey.get(live.key)?.sessionId ?? null,
        cachedAt: now,
        movedAt: now,
      }
      byKey.delete(live.key)
      byKey.set(live.key, cached)
      if (cached.sessionId !== null) bySessionId.set(cached.sessionId, cached)
      if (byKey.size <= options.maxSessions) return
      for (const oldest of byKey.values()) {
        remove(oldest)
        break
      }
    },
    all: () => byKey.values().map(({ live }) => live),
    drop(key) {
      const cached = byKey.get(key)
      if (cached !== undefined) remove(cached)
    },
    dropAll() {
      for (const cached of [...byKey.values()]) remove(cached)
    },
  }
}
