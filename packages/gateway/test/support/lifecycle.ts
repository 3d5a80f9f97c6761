// A session lifecycle over a memory store, as one replica has it.
import { randomBytes } from 'node:crypto'
import { createEvents, type GatewayEvent } from '../../src/kernel/events.ts'
import { createSealer, type Sealer } from '../../src/kernel/seal.ts'
import { createSessionLifecycle, type NewSession, type SessionLifecycle } from '../../src/session/lifecycle.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { createFixedClock, type FixedClock } from './fixed-clock.ts'
import { buildTokens } from './sessions.ts'

export interface Replica {
  readonly lifecycle: SessionLifecycle
  readonly events: readonly GatewayEvent[]
  /** Handles of sessions whose end the realm would be told of. */
  readonly ended: readonly string[]
}

export interface ReplicaSet {
  readonly clock: FixedClock
  readonly store: SessionStore
  /** Of session records. */
  readonly sealer: Sealer
  /** Another replica on the same store. */
  replica(over?: SessionStore): Replica & { readonly bus: ReturnType<typeof createEvents> }
}

export const LIMITS = { idleSeconds: 1800, absoluteSeconds: 40_000 }

export function createReplicaSet({ staleSeconds = 60 }: { readonly staleSeconds?: number } = {}): ReplicaSet {
  const clock = createFixedClock()
  const store = createMemoryStore({ clock: clock.now })
  const keys = [{ id: '0011223344556677', secret: randomBytes(32) }]
  const sealer = createSealer({ keys: () => keys, reload() {} }, 'session')
  return {
    clock,
    store,
    sealer,
    replica(over = store) {
      const bus = createEvents()
      const events: GatewayEvent[] = []
      const ended: string[] = []
      bus.subscribe((event) => events.push(event))
      const lifecycle = createSessionLifecycle({
        store: over,
        sealer,
        limits: LIMITS,
        refreshMarginSeconds: 30,
        cachedSessions: 3,
        cacheSeconds: 30,
        staleSeconds,
        verifySeconds: null,
        events: bus,
        onEnded: ({ handle }) => void ended.push(handle),
      })
      return { lifecycle, events, ended, bus }
    },
  }
}

export function buildNewSession(changes: Partial<NewSession> = {}): NewSession {
  return {
    realm: 'main',
    issuer: 'https://sso.example/realms/main',
    subject: 'alice-id',
    sid: 'realm-session-1',
    tokens: buildTokens(),
    claims: { name: 'Alice' },
    roles: { realmRoles: ['user'], clientRoles: {} },
    accessClaims: {},
    device: { userAgent: null, address: null },
    heals: null,
    continues: null,
    ...changes,
  }
}
