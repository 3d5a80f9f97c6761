// What a run has counted, and whether it was good.
import { createHistogram, type Histogram } from './histogram.ts'
import type { Cause } from './ledger.ts'
import type { RealmFault } from './plan.ts'

export type WrongAnswer =
  /** Another person's data. */
  | 'another person'
  /** The service was sent an expired token. */
  | 'expired token'
  /** A 5xx other than 503, and whatever else nobody expects. */
  | 'unexpected status'
  /** 401 although the realm had refused nothing. */
  | 'unfounded 401'
  /** A connection cut, or no answer, by a process that was well. */
  | 'no answer'

export interface Tally {
  readonly rounds: number
  readonly seconds: number
  readonly faults: Readonly<Record<string, number>>
  readonly strikes: Readonly<Record<string, number>>
  readonly tokenRequests: number
  /** Spent tokens that were sent again, and taken. */
  readonly spentTaken: number
  /** Spent tokens that were sent again, and refused. */
  readonly spentRefused: number
  /** Somebody had to log in, although nobody had ended the session. */
  readonly lost: number
  /** Tokens lost again within a minute of healing: the session ends. */
  readonly hitTwice: number
  readonly healed: Readonly<Record<Cause | 'unexplained', number>>
  readonly wrong: Readonly<Record<WrongAnswer, number>>
  /** Processes that ended by themselves, or not as they should. */
  readonly crashed: number
  readonly requests: number
  readonly unavailable: number
  /** Requests whose process was killed or stopped under them. */
  readonly brokenOff: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly longestWait: number
  readonly longestHealing: number
}

export interface Counter {
  round(fault: RealmFault): void
  strike(name: string): void
  tokenRequest(): void
  spent(outcome: 'taken' | 'refused'): void
  lost(): void
  hitTwice(): void
  healed(cause: Cause | null, milliseconds: number): void
  wrong(kind: WrongAnswer): void
  crashed(): void
  answered(milliseconds: number, isUnavailable: boolean): void
  brokenOff(): void
  read(seconds: number): Tally
}

export function createCounter(): Counter {
  const faults: Record<string, number> = {}
  const strikes: Record<string, number> = {}
  const healed = { answer: 0, stopped: 0, write: 0, record: 0, unwritten: 0, unexplained: 0 }
  const wrong = { 'another person': 0, 'expired token': 0, 'unexpected status': 0, 'unfounded 401': 0, 'no answer': 0 }
  const counts = {
    rounds: 0,
    tokenRequests: 0,
    spentTaken: 0,
    spentRefused: 0,
    lost: 0,
    hitTwice: 0,
    crashed: 0,
    requests: 0,
    unavailable: 0,
    brokenOff: 0,
  }
  const waits = createHistogram()
  const healings = createHistogram()
  return {
    round(fault) {
      counts.rounds += 1
      faults[fault] = (faults[fault] ?? 0) + 1
    },
    strike(name) {
      strikes[name] = (strikes[name] ?? 0) + 1
    },
    tokenRequest() {
      counts.tokenRequests += 1
    },
    spent(outcome) {
      if (outcome === 'taken') counts.spentTaken += 1
      else counts.spentRefused += 1
    },
    lost() {
      counts.lost += 1
    },
    hitTwice() {
      counts.hitTwice += 1
    },
    healed(cause, milliseconds) {
      healed[cause ?? 'unexplained'] += 1
      healings.add(milliseconds)
    },
    wrong(kind) {
      wrong[kind] += 1
    },
    crashed() {
      counts.crashed += 1
    },
    answered(milliseconds, isUnavailable) {
      counts.requests += 1
      if (isUnavailable) counts.unavailable += 1
      waits.add(milliseconds)
    },
    brokenOff() {
      counts.brokenOff += 1
    },
    read: (seconds) => ({
      ...structuredClone({ ...counts, faults, strikes, healed, wrong }),
      seconds,
      ...readWaits(waits),
      longestHealing: healings.max(),
    }),
  }
}

function readWaits(waits: Histogram): Pick<Tally, 'p50' | 'p99' | 'longestWait'> {
  return { p50: waits.percentile(0.5), p99: waits.percentile(0.99), longestWait: waits.max() }
}

/** What makes the run a failure, in words; none when it was good. */
export function findFailures(tally: Tally): readonly string[] {
  const counted: ReadonlyArray<readonly [count: number, what: string]> = [
    [tally.lost, 'sessions lost'],
    [tally.healed.unexplained, 'sessions that had to heal although nothing explains it'],
    [tally.crashed, 'processes that ended by themselves'],
    ...Object.entries(tally.wrong).map(([kind, count]) => [count, `wrong answers: ${kind}`] as const),
  ]
  return counted.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
}
