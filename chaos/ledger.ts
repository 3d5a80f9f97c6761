// Who had which refresh token, what became of it, and why a session's tokens were lost. No I/O and no clock: `now`, in
// seconds, is always an argument.
import type { TokenUse } from '@doorman/dev-realm'
import { LOSING_FAULTS, type PlannedRound, type RealmFault, RISKY_FAULTS } from './plan.ts'

/** A gateway process from its start to its end. */
export type Sender = string

/**
 * `answer`: the realm has spent the token, and its answer was lost on the way or with the process that waited for it.
 * `stopped`: a process was stopped between its last look at the lease and the request.
 * `write`: the store has lost a write that it had acknowledged.
 * `record`: it has lost the whole session, which had just begun.
 * `unwritten`: the store failed while a process held the answer, or lost the lease under which it asked.
 */
export type Cause = 'answer' | 'stopped' | 'write' | 'record' | 'unwritten'

/** One due refresh: from the first request with its token to the next token. */
export interface Round {
  readonly index: number
  readonly tokenId: string
  readonly plan: PlannedRound
  readonly presentations: Presentation[]
  fault: RealmFault
  /** The realm has taken the token. */
  isSpent: boolean
  /** A gateway has said that what came of it is written. */
  isKept: boolean
}

export interface Presentation {
  readonly sender: Sender | null
  readonly at: number
}

interface Account {
  readonly round: Round | null
  /** The newest one last. */
  readonly earlier: readonly Round[]
  readonly tokensIssuedAt: number
  readonly openedAt: number
  /** When it last had its tokens lost, or put at risk. */
  readonly costAt: number
  /** Undefined: no refusal; null: a refusal that nothing explains. */
  readonly refusal: Cause | null | undefined
}

interface Stop {
  readonly sender: Sender
  readonly from: number
  /** Null: for good, or not over yet. */
  until: number | null
}

interface StoreTrouble {
  readonly losesWrites: boolean
  readonly from: number
  /** Infinite while it lasts. */
  until: number
}

export interface Ledger {
  /** A token request has arrived. */
  present(person: string, tokenId: string, sender: Sender | null, now: number): Round
  /** What the realm made of it. */
  use(person: string, use: Pick<TokenUse, 'tokenId' | 'outcome'>, now: number): void
  /** A gateway says that new tokens are written. */
  keep(person: string): void
  /** By a login. */
  renew(person: string, now: number): void
  /** Whether its tokens may be lost now: a session heals once in a minute. */
  mayCost(person: string, now: number): boolean
  cost(person: string, now: number): void
  /** Whether all whose new tokens are nowhere but with this process, or with any for null, may lose them now. */
  mayStrike(sender: Sender | null, now: number): boolean
  /** A process stands still, or is gone, from now on; returns the function that says that it goes on. */
  stop(sender: Sender, now: number): (now: number) => void
  /** The store is in trouble from now on; returns the function that says that it is well again. */
  harmStore(losesWrites: boolean, now: number): (now: number) => void
  tokensIssuedAt(person: string): number
  /** Why the realm has refused a token since this was asked last; null: nothing explains it, undefined: it has not. */
  takeRefusal(person: string): Cause | null | undefined
  /** Whether the store may have lost the session itself. */
  mayBeGone(person: string): boolean
  /** What is known of its round, for whoever looks for a fault of ours. */
  describe(person: string): string
  rounds(): number
}

/** A session heals at most once in this time. */
export const HEAL_EVERY_SECONDS = 60
/** Beyond it, because a loss may be noticed later than it happens. */
const SPARE_SECONDS = 20
/** A request that a stopped process was about to send arrives so soon after it goes on. */
const SEND_SECONDS = 3
/** So long tokens may be unwritten: an answer that is late, and an outage. */
const HAND_SECONDS = 10
/** What was written so long before a failure is on every server. */
const UNSAVED_SECONDS = 5
const REMEMBERED_ROUNDS = 5
const REMEMBERED_STOPS = 50
/** Connections come back so late after the store. */
const RECOVERY_SECONDS = 20

