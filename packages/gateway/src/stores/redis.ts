// Redis and Valkey: for any number of machines. No operation touches two keys, so that a cluster does as well; what
// belongs to two of them (a record and its indexes, a record and a tombstone) is written in an order that a crash in
// between leaves right.
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { SessionEnd } from '../kernel/events.ts'
import type { Clock, EpochSeconds } from '../kernel/time.ts'
import { wait } from '../kernel/wait.ts'
import type {
  ClaimOutcome,
  ReplaceOutcome,
  SessionIndex,
  SessionIndexes,
  SessionRecord,
  SessionStore,
  StoreChange,
} from '../session/session-store.ts'
import { createRedisConnection, type RedisConnection } from './redis-connection.ts'
import { redisError, refusalOf } from './redis-errors.ts'
import {
  ADD_TO_INDEX,
  CLAIM,
  CREATE_SESSION,
  DELETE_SESSION,
  ENTER_STORE,
  HOLD_LEASE,
  PUT_TOMBSTONE,
  RELEASE_LEASE,
  REPLACE_SESSION,
  SETTLE_CLAIM,
  TOUCH_SESSION,
  WRITE_DOCUMENT,
} from './redis-scripts.ts'
import { createRedisWire, type RedisPlace, type Words } from './redis-wire.ts'
import { refuseForeignFormat } from './store-format.ts'

export interface RedisStoreOptions extends RedisPlace {
  /** Before every key. */
  readonly prefix: string
  /** Null: the server's. */
  readonly clock: Clock | null
  readonly tell: (state: 'lost' | 'found') => void
}

export interface RedisStore extends SessionStore {
  /** Where limits count that all processes share: as much of a client as that needs, with our limits in time. */
  readonly counters: { readonly kind: 'redis'; readonly client: object; readonly prefix: string }
}

export const REDIS_FORMAT = { format: 1, reader: 1 }
/** Keys outlive what is in them, whose end is judged by the clock of whoever asks. */
const SURPLUS_SECONDS = 60
const OPEN_SECONDS = 5
const OPEN_PAUSE_SECONDS = 0.2
const INDEX_FIELDS: Readonly<Record<SessionIndex, string>> = { handle: 'h', subject: 'u', sid: 'i' }
const RECORD_FIELDS = ['v', 'd', 'h', 'u', 'i', 'l', 'e']

