// Sessions that somebody keeps an eye on: who has a stream open is told within a moment that the session has ended, or
// that its state is a newer one. Never counts as activity.
import type { SessionEnd } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { SessionLifecycle } from './lifecycle.ts'
import type { LiveSession } from './live-session.ts'
import { type SessionLimits, sessionState } from './session.ts'
import type { SessionStore, StoreChange } from './session-store.ts'

export interface SessionWatcher {
  /** Once, and nothing follows. Null: found to have gone, without a word why. Must not throw. */
  readonly onEnded: (by: SessionEnd | null) => void
  /** A newer state: renewed tokens, or something else that was written. Must not throw. */
  readonly onChanged: (live: LiveSession) => void
  /** What is open goes on under the person's token: it is renewed although no request asks. */
  readonly usesTokens: boolean
}

export interface SessionWatches {
  /** Returns the function that ends the watch. */
  watch(live: LiveSession, watcher: SessionWatcher): () => void
  /** For an end that the store cannot tell yet, because it is out of reach. */
  tellEnded(key: string, by: SessionEnd): void
  /** The newest known state of each session that has a stream under its tokens. */
  usingTokens(): readonly LiveSession[]
  /** Looks at the clock: who has reached a limit ends, what was last read `cacheSeconds` ago is read again. */
  tick(): void
  close(): void
}

export interface SessionWatchOptions {
  readonly store: Pick<SessionStore, 'now' | 'onChange' | 'unreachableSince'>
  readonly lifecycle: Pick<SessionLifecycle, 'reread' | 'end'>
  readonly limits: SessionLimits
  /** How long a state is believed without a word from the store. */
  readonly cacheSeconds: number
  /** Sessions read at the same time after a word that may concern any of them. */
  readonly concurrentReads: number
}

interface Watched {
  live: LiveSession
  verifiedAt: EpochSeconds
  /** A look is under way; `again`: what it finds is too old already. */
  looking: 'no' | 'yes' | 'again'
  readonly watchers: Set<SessionWatcher>
}

export function createSessionWatches(options: SessionWatchOptions): SessionWatches {
  const { store, lifecycle, limits } = options
  const byKey = new Map<string, Watched>()
  const waiting = new Set<Watched>()
  let reads = 0
  const unsubscribe = store.onChange(hear)

  function hear(change: StoreChange): void {
    if (change.kind === 'all') for (const watched of byKey.values()) look(watched)
    else if (change.kind === 'ended') tellEnded(byKey.get(change.key), change.by)
    else for (const key of change.keys) look(byKey.get(key))
  }

  /** False once nobody is left of those who watched; a later watch of the same session is another one. */
  function isWatched(watched: Watched): boolean {
    return byKey.get(watched.live.key) === watched
  }

  function tellEnded(watched: Watched | undefined, by: SessionEnd | null): void {
    if (watched === undefined || !isWatched(watched)) return
    byKey.delete(watched.live.key)
    waiting.delete(watched)
    for (const watcher of watched.watchers) watcher.onEnded(by)
  }

  function tellChanged(watched: Watched, live: LiveSession): void {
    const isNewer = live.version > watched.live.version
    watched.live = live
    if (isNewer) for (const watcher of watched.watchers) watcher.onChanged(live)
  }

  function tellNewcomer(watched: Watched, watcher: SessionWatcher): void {
    if (isWatched(watched) && watched.watchers.has(watcher)) watcher.onChanged(watched.live)
  }

  function look(watched: Watched | undefined): void {
    if (watched === undefined) return
    if (watched.looking !== 'no') watched.looking = 'again'
    else waiting.add(watched)
    startReads()
  }

  function startReads(): void {
    for (const watched of waiting) {
      if (reads >= options.concurrentReads) return
      waiting.delete(watched)
      reads += 1
      watched.looking = 'yes'
      void read(watched).finally(() => {
        reads -= 1
        if (watched.looking === 'again' && isWatched(watched)) waiting.add(watched)
        watched.looking = 'no'
        startReads()
      })
    }
  }

  async function read(watched: Watched): Promise<void> {
    try {
      const live = await lifecycle.reread(watched.live)
      if (live === undefined) {
        tellEnded(watched, null)
        return
      }
      watched.verifiedAt = store.now()
      tellChanged(watched, live)
      await endAtLimit(live)
    } catch {
      // Whoever asks the store learns of its failure; here the next tick looks again.
    }
  }

  async function endAtLimit(live: LiveSession): Promise<void> {
    const state = sessionState(live.session, live.lastUsedAt, limits, store.now())
    if (state.kind === 'ended') await lifecycle.end(live, state.because, `the ${state.because} limit was reached`)
  }

  return {
    watch(live, watcher) {
      const known = byKey.get(live.key)
      const watched: Watched = known ?? { live, verifiedAt: store.now(), looking: 'no', watchers: new Set() }
      watched.watchers.add(watcher)
      byKey.set(live.key, watched)
      // It may have ended, or changed, between the look at it and this watch.
      if (known === undefined) look(watched)
      else if (known.live.version > live.version) queueMicrotask(() => tellNewcomer(watched, watcher))
      return () => {
        watched.watchers.delete(watcher)
        if (watched.watchers.size > 0 || !isWatched(watched)) return
        byKey.delete(live.key)
        waiting.delete(watched)
      }
    },
    tellEnded: (key, by) => tellEnded(byKey.get(key), by),
    usingTokens() {
      const using = byKey.values().filter(({ watchers }) => watchers.values().some(({ usesTokens }) => usesTokens))
      return using.map(({ live }) => live).toArray()
    },
    tick() {
      if (store.unreachableSince() !== null) return
      const now = store.now()
      for (const watched of byKey.values()) {
        const { live, verifiedAt } = watched
        const isOver = sessionState(live.session, live.lastUsedAt, limits, now).kind === 'ended'
        // Another process may know of a later use: the record is read before a session ends.
        if (isOver || now - verifiedAt >= options.cacheSeconds) look(watched)
      }
    },
    close() {
      unsubscribe()
      byKey.clear()
      waiting.clear()
    },
  }
}
