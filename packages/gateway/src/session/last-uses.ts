// Last uses on their way to the store: written a few at a time and never awaited. While the store is out of reach the
// newest of each session waits.
import type { Events } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { SessionStore } from './session-store.ts'

export interface LastUses {
  write(key: string, lastUsedAt: EpochSeconds): void
}

export interface LastUsesOptions {
  readonly store: Pick<SessionStore, 'touch' | 'unreachableSince'>
  readonly events: Pick<Events, 'emit'>
}

/** After an outage every hot session may have one to write. */
const CONCURRENT_WRITES = 32
const LOOK_MILLISECONDS = 1000

export function createLastUses({ store, events }: LastUsesOptions): LastUses {
  const waiting = new Map<string, EpochSeconds>()
  let writing = 0
  let willLook = false

  function enqueue(key: string, lastUsedAt: EpochSeconds): void {
    waiting.set(key, Math.max(lastUsedAt, waiting.get(key) ?? 0))
  }

  function lookAgainSoon(): void {
    if (willLook) return
    willLook = true
    const look = () => {
      willLook = false
      writeWaiting()
    }
    setTimeout(look, LOOK_MILLISECONDS).unref()
  }

  function writeWaiting(): void {
    if (store.unreachableSince() !== null) {
      if (waiting.size > 0) lookAgainSoon()
      return
    }
    for (const [key, lastUsedAt] of waiting) {
      if (writing >= CONCURRENT_WRITES) return
      waiting.delete(key)
      writing += 1
      void touch(key, lastUsedAt).finally(() => {
        writing -= 1
        writeWaiting()
      })
    }
  }

  async function touch(key: string, lastUsedAt: EpochSeconds): Promise<void> {
    try {
      await store.touch(key, lastUsedAt)
    } catch (cause) {
      // A store that is out of reach has been told of once.
      if (store.unreachableSince() === null) events.emit({ kind: 'store.failed', operation: 'touch', cause })
      else enqueue(key, lastUsedAt)
    }
  }

  return {
    write(key, lastUsedAt) {
      enqueue(key, lastUsedAt)
      writeWaiting()
    },
  }
}