/**
 * Connects, and tries for five seconds.
 *
 * Rejects with `ERR_STORE_REFUSED` when the server does not let us in, or holds a format too new, or the library is
 * not installed; with `ERR_STORE_UNAVAILABLE` when it does not answer.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const giveUpAt = performance.now() + OPEN_SECONDS * 1000
  for (;;) {
    try {
      return await connect(options)
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal !== null) throw new GatewayError('ERR_STORE_REFUSED', { reason: refusal })
      if (isGatewayError(error, 'ERR_STORE_REFUSED')) throw error
      if (performance.now() > giveUpAt) throw redisError(error)
      await wait(OPEN_PAUSE_SECONDS)
    }
  }
}

async function connect(options: RedisStoreOptions): Promise<RedisStore> {
  const listeners = new Set<(change: StoreChange) => void>()
  const tellAll = (change: StoreChange) => {
    for (const listener of listeners) listener(change)
  }
  const wire = await createRedisWire(options)
  const connection = createRedisConnection({ ...options, wire, onChange: tellAll })
  try {
    await connection.open()
    const { format, reader } = REDIS_FORMAT
    const words = [String(format), String(reader)]
    const found = await connection.askPlainly(ENTER_STORE, `${options.prefix}:meta`, words)
    refuseForeignFormat((found as readonly unknown[]).map(Number), format)
  } catch (error) {
    connection.close()
    throw error
  }
  return createRedisStore(connection, options.prefix, listeners, tellAll)
}

function createRedisStore(
  connection: RedisConnection,
  prefix: string,
  listeners: Set<(change: StoreChange) => void>,
  tellAll: (change: StoreChange) => void,
): RedisStore {
  const { now, run } = connection
  const keyOf = {
    session: (key: string) => `${prefix}:session:${key}`,
    index: (index: SessionIndex, value: string) => `${prefix}:${index}:${value}`,
    claim: (name: string) => `${prefix}:claim:${name}`,
    tombstone: (sid: string) => `${prefix}:tombstone:${sid}`,
    lease: (name: string) => `${prefix}:lease:${name}`,
    document: (name: string) => `${prefix}:document:${name}`,
  }

  function ttl(expiresAt: EpochSeconds): string {
    return String(Math.max(1, Math.ceil((expiresAt - now() + SURPLUS_SECONDS) * 1000)))
  }

  async function isEnded(sid: string | null): Promise<boolean> {
    if (sid === null) return false
    const ends = await connection.ask(keyOf.tombstone(sid), ['HGET', keyOf.tombstone(sid), 'e'])
    return ends !== null && Number(ends) > now()
  }

  async function addToIndexes(key: string, indexes: SessionIndexes, expiresAt: EpochSeconds): Promise<void> {
    const words = [ttl(expiresAt), key, String(expiresAt), String(now())]
    await Promise.all(entriesOf(indexes).map(([index, value]) => run(ADD_TO_INDEX, keyOf.index(index, value), words)))
  }

  async function removeFromIndexes(key: string, indexes: SessionIndexes): Promise<void> {
    const removals = entriesOf(indexes).map(([index, value]) => {
      const at = keyOf.index(index, value)
      return connection.ask(at, ['ZREM', at, key])
    })
    // What stays is never believed: `find` asks the record.
    await Promise.allSettled(removals)
  }

  async function readIndexes(key: string): Promise<SessionIndexes | undefined> {
    const at = keyOf.session(key)
    const [handle, subject, sid] = (await connection.ask(at, ['HMGET', at, 'h', 'u', 'i'])) as readonly unknown[]
    return handle === null ? undefined : parseIndexes(handle, subject, sid)
  }

  async function isUnder(index: SessionIndex, value: string, key: string): Promise<boolean> {
    const at = keyOf.session(key)
    const found = await connection.ask(at, ['HGET', at, INDEX_FIELDS[index]])
    return found !== null && String(found) === value
  }

  async function remove(key: string, by: SessionEnd): Promise<boolean> {
    const words = connection.announcement(key, by)
    const found = (await run(DELETE_SESSION, keyOf.session(key), words)) as readonly unknown[] | null
    if (found === null) return false
    tellAll({ kind: 'ended', key, by })
    await removeFromIndexes(key, parseIndexes(found[0], found[1], found[2]))
    return true
  }

  async function scan(pattern: string, visit: (key: string) => Promise<void>): Promise<void> {
    for (const send of await connection.masters()) {
      let cursor = '0'
      do {
        const [next, keys] = (await send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', '500'])) as [unknown, unknown[]]
        await Promise.all(keys.map((key) => visit(String(key))))
        cursor = String(next)
      } while (cursor !== '0')
    }
  }

  async function isSealedBy(key: string, keyId: string): Promise<boolean> {
    const sealed = await connection.ask(key, ['HGET', key, 'd'])
    return Buffer.isBuffer(sealed) && sealed.toString('hex', 1, 9) === keyId
  }

  function evaluate(text: string, { keys, arguments: words }: { keys: readonly string[]; arguments: Words }) {
    const [key = ''] = keys
    return connection.ask(key, ['EVAL', text, '1', key, ...words])
  }

  async function replace(
    key: string,
    expectedVersion: number,
    { sealed, indexes, expiresAt }: Parameters<SessionStore['replace']>[2],
  ): Promise<ReplaceOutcome> {
    const { handle, subject, sid } = indexes
    const [before, isNextEnded] = await Promise.all([readIndexes(key), isEnded(sid)])
    if (before === undefined) return 'gone'
    if (isNextEnded || (before.sid !== sid && (await isEnded(before.sid)))) return 'tombstoned'
    await addToIndexes(key, indexes, expiresAt)
    const words = [ttl(expiresAt), String(expectedVersion), ...connection.announcement(key, null)]
    const fields = [sealed, handle, subject, String(expiresAt), ...(sid === null ? [] : [sid])]
    const outcome = await connection.runDurably(REPLACE_SESSION, keyOf.session(key), [...words, ...fields])
    if (String(outcome) !== 'replaced') return String(outcome) as ReplaceOutcome
    tellAll({ kind: 'sessions', keys: [key] })
    await removeFromIndexes(key, without(before, indexes))
    // Whoever put one meanwhile has not found the record as it is now, or will delete it.
    return (await isEnded(sid)) ? 'tombstoned' : 'replaced'
  }

  return {
    counters: { kind: 'redis', client: { eval: evaluate }, prefix },
    now,
    unreachableSince: connection.unreachableSince,
    async create({ key, sealed, indexes, lastUsedAt, expiresAt }) {
      const { handle, subject, sid } = indexes
      if (await isEnded(sid)) return false
      await addToIndexes(key, indexes, expiresAt)
      const words = [ttl(expiresAt), sealed, handle, subject, String(lastUsedAt), String(expiresAt)]
      const created = await connection.runDurably(
        CREATE_SESSION,
        keyOf.session(key),
        sid === null ? words : [...words, sid],
      )
      if (created !== 1) return false
      if (!(await isEnded(sid))) return true
      await remove(key, 'realm')
      return false
    },
    async read(key) {
      const at = keyOf.session(key)
      return parseRecord(key, (await connection.ask(at, ['HMGET', at, ...RECORD_FIELDS])) as readonly unknown[])
    },
    replace,
    delete: remove,
    async touch(key, lastUsedAt) {
      await run(TOUCH_SESSION, keyOf.session(key), [String(lastUsedAt)])
    },
    async find(index, value) {
      const at = keyOf.index(index, value)
      const keys = ((await connection.ask(at, ['ZRANGE', at, '0', '-1'])) as readonly unknown[]).map(String)
      const checked = await Promise.all(keys.map(async (key) => ((await isUnder(index, value, key)) ? [key] : [])))
      return checked.flat()
    },
    async list(after, limit) {
      const [master = 0, cursor = '0'] = after === null ? [] : [Number(after.split(':')[0]), after.split(':')[1]]
      const masters = await connection.masters()
      const send = masters[master]
      if (send === undefined) return { keys: [], next: null }
      const words: Words = ['SCAN', cursor, 'MATCH', keyOf.session('*'), 'COUNT', String(limit)]
      const [next, found] = (await send(words)) as [unknown, unknown[]]
      const keys = found.map((key) => String(key).slice(keyOf.session('').length))
      if (String(next) !== '0') return { keys, next: `${master}:${next}` }
      return { keys, next: master + 1 < masters.length ? `${master + 1}:0` : null }
    },
    async claim(name, expiresAt) {
      return String(
        await run(CLAIM, keyOf.claim(name), [ttl(expiresAt), String(expiresAt), String(now())]),
      ) as ClaimOutcome
    },
    async settleClaim(name) {
      await run(SETTLE_CLAIM, keyOf.claim(name), [])
    },
    async putTombstone(sid, expiresAt) {
      await connection.runDurably(PUT_TOMBSTONE, keyOf.tombstone(sid), [ttl(expiresAt), String(expiresAt)])
    },
    hasTombstone: isEnded,
    async acquireLease(name, owner, seconds) {
      const ends = now() + seconds
      return (await run(HOLD_LEASE, keyOf.lease(name), [ttl(ends), String(ends), String(now()), owner])) === 1
    },
    async renewLease(name, owner, seconds) {
      const ends = now() + seconds
      return (await run(HOLD_LEASE, keyOf.lease(name), [ttl(ends), String(ends), String(now()), owner, 'renew'])) === 1
    },
    async releaseLease(name, owner) {
      await run(RELEASE_LEASE, keyOf.lease(name), [owner])
    },
    async readDocument(name) {
      const at = keyOf.document(name)
      const [version, sealed] = (await connection.ask(at, ['HMGET', at, 'v', 'd'])) as readonly unknown[]
      return Buffer.isBuffer(sealed) ? { sealed, version: Number(version) } : undefined
    },
    async writeDocument(name, sealed, expectedVersion) {
      const words = [String(expectedVersion), sealed]
      return (await connection.runDurably(WRITE_DOCUMENT, keyOf.document(name), words)) === 1
    },
    async countSealedBy(keyId) {
      let count = 0
      const visit = async (key: string) => {
        if (await isSealedBy(key, keyId)) count += 1
      }
      for (const pattern of [keyOf.session('*'), keyOf.document('*')]) await scan(pattern, visit)
      return count
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async sweep() {
      await connection.ask(`${prefix}:meta`, ['PING'])
      return 0
    },
    async ping() {
      await connection.ask(`${prefix}:meta`, ['PING'])
      if (connection.unreachableSince() !== null) throw redisError(new Error('SILENT'))
    },
    async close() {
      listeners.clear()
      connection.close()
    },
  }
}

function entriesOf({ handle, subject, sid }: SessionIndexes): readonly (readonly [SessionIndex, string])[] {
  return [
    ...(handle === '' ? [] : [['handle', handle] as const]),
    ...(subject === '' ? [] : [['subject', subject] as const]),
    ...(sid === null ? [] : [['sid', sid] as const]),
  ]
}

/** Those of `before` that are not in `now` any more; what stays is left empty. */
function without(before: SessionIndexes, now: SessionIndexes): SessionIndexes {
  return {
    handle: before.handle === now.handle ? '' : before.handle,
    subject: before.subject === now.subject ? '' : before.subject,
    sid: before.sid === now.sid ? null : before.sid,
  }
}

function parseIndexes(handle: unknown, subject: unknown, sid: unknown): SessionIndexes {
  return { handle: String(handle), subject: String(subject), sid: sid === null ? null : String(sid) }
}

function parseRecord(key: string, fields: readonly unknown[]): SessionRecord | undefined {
  const [version, sealed, handle, subject, sid, lastUsedAt, expiresAt] = fields
  if (!Buffer.isBuffer(sealed)) return undefined
  return {
    key,
    version: Number(version),
    sealed,
    indexes: parseIndexes(handle, subject, sid),
    lastUsedAt: Number(lastUsedAt),
    expiresAt: Number(expiresAt),
  }
}
