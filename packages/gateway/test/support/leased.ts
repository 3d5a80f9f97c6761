// What renewals need beside a store and a realm, with clocks that a test moves.
import type { Events } from '../../src/kernel/events.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { createRealmGates, type RealmGateOptions } from '../../src/tokens/realm-gate.ts'
import { createSessionNews } from '../../src/tokens/session-news.ts'
import type { LeaseOptions } from '../../src/tokens/under-lease.ts'

export type Leased = Omit<LeaseOptions, 'store' | 'lifecycle' | 'owner'> & { readonly cooldownSeconds: number }

/** Waits end at once, so that whoever waits looks again and again. */
export function createLeased(
  store: SessionStore,
  events: Events,
  changes: Partial<LeaseOptions & RealmGateOptions> = {},
): Leased {
  const now = () => store.now()
  const common = {
    leaseSeconds: 10,
    limitSeconds: 60,
    cooldownSeconds: 1,
    elapsed: now,
    wait: () => new Promise<void>((resolve) => setImmediate(resolve)),
    ...changes,
  }
  const gates = createRealmGates({
    concurrency: 16,
    maxWaiting: 100,
    waitSeconds: 5,
    breaker: { opensAfter: 5, openSeconds: 3 },
    now,
    events,
    ...changes,
  })
  return { news: createSessionNews({ ...common, store }), gates, ...common }
}
