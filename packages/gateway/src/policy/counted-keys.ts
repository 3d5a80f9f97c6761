// Which keys a limiter holds counters of, so that a flood of new ones cannot fill the memory. Forgets whoever was quiet
// longest, and never a key that is at its limit.

export interface CountedKeysOptions {
  readonly max: number
  /** From the last request of a key until all its counters have ended. */
  readonly lifeMillis: number
  /** Drops the counters of a key. */
  readonly forget: (key: string) => void
}

export interface CountedKeys {
  /** Before a key is counted. False when there is no room: every key held is at its limit. */
  admit(key: string, now: number): boolean
  /** After it was counted: `limitedUntil` is null when it was let through. */
  settle(key: string, limitedUntil: number | null, now: number): void
}

interface Held {
  readonly endsAt: number
  readonly limitedUntil: number
}

/** Instants are milliseconds since the epoch, as the counters have them. */
export function createCountedKeys({ max, lifeMillis, forget }: CountedKeysOptions): CountedKeys {
  // Each in the order of their last request, and so of their end.
  const free = new Map<string, Held>()
  const limited = new Map<string, Held>()

  function dropFirst(held: Map<string, Held>, isDue: (first: Held) => boolean): boolean {
    for (const [key, first] of held) {
      if (!isDue(first)) return false
      held.delete(key)
      forget(key)
      return true
    }
    return false
  }

  function makeRoom(now: number): boolean {
    const hasEnded = ({ endsAt }: Held) => endsAt <= now
    while (dropFirst(free, hasEnded) || dropFirst(limited, hasEnded));
    if (free.size + limited.size < max) return true
    return dropFirst(free, () => true) || dropFirst(limited, ({ limitedUntil }) => limitedUntil <= now)
  }

  return {
    admit(key, now) {
      if (free.has(key) || limited.has(key)) return true
      if (!makeRoom(now)) return false
      free.set(key, { endsAt: now + lifeMillis, limitedUntil: 0 })
      return true
    },
    settle(key, limitedUntil, now) {
      free.delete(key)
      limited.delete(key)
      const held = limitedUntil === null ? free : limited
      held.set(key, { endsAt: now + lifeMillis, limitedUntil: limitedUntil ?? 0 })
    },
  }
}
