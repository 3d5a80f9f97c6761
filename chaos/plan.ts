// What goes wrong when, as the seed has it. Pure: each round and each block is drawn by its own number, so that it does
// not depend on what happened before.
import { createRandom, type Random } from './random.ts'

/** What the realm does to the first request of a round. */
export type RealmFault =
  | 'none'
  | 'delayed'
  | 'delayed past the lease'
  | 'dropped before processing'
  | 'dropped after processing'
  | 'cut in the middle'
  | '500'
  | '502'
  | '503 text/plain'

/** The realm has spent the token, and nobody gets the answer. */
export const LOSING_FAULTS: readonly RealmFault[] = ['dropped after processing', 'cut in the middle']
/** And what leaves it in the hand of a process for long. */
export const RISKY_FAULTS: readonly RealmFault[] = [...LOSING_FAULTS, 'delayed past the lease']

export interface PlannedRound {
  readonly fault: RealmFault
  /** In its place where an answer must not be put at risk. */
  readonly harmlessFault: RealmFault
  /** How many requests of the round meet it, if it leaves the token unspent. */
  readonly times: number
  readonly delaySeconds: number
  /** Whether a delay comes before the request is processed, or after. */
  readonly delaysProcessing: boolean
}

/** When a process is struck. */
export type StrikePoint =
  /** The realm has its token request, and has not looked at it. */
  | 'asking'
  /** The realm has spent the token, and has not answered. */
  | 'spent'
  /** It has the answer, and has not written it. */
  | 'answered'
  /** It has taken a lease, and has read the session anew. */
  | 'looked'

export type Strike =
  | { readonly kind: 'kill' | 'pause'; readonly point: StrikePoint }
  /** One process ends as it should, and begins again with a clock that is wrong. */
  | { readonly kind: 'skew'; readonly seconds: number }
  | { readonly kind: 'store'; readonly fault: string }

export interface Plan {
  round(index: number): PlannedRound
  strike(block: number): Strike
}

export interface PlanGround {
  readonly storeFaults: readonly string[]
  /** Clocks of processes may differ: the store has one of its own. */
  readonly hasOwnClock: boolean
}

/** A new one begins after so many rounds. */
export const BLOCK_ROUNDS = 100

const FAULTS: ReadonlyArray<readonly [fault: RealmFault, weight: number]> = [
  ['none', 30],
  ['delayed', 18],
  ['delayed past the lease', 1],
  ['dropped before processing', 9],
  ['dropped after processing', 8],
  ['cut in the middle', 8],
  ['500', 9],
  ['502', 9],
  ['503 text/plain', 8],
]
const MAX_TIMES = 3
const DELAY_SECONDS = [0.05, 1.5] as const
/** The lease is 4 s; the realm's answer is waited for for 20 s. */
const LONG_DELAY_SECONDS = [4.5, 7] as const
const KILL_POINTS: readonly StrikePoint[] = ['spent', 'asking', 'answered', 'looked']
const SKEWS: readonly number[] = [60, -60]

export function createPlan(seed: number, ground: PlanGround): Plan {
  return {
    round: (index) => drawRound(createRandom(seed, `round ${index}`)),
    strike(block) {
      const kinds = listKinds(ground)
      const cycle = Math.floor(block / kinds.length)
      const kind = createRandom(seed, `cycle ${cycle}`).shuffle(kinds)[block % kinds.length] ?? 'kill'
      return drawStrike(kind, block, seed, ground)
    },
  }
}

/** One of each comes in every so many blocks. */
function listKinds({ hasOwnClock }: PlanGround): readonly Strike['kind'][] {
  return hasOwnClock ? ['kill', 'pause', 'store', 'skew', 'store'] : ['kill', 'pause', 'store']
}

function drawRound(random: Random): PlannedRound {
  const fault = drawFault(random, FAULTS)
  const harmlessFault = drawFault(
    random,
    FAULTS.filter(([name]) => !RISKY_FAULTS.includes(name)),
  )
  const isLong = fault === 'delayed past the lease'
  return {
    fault,
    harmlessFault,
    times: 1 + random.below(MAX_TIMES),
    delaySeconds: isLong ? random.between(...LONG_DELAY_SECONDS) : random.between(...DELAY_SECONDS),
    delaysProcessing: random.next() < 0.5,
  }
}

function drawFault(random: Random, faults: typeof FAULTS): RealmFault {
  let rest = random.below(faults.reduce((sum, [, weight]) => sum + weight, 0))
  for (const [fault, weight] of faults) {
    if (rest < weight) return fault
    rest -= weight
  }
  return 'none'
}

function drawStrike(kind: Strike['kind'], block: number, seed: number, { storeFaults }: PlanGround): Strike {
  const random = createRandom(seed, `strike ${block}`)
  switch (kind) {
    case 'kill':
    case 'pause':
      return { kind, point: random.pick(KILL_POINTS) }
    case 'skew':
      return { kind, seconds: random.pick(SKEWS) }
    case 'store':
      return { kind, fault: random.pick(storeFaults) }
  }
}