export function createLedger(reuse: 0 | 1, planRound: (index: number) => PlannedRound): Ledger {
  const accounts = new Map<string, Account>()
  const stops: Stop[] = []
  let rounds = 0
  const troubles: StoreTrouble[] = []

  function accountOf(person: string): Account {
    const none = { round: null, earlier: [], tokensIssuedAt: 0, openedAt: 0, refusal: undefined }
    return accounts.get(person) ?? { ...none, costAt: Number.NEGATIVE_INFINITY }
  }

  function change(person: string, changes: Partial<Account>): void {
    accounts.set(person, { ...accountOf(person), ...changes })
  }

  function mayCost(person: string, now: number): boolean {
    return reuse === 1 || now - accountOf(person).costAt > HEAL_EVERY_SECONDS + SPARE_SECONDS
  }

  function begin(person: string, tokenId: string, now: number): Round {
    const { round, earlier } = accountOf(person)
    const plan = planRound(rounds)
    const fault = RISKY_FAULTS.includes(plan.fault) && !mayCost(person, now) ? plan.harmlessFault : plan.fault
    const begun = { index: rounds, tokenId, plan, presentations: [], fault, isSpent: false, isKept: false }
    rounds += 1
    const known = round === null ? earlier : [...earlier, round].slice(-REMEMBERED_ROUNDS)
    change(person, { round: begun, earlier: known })
    if (LOSING_FAULTS.includes(fault)) change(person, { costAt: now })
    return begun
  }

  function wasStopped({ sender, at }: Presentation): boolean {
    return stops.some((stop) => stop.sender === sender && (stop.until ?? Number.POSITIVE_INFINITY) >= at)
  }

  function hasJustGoneOn(sender: Sender | null, at: number): boolean {
    return stops.some((stop) => stop.sender === sender && stop.until !== null && at - stop.until < SEND_SECONDS)
  }

  function roundOf({ round, earlier }: Account, tokenId: string): Round | null {
    return [...earlier, round].find((known) => known?.tokenId === tokenId) ?? null
  }

  function explain(account: Account, tokenId: string): Cause | null {
    const round = roundOf(account, tokenId)
    if (round === null) return null
    const isNewest = round === account.round && !round.isKept
    const wasCaught = round.presentations.length > 1 && round.presentations.some(wasStopped)
    if (isNewest && (LOSING_FAULTS.includes(round.fault) || wasCaught)) return 'answer'
    // Its request may have stood at the realm while another process took over.
    const last = round.presentations.at(-1)
    if (wasCaught || (last !== undefined && hasJustGoneOn(last.sender, last.at))) return 'stopped'
    const beganAt = round.presentations[0]?.at ?? 0
    const since = troubles.filter(({ until }) => until + RECOVERY_SECONDS >= beganAt)
    if (isNewest) return since.length > 0 ? 'unwritten' : null
    return since.some(({ losesWrites }) => losesWrites) ? 'write' : null
  }

  function isInHand({ round, tokensIssuedAt }: Account, sender: Sender | null, now: number): boolean {
    // The last word of a process may be lost that has written them.
    if (round === null || round.isKept || !round.isSpent || now - tokensIssuedAt > HAND_SECONDS) return false
    return sender === null || round.presentations.some((presentation) => presentation.sender === sender)
  }

  return {
    mayCost,
    mayStrike(sender, now) {
      const inHand = [...accounts].filter(([, account]) => isInHand(account, sender, now))
      return inHand.every(([person, { round }]) => mayCost(person, now) && round?.presentations.length === 1)
    },
    present(person, tokenId, sender, now) {
      const round = roundOf(accountOf(person), tokenId) ?? begin(person, tokenId, now)
      round.presentations.push({ sender, at: now })
      return round
    },
    use(person, { tokenId, outcome }, now) {
      const account = accountOf(person)
      if (outcome === 'refused') {
        change(person, { refusal: explain(account, tokenId), costAt: now })
        return
      }
      const round = roundOf(account, tokenId)
      if (round !== null) round.isSpent = true
      change(person, { tokensIssuedAt: now })
    },
    keep(person) {
      const { round } = accountOf(person)
      if (round?.isSpent === true) round.isKept = true
    },
    renew: (person, now) => change(person, { tokensIssuedAt: now, openedAt: now, round: null, earlier: [] }),
    cost: (person, now) => change(person, { costAt: now }),
    stop(sender, now) {
      const stop: Stop = { sender, from: now, until: null }
      stops.push(stop)
      if (stops.length > REMEMBERED_STOPS) stops.shift()
      return (until) => {
        stop.until = until
      }
    },
    harmStore(losesWrites, from) {
      const trouble = { losesWrites, from, until: Number.POSITIVE_INFINITY }
      troubles.push(trouble)
      if (troubles.length > REMEMBERED_STOPS) troubles.shift()
      return (until) => {
        trouble.until = until
      }
    },
    tokensIssuedAt: (person) => accountOf(person).tokensIssuedAt,
    takeRefusal(person) {
      const { refusal } = accountOf(person)
      change(person, { refusal: undefined })
      return refusal
    },
    mayBeGone(person) {
      const { openedAt } = accountOf(person)
      const isAround = ({ from, until }: StoreTrouble) => openedAt > from - UNSAVED_SECONDS && openedAt < until
      return troubles.some((trouble) => trouble.losesWrites && isAround(trouble))
    },
    describe(person) {
      const { round, earlier } = accountOf(person)
      return [...earlier.slice(-2), ...(round === null ? [] : [round])].map(describeRound).join('; ')
    },
    rounds: () => rounds,
  }
}

function describeRound({ index, fault, isSpent, isKept, presentations }: Round): string {
  const sent = presentations.map(({ sender, at }) => `by ${sender ?? 'somebody'} at ${at.toFixed(2)}`)
  return `round ${index} (${fault}, spent ${isSpent}, kept ${isKept}) ${sent.join(', ')}`
}
