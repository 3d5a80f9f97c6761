// Redis and Valkey: for any number of machines.
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { Clock } from '../kernel/time.ts'
import { wait } from '../kernel/wait.ts'
import type { StoreChange } from '../session/session-store.ts'
import { createRedisConnection } from './redis-connection.ts'
import { redisError, refusalOf } from './redis-errors.ts'
import { createSentinelWires } from './redis-sentinel.ts'
import { createRedisStore, enterRedisStore, type RedisStore } from './redis-store.ts'
import {
  createClusterWire,
  createSingleWire,
  loadRedis,
  type Redis,
  type RedisPlace,
  type RedisWire,
  type WireEvents,
} from './redis-wire.ts'

export interface RedisStoreOptions extends RedisPlace {
  /** Before every key. */
  readonly prefix: string
  /** Null: the server's. */
  readonly clock: Clock | null
  readonly tell: (state: 'lost' | 'found') => void
}

const OPEN_SECONDS = 5
const OPEN_PAUSE_SECONDS = 0.2

/**
 * Connects, and tries for five seconds.
 *
 * Rejects with `ERR_STORE_REFUSED` when the server does not let us in, or holds a format of a version too far away, or
 * the library is not installed; with `ERR_STORE_UNAVAILABLE` when it does not answer.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const redis = await loadRedis()
  const giveUpAt = performance.now() + OPEN_SECONDS * 1000
  for (;;) {
    try {
      return await connect(redis, options)
    } catch (error) {
      if (isGatewayError(error, 'ERR_STORE_REFUSED') || performance.now() > giveUpAt) throw redisError(error)
      await wait(OPEN_PAUSE_SECONDS)
    }
  }
}

async function connect(redis: Redis, options: RedisStoreOptions): Promise<RedisStore> {
  const listeners = new Set<(change: StoreChange) => void>()
  const connection = createRedisConnection({
    ...options,
    createWire: createWires(redis, options),
    onChange(change) {
      for (const listener of listeners) listener(change)
    },
  })
  const store = createRedisStore(connection, options.prefix, listeners)
  try {
    await connection.open()
    await enterRedisStore(connection, options.prefix)
    return store
  } catch (error) {
    await store.close()
    const refusal = connection.refusal() ?? refusalOf(error)
    throw refusal === null ? error : new GatewayError('ERR_STORE_REFUSED', { reason: refusal })
  }
}

function createWires(redis: Redis, place: RedisPlace): (events: WireEvents) => RedisWire {
  switch (place.topology) {
    case 'single':
      return (events) => createSingleWire(redis, place, events)
    case 'cluster':
      return (events) => createClusterWire(redis, place, events)
    case 'sentinel':
      return createSentinelWires(redis, place)
  }
}
