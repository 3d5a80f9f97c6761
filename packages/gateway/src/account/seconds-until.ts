import type { EpochSeconds } from '../kernel/time.ts'

/** Whole seconds, as pages are told them; 0 for what is over. */
export function secondsUntil(instant: EpochSeconds, now: EpochSeconds): number {
  return Math.max(0, Math.floor(instant - now))
}
