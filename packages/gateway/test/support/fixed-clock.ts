// A clock that stands still until a test moves it.
import type { Clock } from '../../src/kernel/time.ts'

export interface FixedClock {
  readonly now: Clock
  advance(seconds: number): void
}

export function createFixedClock(startAt = 1000): FixedClock {
  let now = startAt
  return {
    now: () => now,
    advance(seconds) {
      now += seconds
    },
  }
}
