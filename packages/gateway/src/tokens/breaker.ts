// When a realm in trouble is left alone: after several failures in a row it is asked by one at a time, every few
// seconds, until it answers. No I/O and no clock.
import type { EpochSeconds } from '../kernel/time.ts'

export type BreakerState =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly until: EpochSeconds }
  /** `isTrying`: the one that was let through has not come back. */
  | { readonly kind: 'half-open'; readonly isTrying: boolean }

export interface BreakerRules {
  /** Failures in a row. */
  readonly opensAfter: number
  readonly openSeconds: number
}

/** `unasked`: whoever was let through had nothing to ask. */
export type TurnOutcome = 'answered' | 'silent' | 'unasked'

export const CLOSED: BreakerState = { kind: 'closed', failures: 0 }

/** How long whoever comes now must stay away; 0 when they may pass. */
export function restSeconds(state: BreakerState, now: EpochSeconds, { openSeconds }: BreakerRules): number {
  if (state.kind === 'open') return Math.max(0, state.until - now)
  return state.kind === 'half-open' && state.isTrying ? openSeconds : 0
}

/** The state once somebody has been let through. */
export function passed(state: BreakerState): BreakerState {
  return state.kind === 'closed' ? state : { kind: 'half-open', isTrying: true }
}

export function settled(
  state: BreakerState,
  outcome: TurnOutcome,
  now: EpochSeconds,
  { opensAfter, openSeconds }: BreakerRules,
): BreakerState {
  if (outcome === 'answered') return CLOSED
  if (outcome === 'unasked') return state.kind === 'half-open' ? { kind: 'half-open', isTrying: false } : state
  switch (state.kind) {
    case 'closed': {
      const failures = state.failures + 1
      return failures >= opensAfter ? { kind: 'open', until: now + openSeconds } : { kind: 'closed', failures }
    }
    case 'half-open':
      return { kind: 'open', until: now + openSeconds }
    case 'open':
      return state
  }
}
