import { parseStore } from '../../src/config/store-address.ts'
import type { Clock } from '../../src/kernel/time.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { openRedisStore, type RedisStoreOptions } from '../../src/stores/redis.ts'
import { LOOPBACK_CERTIFICATE } from './loopback-certificate.ts'

let stores = 0

/** A prefix that no other store of this process has. */
export function newPrefix(): string {
  stores += 1
  return `doorman_${process.pid}_${stores}`
}

export interface TestStoreOptions {
  readonly prefix?: string
  /** Default: the server's. */
  readonly clock?: Clock
  readonly tell?: (state: 'lost' | 'found') => void
}

export function redisOptions(url: string, options: TestStoreOptions = {}): RedisStoreOptions {
  const place = parseStore(url)
  if (place?.kind !== 'redis') throw new TypeError(`no address of a Redis: ${url}`)
  const { prefix = newPrefix(), clock = null, tell = () => {} } = options
  return { ...place, prefix, clock, tell, ca: place.isTls ? [LOOPBACK_CERTIFICATE] : [] }
}

export function openTestRedis(url: string, options: TestStoreOptions = {}): Promise<SessionStore> {
  return openRedisStore(redisOptions(url, options))
}
