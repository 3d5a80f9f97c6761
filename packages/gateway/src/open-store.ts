// The store of the configuration, opened.
import { existsSync, readFileSync } from 'node:fs'
import type { GatewayConfig } from './config/gateway-config.ts'
import { GatewayError } from './kernel/errors.ts'
import type { Events } from './kernel/events.ts'
import { type Clock, systemClock } from './kernel/time.ts'
import type { CounterPlace } from './policy/rate-limit.ts'
import type { SessionStore } from './session/session-store.ts'
import { createMemoryStore } from './stores/memory.ts'
import { openPostgresStore } from './stores/postgres.ts'
import { openRedisStore } from './stores/redis.ts'
import { openSqliteStore } from './stores/sqlite.ts'

const SQLITE_PACE = { pollMillis: 100, busyMillis: 2000 }

const POLLING =
  'word of changes in PostgreSQL does not come through, so that they are looked for four times a second: ' +
  'a pooler that works by transaction is in between'

export interface OpenedStore {
  readonly store: SessionStore
  /** Where processes count requests together; null where the store has no such place. */
  readonly counters: CounterPlace | null
}

/** `polling`: changes by other processes are not heard of at once but looked for. */
export type StoreState = 'lost' | 'found' | 'polling'

export interface OpenStoreOptions {
  /** PEM certificates of authorities to trust beside Node's own. */
  readonly ca: readonly string[]
  /** Of the stores that have none of their own. */
  readonly clock: Clock
  /** Told when the store, or its word about changes, gets out of reach, and when it is back. Must not throw. */
  readonly tell: (state: StoreState) => void
}

/** Rejects with `ERR_STORE_REFUSED`, or `ERR_STORE_UNAVAILABLE`. */
export async function openStore({ session }: GatewayConfig, options: OpenStoreOptions): Promise<OpenedStore> {
  const { store, prefix, connections } = session
  const { ca, clock, tell } = options
  switch (store.kind) {
    case 'memory':
      return local(createMemoryStore({ clock }))
    case 'sqlite':
      return local(await openSqliteStore({ path: store.path, clock, ...SQLITE_PACE }))
    case 'redis': {
      const opened = await openRedisStore({ ...store, prefix, ca, clock: null, tell })
      return { store: opened, counters: opened.counters }
    }
    case 'postgres': {
      const opened = await openPostgresStore({ ...store, schema: prefix, connections, ca, clock: null, tell })
      return { store: opened, counters: opened.counters }
    }
  }
}

function local(store: SessionStore): OpenedStore {
  return { store, counters: null }
}

export function tellOfStore(state: StoreState, events: Events): void {
  if (state !== 'polling') events.emit({ kind: `store.${state}` })
  else events.emit({ kind: 'gateway.warned', warning: POLLING })
}

/** PEM certificates of authorities to trust beside Node's own. */
export function readAuthorities({ tls }: GatewayConfig): readonly string[] {
  return tls.ca.map((file) => readFileSync(file, 'utf8'))
}

/**
 * For what the command line does beside running gateways. Rejects with `ERR_STORE_REFUSED` where there is nothing to
 * open, and as `openStore` does.
 */
export async function openExistingStore(config: GatewayConfig): Promise<SessionStore> {
  const { store } = config.session
  if (store.kind === 'memory') {
    const remedy = 'the memory of a running gateway cannot be reached: name a store in session.store'
    throw new GatewayError('ERR_STORE_REFUSED', { reason: 'memory', remedy })
  }
  if (store.kind === 'sqlite' && !existsSync(store.path)) {
    throw new GatewayError('ERR_STORE_REFUSED', {
      reason: 'absent',
      path: store.path,
      remedy: 'doorman start makes it',
    })
  }
  return (await openStore(config, { ca: readAuthorities(config), clock: systemClock, tell: () => {} })).store
}
