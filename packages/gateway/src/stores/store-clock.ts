// The clock of a store on another machine. Each process keeps its own offset from it, against a clock that only goes
// forward: a wall clock that is wrong, or set anew, changes nothing.
import type { Elapsed, EpochSeconds } from '../kernel/time.ts'

export interface StoreClock {
  /** Costs nothing to ask. */
  now(): EpochSeconds
  /** Asks the store. Rejects with what `ask` rejects with; the time then goes on as it was known. */
  measure(): Promise<void>
}

/** An answer that took longer, perhaps because this process was stopped meanwhile, tells the time too vaguely. */
const ROUND_TRIP_SECONDS = 0.5

export function createStoreClock(ask: () => Promise<EpochSeconds>, elapsed: Elapsed): StoreClock {
  let offset: number | undefined
  return {
    now: () => elapsed() + (offset ?? 0),
    async measure() {
      const askedAt = elapsed()
      const told = await ask()
      const answeredAt = elapsed()
      if (offset !== undefined && answeredAt - askedAt > ROUND_TRIP_SECONDS) return
      // It was told somewhere between question and answer.
      offset = told - (askedAt + answeredAt) / 2
    },
  }
}
