// Work on a session at its realm that only one process at a time may do: a turn at the realm's gate, lease, re-read,
// still wanted? Whoever comes second finds it done. The lease is renewed while the work goes on, a dead owner's lease
// ends, and whoever was stopped past its own begins anew.
import type { Elapsed } from '../kernel/time.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { keepLease, type LeaseKeeper, leaseMoment } from './lease-keeper.ts'
import type { RealmGates, Turn } from './realm-gate.ts'
import type { SessionNews } from './session-news.ts'

export interface LeaseOptions {
  readonly store: Pick<SessionStore, 'acquireLease' | 'renewLease' | 'releaseLease' | 'now'>
  readonly lifecycle: Pick<SessionLifecycle, 'reread'>
  readonly news: SessionNews
  readonly gates: RealmGates
  readonly elapsed: Elapsed
  /** Names this process among those that share the store. */
  readonly owner: string
  /** How long a lease lives when its owner dies; a living owner renews it after a quarter of that. */
  readonly leaseSeconds: number
  /** How long the work may take all in all, waiting for another owner included. */
  readonly limitSeconds: number
  readonly wait: (seconds: number) => Promise<void>
}

export interface LeasedWork<Result> {
  readonly lease: string
  /** Whose gate it goes through, by its local name. */
  readonly realm: string
  /** Asked about each newer state: false when another process has done the work. */
  readonly isWanted: (current: LiveSession) => boolean
  /** Must ask the realm before it awaits anything, and leave its turn. */
  readonly run: (current: LiveSession, lease: LeaseKeeper, turn: Turn) => Promise<Result>
}

type Finished<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'unwanted'; readonly live: LiveSession }
  | { readonly kind: 'ended' }

export type LeasedOutcome<Result> =
  | Finished<Result>
  /** Another owner took longer than the limit. */
  | { readonly kind: 'busy' }
  /** By the realm's gate. */
  | { readonly kind: 'turned-away'; readonly retryAfterSeconds: number }

/** After an outage another process may hold new tokens that it could not write: its store is back in about a second. */
const SETTLE_SECONDS = 1.5

/** Rejects with `ERR_STORE_UNAVAILABLE`, and with what `run` rejects with. */
export async function workUnderLease<Result>(
  live: LiveSession,
  work: LeasedWork<Result>,
  options: LeaseOptions,
): Promise<LeasedOutcome<Result>> {
  const giveUpAt = options.store.now() + options.limitSeconds
  const listening = options.news.listen(live.key)
  try {
    for (let tries = 0; ; tries += 1) {
      const entry = await options.gates.enter(work.realm)
      if (entry.kind === 'turned-away') return entry
      const finished = await tryUnderLease(live, work, entry.turn, options).finally(() => entry.turn.leave('unasked'))
      if (finished !== null) return finished
      if (options.store.now() >= giveUpAt) return { kind: 'busy' }
      await listening.next(tries)
      const found = look(await options.lifecycle.reread(live), work)
      if (found.kind !== 'wanted') return found
    }
  } finally {
    listening.stop()
  }
}

/** Null when somebody else has the lease, or may have it by now: nothing was done. */
async function tryUnderLease<Result>(
  live: LiveSession,
  work: LeasedWork<Result>,
  turn: Turn,
  options: LeaseOptions,
): Promise<Finished<Result> | null> {
  const { store, owner, leaseSeconds, elapsed } = options
  const askedAt = leaseMoment(store, elapsed)
  if (!(await store.acquireLease(work.lease, owner, leaseSeconds))) return null
  const keeper = keepLease({ name: work.lease, owner, seconds: leaseSeconds, askedAt }, options)
  try {
    const restSeconds = SETTLE_SECONDS - options.news.secondsSinceGap()
    if (restSeconds > 0) await options.wait(restSeconds)
    const found = look(await options.lifecycle.reread(live), work)
    if (found.kind !== 'wanted') return found
    if (!keeper.isHeld()) return null
    return { kind: 'done', result: await work.run(found.live, keeper, turn) }
  } finally {
    keeper.stop()
    await store.releaseLease(work.lease, owner).catch(() => undefined)
  }
}

type Found =
  | { readonly kind: 'ended' }
  | { readonly kind: 'wanted'; readonly live: LiveSession }
  | { readonly kind: 'unwanted'; readonly live: LiveSession }

function look(current: LiveSession | undefined, { isWanted }: Pick<LeasedWork<unknown>, 'isWanted'>): Found {
  if (current === undefined) return { kind: 'ended' }
  return { kind: isWanted(current) ? 'wanted' : 'unwanted', live: current }
}
