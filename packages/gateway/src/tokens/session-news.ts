// Waiting for what another process does to a session: the store's word wakes whoever waits, and a look now and then
// stands in for a word that was lost.
import type { Elapsed } from '../kernel/time.ts'
import type { SessionStore, StoreChange } from '../session/session-store.ts'

export interface Listening {
  /** Resolves at a change since the listening began or since the last call, or after a moment that grows with `tries`. */
  next(tries: number): Promise<void>
  stop(): void
}

export interface SessionNews {
  listen(key: string): Listening
  /** How long ago the store said that anything may have changed, as after an outage. */
  secondsSinceGap(): number
}

export interface SessionNewsOptions {
  readonly store: Pick<SessionStore, 'onChange'>
  readonly elapsed: Elapsed
  readonly wait: (seconds: number) => Promise<void>
}

const FIRST_LOOK_SECONDS = 0.05
const LOOK_SECONDS = 0.4

export function createSessionNews({ store, elapsed, wait }: SessionNewsOptions): SessionNews {
  const byKey = new Map<string, Set<() => void>>()
  let gapAt = Number.NEGATIVE_INFINITY
  // One subscription, however many wait: each change is told to each subscriber.
  store.onChange(hear)

  function wake(ears: Iterable<() => void> | undefined): void {
    for (const hearing of ears ?? []) hearing()
  }

  function hear(change: StoreChange): void {
    if (change.kind === 'ended') wake(byKey.get(change.key))
    else if (change.kind === 'sessions') for (const key of change.keys) wake(byKey.get(key))
    else {
      gapAt = elapsed()
      for (const ears of byKey.values()) wake(ears)
    }
  }

  function listen(key: string): Listening {
    let heard = Promise.withResolvers<void>()
    const hearing = () => heard.resolve()
    const ears = byKey.get(key) ?? new Set()
    byKey.set(key, ears.add(hearing))
    return {
      async next(tries) {
        await Promise.race([heard.promise, wait(lookSeconds(tries))])
        heard = Promise.withResolvers<void>()
      },
      stop() {
        ears.delete(hearing)
        if (ears.size === 0 && byKey.get(key) === ears) byKey.delete(key)
      },
    }
  }

  return { listen, secondsSinceGap: () => elapsed() - gapAt }
}

/** Processes that fail together do not try together. */
function lookSeconds(tries: number): number {
  return Math.min(LOOK_SECONDS, FIRST_LOOK_SECONDS * 2 ** tries) * (1 + Math.random() / 2)
}
