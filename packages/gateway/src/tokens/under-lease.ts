// Work on a session that only one process at a time may do: lease, re-read, still wanted? Whoever comes second finds it
// done. The lease is renewed while the work goes on, and a dead owner's lease ends.
import type { EpochSeconds } from '../kernel/time.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { keepLease, type LeaseKeeper } from './lease-keeper.ts'

export interface LeaseOptions {
  readonly store: Pick<SessionStore, 'acquireLease' | 'renewLease' | 'releaseLease'> & { now(): EpochSeconds }
  readonly lifecycle: Pick<SessionLifecycle, 'reread'>
  /** Names this process among those that share the store. */
  readonly owner: string
  /** How long a lease lives when its owner dies; a living owner renews it after a third of that. */
  readonly leaseSeconds: number
  /** How long the work may take all in all, waiting for another owner included. */
  readonly limitSeconds: number
  readonly wait: (seconds: number) => Promise<void>
}

export interface LeasedWork<Result> {
  readonly lease: string
  /** Asked about each newer state: false when another process has done the work. */
  readonly isWanted: (current: LiveSession) => boolean
  readonly run: (current: LiveSession, lease: LeaseKeeper) => Promise<Result>
}

export type LeasedOutcome<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'unwanted'; readonly live: LiveSession }
  | { readonly kind: 'ended' }
  /** Another owner took longer than the limit. */
  | { readonly kind: 'busy' }

const POLL_SECONDS = 0.05

/** Between two tries, so that processes which fail together do not try together. */
export function pollSeconds(): number {
  return POLL_SECONDS * (1 + Math.random())
}

/** Rejects with `ERR_STORE_UNAVAILABLE`, and with what `run` rejects with. */
export async function workUnderLease<Result>(
  live: LiveSession,
  work: LeasedWork<Result>,
  options: LeaseOptions,
): Promise<LeasedOutcome<Result>> {
  const { store, lifecycle, owner, leaseSeconds } = options
  const giveUpAt = store.now() + options.limitSeconds
  while (!(await store.acquireLease(work.lease, owner, leaseSeconds))) {
    if (store.now() >= giveUpAt) return { kind: 'busy' }
    await options.wait(pollSeconds())
    const current = await lifecycle.reread(live)
    if (current === undefined) return { kind: 'ended' }
    if (!work.isWanted(current)) return { kind: 'unwanted', live: current }
  }
  const keeper = keepLease(store, { name: work.lease, owner, seconds: leaseSeconds })
  try {
    const current = await lifecycle.reread(live)
    if (current === undefined) return { kind: 'ended' }
    if (!work.isWanted(current)) return { kind: 'unwanted', live: current }
    return { kind: 'done', result: await work.run(current, keeper) }
  } finally {
    keeper.stop()
    await store.releaseLease(work.lease, owner).catch(() => undefined)
  }
}
