// Records of sessions, their indexes and the tombstones of the realm's sessions.
import type { SessionEnd } from '../kernel/events.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type {
  ReplaceOutcome,
  SessionIndex,
  SessionIndexes,
  SessionRecord,
  SessionStore,
} from '../session/session-store.ts'
import type { RedisConnection } from './redis-connection.ts'
import { type RedisKeys, timeToLive } from './redis-keys.ts'
import {
  ADD_TO_INDEX,
  CREATE_SESSION,
  DELETE_SESSION,
  PUT_TOMBSTONE,
  REPLACE_SESSION,
  TOUCH_SESSION,
} from './redis-scripts.ts'

type RedisSessions = Pick<
  SessionStore,
  'create' | 'read' | 'replace' | 'delete' | 'touch' | 'find' | 'list' | 'putTombstone' | 'hasTombstone'
>

const RECORD_FIELDS = ['v', 'd', 'h', 'u', 'i', 'l', 'e']
const INDEX_FIELDS: Readonly<Record<SessionIndex, string>> = { handle: 'h', subject: 'u', sid: 'i' }

export function createRedisSessions(connection: RedisConnection, keys: RedisKeys): RedisSessions {
  const { now, run, ask, announcements } = connection

  async function readFields(at: string, fields: readonly string[]): Promise<readonly unknown[]> {
    return (await ask(at, ['HMGET', at, ...fields])) as readonly unknown[]
  }

  async function read(key: string): Promise<SessionRecord | undefined> {
    const record = parseRecord(key, await readFields(keys.session(key), RECORD_FIELDS))
    return record !== undefined && record.expiresAt > now() ? record : undefined
  }

  async function hasTombstone(sid: string | null): Promise<boolean> {
    if (sid === null) return false
    const at = keys.tombstone(sid)
    return isAhead(await ask(at, ['HGET', at, 'e']))
  }

  function isAhead(end: unknown): boolean {
    return end !== null && Number(end) > now()
  }

  async function addToIndexes(key: string, indexes: SessionIndexes, expiresAt: EpochSeconds): Promise<void> {
    const words = [timeToLive(expiresAt, now), key, String(expiresAt), String(now())]
    await Promise.all(entriesOf(indexes).map(([index, value]) => run(ADD_TO_INDEX, keys.index(index, value), words)))
  }

  async function removeFromIndexes(key: string, indexes: SessionIndexes): Promise<void> {
    const sets = entriesOf(indexes).map(([index, value]) => keys.index(index, value))
    // What stays is never believed: `find` asks the record.
    await Promise.allSettled(sets.map((at) => ask(at, ['ZREM', at, key])))
  }

  async function isUnder(index: SessionIndex, value: string, key: string): Promise<boolean> {
    const [found, end] = await readFields(keys.session(key), [INDEX_FIELDS[index], 'e'])
    return found !== null && String(found) === value && isAhead(end)
  }

  async function remove(key: string, by: SessionEnd): Promise<boolean> {
    const found = (await announcements.around(
      { key, by },
      ({ words }) => connection.runDurably(DELETE_SESSION, keys.session(key), words),
      (indexes) => indexes !== null,
    )) as readonly unknown[] | null
    if (found === null) return false
    await removeFromIndexes(key, parseIndexes(found))
    return true
  }

  /** Whoever puts a tombstone looks for records after it: one of the two sees the other. */
  async function refuseEnded(key: string, sid: string | null): Promise<boolean> {
    if (!(await hasTombstone(sid))) return false
    await remove(key, 'realm')
    return true
  }

  function write(
    key: string,
    expectedVersion: number,
    { sealed, indexes, expiresAt }: Parameters<SessionStore['replace']>[2],
  ): Promise<ReplaceOutcome> {
    const { handle, subject, sid } = indexes
    const fields = [String(now()), sealed, handle, subject, String(expiresAt), ...(sid === null ? [] : [sid])]
    return announcements.around(
      { key, by: null },
      async ({ write, words }) => {
        const condition = [timeToLive(expiresAt, now), write, String(expectedVersion), ...words]
        const outcome = await connection.runDurably(REPLACE_SESSION, keys.session(key), [...condition, ...fields])
        return String(outcome) as ReplaceOutcome
      },
      (outcome) => outcome === 'replaced',
    )
  }

  return {
    read,
    hasTombstone,
    delete: remove,
    async create({ key, sealed, indexes, lastUsedAt, expiresAt }) {
      const { handle, subject, sid } = indexes
      if (await hasTombstone(sid)) return false
      // First, so that no record is ever without them.
      await addToIndexes(key, indexes, expiresAt)
      const fields = [sealed, handle, subject, String(lastUsedAt), String(expiresAt), ...(sid === null ? [] : [sid])]
      const words = [timeToLive(expiresAt, now), announcements.nameWrite(), ...fields]
      const created = await connection.runDurably(CREATE_SESSION, keys.session(key), words)
      return created === 1 && !(await refuseEnded(key, sid))
    },
    async replace(key, expectedVersion, changed) {
      const { indexes, expiresAt } = changed
      const at = keys.session(key)
      const [[sid, end], isEnded] = await Promise.all([readFields(at, ['i', 'e']), hasTombstone(indexes.sid)])
      if (!isAhead(end)) return 'gone'
      if (isEnded || (await hasTombstone(parseSid(sid)))) return 'tombstoned'
      await addToIndexes(key, indexes, expiresAt)
      const outcome = await write(key, expectedVersion, changed)
      return outcome === 'replaced' && (await refuseEnded(key, indexes.sid)) ? 'tombstoned' : outcome
    },
    async touch(key, lastUsedAt) {
      await run(TOUCH_SESSION, keys.session(key), [String(lastUsedAt)])
    },
    async find(index, value) {
      const at = keys.index(index, value)
      const found = ((await ask(at, ['ZRANGE', at, '0', '-1'])) as readonly unknown[]).map(String)
      const areUnder = await Promise.all(found.map((key) => isUnder(index, value, key)))
      return found.filter((_, position) => areUnder[position])
    },
    async list(after, limit) {
      const masters = await connection.masters()
      const [master, cursor] = parsePosition(after)
      const send = masters[master]
      if (send === undefined) return { keys: [], next: null }
      const all = keys.session('')
      const answer = await send(['SCAN', cursor, 'MATCH', `${all}*`, 'COUNT', String(limit)])
      const [onward, found] = answer as readonly [unknown, readonly unknown[]]
      const names = new Set(found.map((name) => String(name).slice(all.length)))
      const isLast = String(onward) === '0'
      if (isLast && master + 1 === masters.length) return { keys: [...names], next: null }
      return { keys: [...names], next: isLast ? `${master + 1}:0` : `${master}:${onward}` }
    },
    async putTombstone(sid, expiresAt) {
      await connection.runDurably(PUT_TOMBSTONE, keys.tombstone(sid), [timeToLive(expiresAt, now), String(expiresAt)])
    },
  }
}

/** Of a list of all: which master, and where on it. */
function parsePosition(after: string | null): readonly [master: number, cursor: string] {
  const [master = '0', cursor = '0'] = (after ?? '').split(':')
  return [Number(master), cursor]
}

function entriesOf({ handle, subject, sid }: SessionIndexes): readonly (readonly [SessionIndex, string])[] {
  return [['handle', handle], ['subject', subject], ...(sid === null ? [] : [['sid', sid] as const])]
}

function parseIndexes([handle, subject, sid]: readonly unknown[]): SessionIndexes {
  return { handle: String(handle), subject: String(subject), sid: parseSid(sid) }
}

function parseSid(sid: unknown): string | null {
  return sid === null ? null : String(sid)
}

function parseRecord(key: string, fields: readonly unknown[]): SessionRecord | undefined {
  const [version, sealed, handle, subject, sid, lastUsedAt, expiresAt] = fields
  if (!Buffer.isBuffer(sealed)) return undefined
  return {
    key,
    version: Number(version),
    sealed,
    indexes: parseIndexes([handle, subject, sid]),
    lastUsedAt: Number(lastUsedAt),
    expiresAt: Number(expiresAt),
  }
}
