// Whether a store on another machine, and its word about changes, is within reach.
import type { EpochSeconds } from '../kernel/time.ts'

export interface Reachability {
  /** Since when it is not; null while it is. */
  unreachableSince(): EpochSeconds | null
  /** A sign of life, by way of everything that changes are told by. */
  seen(): void
  /** It failed, or has been silent for too long. */
  missed(): void
}

export interface ReachabilityOptions {
  readonly now: () => EpochSeconds
  readonly tell: (state: 'lost' | 'found') => void
  /** Changes may have been told meanwhile and not been heard. Called before the store counts as found. */
  readonly onFound: () => void
}

export function createReachability({ now, tell, onFound }: ReachabilityOptions): Reachability {
  let lastSeenAt = now()
  let since: EpochSeconds | null = null
  return {
    unreachableSince: () => since,
    seen() {
      lastSeenAt = now()
      if (since === null) return
      onFound()
      since = null
      tell('found')
    },
    missed() {
      if (since !== null) return
      // From the last sign of life on nothing is known.
      since = lastSeenAt
      tell('lost')
    },
  }
}
