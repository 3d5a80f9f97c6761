// Gateways as far as their signing keys go: any number on one store, with a clock that stands still.
import { randomBytes } from 'node:crypto'
import { createEvents, type GatewayEvent } from '../../src/kernel/events.ts'
import { createSealer, type KeyRing, type RingKey } from '../../src/kernel/seal.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import type { SigningKeyPlace } from '../../src/tokens/signing-key-document.ts'
import type { SigningAlgorithm } from '../../src/tokens/signing-key-ring.ts'
import { createSigningKeys, type SigningKeys } from '../../src/tokens/signing-keys.ts'
import { createFixedClock, type FixedClock } from './fixed-clock.ts'

export interface KeyedReplica {
  readonly keys: SigningKeys
  readonly events: readonly GatewayEvent[]
}

export interface ReplicaSettings {
  readonly algorithm?: SigningAlgorithm
  readonly store?: SessionStore
  readonly ring?: KeyRing
  readonly pollSeconds?: number
}

export interface KeyedReplicas extends SigningKeyPlace {
  readonly clock: FixedClock
  readonly store: SessionStore
  /** Not started. */
  replica(settings?: ReplicaSettings): KeyedReplica
}

const NEVER_SECONDS = 100_000

export function createKeyedReplicas(): KeyedReplicas {
  const clock = createFixedClock(1_800_000_000)
  const store = createMemoryStore({ clock: clock.now })
  const ring = buildRing([buildRingKey('0011223344556677')])
  return {
    clock,
    store,
    sealer: createSealer(ring, 'signing-keys'),
    replica(settings = {}) {
      const bus = createEvents()
      const events: GatewayEvent[] = []
      bus.subscribe((event) => events.push(event))
      const keys = createSigningKeys({
        store: settings.store ?? store,
        sealer: createSealer(settings.ring ?? ring, 'signing-keys'),
        algorithm: settings.algorithm ?? 'ES256',
        pollSeconds: settings.pollSeconds ?? NEVER_SECONDS,
        events: bus,
      })
      return { keys, events }
    },
  }
}

export function buildRingKey(id: string): RingKey {
  return { id, secret: randomBytes(32) }
}

export function buildRing(keys: readonly RingKey[]): KeyRing {
  return { keys: () => keys, reload() {} }
}

export function publishedKids({ keys }: KeyedReplica): readonly (string | undefined)[] {
  return keys.keySet().keys.map(({ kid }) => kid)
}

export function signingKid({ keys }: KeyedReplica): string {
  const kid = keys.signing()?.kid
  if (kid === undefined) throw new Error('nothing signs')
  return kid
}
