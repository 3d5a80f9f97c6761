// The session store on Redis. No operation touches two keys, so that a cluster does as well; what belongs to two of them
// (a record and its indexes, a record and a tombstone) is written in an order that a crash in between leaves right.
import { isGatewayError } from '../kernel/errors.ts'
import type { ClaimOutcome, SessionStore, StoreChange } from '../session/session-store.ts'
import type { RedisConnection } from './redis-connection.ts'
import { unavailable } from './redis-errors.ts'
import { createRedisKeys, timeToLive } from './redis-keys.ts'
import {
  CLAIM,
  ENTER_STORE,
  HOLD_LEASE,
  READ_SEALING_KEY,
  RELEASE_LEASE,
  SETTLE_CLAIM,
  WRITE_DOCUMENT,
} from './redis-scripts.ts'
import { createRedisSessions } from './redis-sessions.ts'
import type { Words } from './redis-wire.ts'
import { refuseForeignFormat } from './store-format.ts'

export interface RedisStore extends SessionStore {
  /** Where limits count that all processes share: as much of a client as that needs, with our limits in time. */
  readonly counters: { readonly kind: 'redis'; readonly client: object; readonly prefix: string }
}

export const REDIS_FORMAT = { format: 1, reader: 1 }
const SCAN_KEYS = '500'

/** Rejects with `ERR_STORE_REFUSED` when the store is of a version too far away. */
export async function enterRedisStore({ run }: RedisConnection, prefix: string): Promise<void> {
  const { format, reader } = REDIS_FORMAT
  const found = await run(ENTER_STORE, createRedisKeys(prefix).meta, [String(format), String(reader)])
  refuseForeignFormat((found as readonly unknown[]).map(Number), format)
}

export function createRedisStore(
  connection: RedisConnection,
  prefix: string,
  listeners: Set<(change: StoreChange) => void>,
): RedisStore {
  const { now, run, ask, announcements } = connection
  const keys = createRedisKeys(prefix)

  function leaseWords(owner: string, seconds: number): Words {
    const end = now() + seconds
    return [timeToLive(end, now), String(end), String(now()), owner]
  }

  /** May visit a key twice. */
  async function scan(pattern: string, visit: (key: string) => Promise<void>): Promise<void> {
    for (const send of await connection.masters()) {
      let cursor = '0'
      do {
        const answer = await send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_KEYS])
        const [onward, names] = answer as readonly [unknown, readonly unknown[]]
        await Promise.all(names.map((name) => visit(String(name))))
        cursor = String(onward)
      } while (cursor !== '0')
    }
  }

  async function isSealedBy(key: string, keyId: string): Promise<boolean> {
    const id = await run(READ_SEALING_KEY, key, [])
    return Buffer.isBuffer(id) && id.toString('hex') === keyId
  }

  function evaluate(text: string, { keys, arguments: words }: { keys: readonly string[]; arguments: Words }) {
    const [key = ''] = keys
    return ask(key, ['EVAL', text, '1', key, ...words])
  }

  return {
    counters: { kind: 'redis', client: { eval: evaluate }, prefix },
    now,
    unreachableSince: connection.unreachableSince,
    ...createRedisSessions(connection, keys),
    async claim(name, expiresAt) {
      const words = [timeToLive(expiresAt, now), announcements.nameWrite(), String(expiresAt), String(now())]
      return String(await connection.runDurably(CLAIM, keys.claim(name), words)) as ClaimOutcome
    },
    async settleClaim(name) {
      await run(SETTLE_CLAIM, keys.claim(name), [])
    },
    // Durably: two owners would both spend one refresh token.
    async acquireLease(name, owner, seconds) {
      return (await connection.runDurably(HOLD_LEASE, keys.lease(name), leaseWords(owner, seconds))) === 1
    },
    async renewLease(name, owner, seconds) {
      return (await run(HOLD_LEASE, keys.lease(name), [...leaseWords(owner, seconds), 'renew'])) === 1
    },
    async releaseLease(name, owner) {
      await run(RELEASE_LEASE, keys.lease(name), [owner])
    },
    async readDocument(name) {
      const at = keys.document(name)
      const [version, sealed] = (await ask(at, ['HMGET', at, 'v', 'd'])) as readonly unknown[]
      return Buffer.isBuffer(sealed) ? { sealed, version: Number(version) } : undefined
    },
    async writeDocument(name, sealed, expectedVersion) {
      const words = [announcements.nameWrite(), String(expectedVersion), sealed]
      return (await connection.runDurably(WRITE_DOCUMENT, keys.document(name), words)) === 1
    },
    async countSealedBy(keyId) {
      const counted = new Set<string>()
      const visit = async (key: string) => {
        if (await isSealedBy(key, keyId)) counted.add(key)
      }
      for (const pattern of [keys.session('*'), keys.document('*')]) await scan(pattern, visit)
      return counted.size
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async sweep() {
      // The server removes by itself what has expired.
      await ask(keys.meta, ['EXISTS', keys.meta])
      return 0
    },
    async ping() {
      await enterRedisStore(connection, prefix).catch((error: unknown) => {
        // A newer program has come to the store while this one ran.
        throw isGatewayError(error, 'ERR_STORE_REFUSED') ? unavailable('newer-schema') : error
      })
      if (connection.unreachableSince() !== null) throw unavailable('silent')
    },
    async close() {
      listeners.clear()
      connection.close()
    },
  }
}
