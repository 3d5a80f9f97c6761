import type { Elapsed, EpochSeconds } from '../kernel/time.ts'
import type { SessionStore } from '../session/session-store.ts'

export interface LeaseKeeper {
  /** False once somebody else has it, or may have it before a request has reached the realm. */
  isHeld(): boolean
  stop(): void
}

export interface KeptLease {
  readonly name: string
  readonly owner: string
  readonly seconds: number
  /** When it was asked for: the store counts from a later moment. */
  readonly askedAt: LeaseMoment
}

/** By the clock that nobody sets, which stands still in a machine that sleeps, and by the store's. */
export interface LeaseMoment {
  readonly elapsed: number
  readonly at: EpochSeconds
}

/** Renewed four times in its life, and not relied upon in its last quarter. */
const PARTS = 4

/** A realm may take longer than a lease lives: oauth2-proxy's fixed two seconds lose sessions there. */
export function keepLease(
  { name, owner, seconds, askedAt }: KeptLease,
  { store, elapsed }: { readonly store: Pick<SessionStore, 'renewLease' | 'now'>; readonly elapsed: Elapsed },
): LeaseKeeper {
  const reliableSeconds = seconds * (1 - 1 / PARTS)
  let since = askedAt
  let isLost = false

  async function renew(): Promise<void> {
    const moment = leaseMoment(store, elapsed)
    if (await store.renewLease(name, owner, seconds)) since = moment
    else isLost = true
  }

  // A store that does not answer renews nothing: the lease goes on for as long as it was given.
  const timer = setInterval(() => renew().catch(() => undefined), (seconds * 1000) / PARTS)
  return {
    // A process that was stopped past its lease runs its next line before any timer tells it so.
    isHeld: () => !isLost && elapsed() - since.elapsed < reliableSeconds && store.now() - since.at < reliableSeconds,
    stop: () => clearInterval(timer),
  }
}

export function leaseMoment(store: Pick<SessionStore, 'now'>, elapsed: Elapsed): LeaseMoment {
  return { elapsed: elapsed(), at: store.now() }
}
