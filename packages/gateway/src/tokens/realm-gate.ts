// The gate in front of each realm for renewals: so many at once, the others wait their turn within bounds, and a realm
// that is in trouble is asked rarely. Never ends a session: whoever is turned away comes again.
import type { Events } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import {
  type BreakerRules,
  type BreakerState,
  CLOSED,
  passed,
  restSeconds,
  settled,
  type TurnOutcome,
} from './breaker.ts'
import { RETRY_AFTER_SECONDS } from './refusals.ts'

export interface Turn {
  /** Gives the place to the next one and says what came of it; only the first call counts. */
  leave(outcome: TurnOutcome): void
}

export type Entry =
  | { readonly kind: 'turn'; readonly turn: Turn }
  | { readonly kind: 'turned-away'; readonly retryAfterSeconds: number }

export interface RealmGates {
  /** A turn at the realm, by its local name. Never rejects. */
  enter(realm: string): Promise<Entry>
}

export interface RealmGateOptions {
  /** Turns at the same time. */
  readonly concurrency: number
  readonly maxWaiting: number
  /** How long somebody waits for a turn. */
  readonly waitSeconds: number
  readonly breaker: BreakerRules
  readonly now: () => EpochSeconds
  readonly events: Pick<Events, 'emit'>
}

export function createRealmGates(options: RealmGateOptions): RealmGates {
  const gates = new Map<string, (realm: string) => Promise<Entry>>()
  return {
    enter(realm) {
      const enter = gates.get(realm) ?? createGate(realm, options)
      gates.set(realm, enter)
      return enter(realm)
    },
  }
}

function createGate(realm: string, options: RealmGateOptions): () => Promise<Entry> {
  const { concurrency, now, breaker: rules } = options
  const waiting = new Set<(entry: Entry) => void>()
  let inside = 0
  let state: BreakerState = CLOSED

  function become(next: BreakerState): void {
    const isChange = next.kind !== state.kind
    state = next
    if (isChange) options.events.emit({ kind: 'realm.breaker', realm, state: next.kind })
  }

  /** Without a place to be had: undefined. */
  function decide(): Entry | undefined {
    const rest = restSeconds(state, now(), rules)
    if (rest > 0) return turnAway(rest)
    return inside < concurrency ? { kind: 'turn', turn: takePlace() } : undefined
  }

  function takePlace(): Turn {
    inside += 1
    become(passed(state))
    let hasLeft = false
    return {
      leave(outcome) {
        if (hasLeft) return
        hasLeft = true
        inside -= 1
        become(settled(state, outcome, now(), rules))
        admitWaiting()
      },
    }
  }

  function admitWaiting(): void {
    for (const resolve of waiting) {
      const entry = decide()
      if (entry === undefined) return
      waiting.delete(resolve)
      resolve(entry)
    }
  }

  function waitInLine(): Promise<Entry> {
    const { promise, resolve } = Promise.withResolvers<Entry>()
    const giveUp = () => waiting.delete(resolve) && resolve(turnAway(RETRY_AFTER_SECONDS))
    // Whoever is inside keeps a stopping process alive.
    const timer = setTimeout(giveUp, options.waitSeconds * 1000).unref()
    waiting.add(resolve)
    return promise.finally(() => clearTimeout(timer))
  }

  return async () => {
    const entry = decide()
    if (entry !== undefined) return entry
    return waiting.size < options.maxWaiting ? waitInLine() : turnAway(RETRY_AFTER_SECONDS)
  }
}

function turnAway(retryAfterSeconds: number): Entry {
  return { kind: 'turned-away', retryAfterSeconds }
}
