// The clock of a store on another machine. Each process keeps its own offset from it, against a clock that only goes
// forward: a wall clock that is wrong, or set anew, changes nothing.
import type { Elapsed, EpochSeconds } from '../kernel/time.ts'

export interface StoreClock {
  /** Costs nothing to ask. */
  now(): EpochSeconds
  /** Asks the store. Rejects with what `ask` rejects with; the time then goes on as it was known. */
  measure(): Promise<void>
}

export function createStoreClock(ask: () => Promise<EpochSeconds>, elapsed: Elapsed): StoreClock {
  let offset = 0
  return {
    now: () => elapsed() + offset,
    async measure() {
      const before = elapsed()
      const told = await ask()
      // It was told somewhere between question and answer.
      offset = told - (before + elapsed()) / 2
    },
  }
}
