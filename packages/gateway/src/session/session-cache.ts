// The hot sessions of one replica: bounded, least recently used out first. Nothing here is needed by another replica.
import type { EpochSeconds } from '../kernel/time.ts'
import type { LiveSession } from './live-session.ts'

interface CachedSession {
  readonly live: LiveSession
  readonly sessionId: string
  readonly cachedAt: EpochSeconds
  movedAt: EpochSeconds
}

export interface SessionCache {
  /** The session if it was read from the store no more than `maxAgeSeconds` ago. */
  get(sessionId: string, now: EpochSeconds): LiveSession | undefined
  put(sessionId: string, live: LiveSession, now: EpochSeconds): void
  /** The id under which the session is hot; undefined when it is not. */
  sessionIdOf(key: string): string | undefined
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
    bySessionId.delete(cached.sessionId)
    byKey.delete(cached.live.key)
    options.onDrop(cached.live)
  }

  return {
    get(sessionId, now) {
      const cached = bySessionId.get(sessionId)
      if (cached === undefined) return undefined
      if (now - cached.cachedAt >= options.maxAgeSeconds) return undefined
      // Moving to the end of the Map is what makes its order "least recently used"; once a second is often enough.
      if (now - cached.movedAt >= 1) {
        bySessionId.delete(sessionId)
        bySessionId.set(sessionId, cached)
        cached.movedAt = now
      }
      return cached.live
    },
    put(sessionId, live, now) {
      const cached = { live, sessionId, cachedAt: now, movedAt: now }
      bySessionId.delete(sessionId)
      bySessionId.set(sessionId, cached)
      byKey.set(live.key, cached)
      if (bySessionId.size <= options.maxSessions) return
      for (const oldest of bySessionId.values()) {
        remove(oldest)
        break
      }
    },
    sessionIdOf: (key) => byKey.get(key)?.sessionId,
    drop(key) {
      const cached = byKey.get(key)
      if (cached !== undefined) remove(cached)
    },
    dropAll() {
      for (const cached of [...byKey.values()]) remove(cached)
    },
  }
}
