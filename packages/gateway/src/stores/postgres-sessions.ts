// Records of sessions and the tombstones of the realm's sessions.
import type { ReplaceOutcome, SessionIndex, SessionRecord, SessionStore } from '../session/session-store.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { lockNumber } from './postgres-schema.ts'
import type { Statements } from './postgres-statements.ts'
import type { Answer, Ask, Statement, Value } from './postgres-wire.ts'

type PostgresSessions = Pick<
  SessionStore,
  'create' | 'read' | 'replace' | 'delete' | 'touch' | 'find' | 'list' | 'putTombstone' | 'hasTombstone'
>

export function createPostgresSessions(
  connection: PostgresConnection,
  statements: Statements,
  schema: string,
): PostgresSessions {
  const { now, run, ask, announcements } = connection
  const finding: Readonly<Record<SessionIndex, Statement>> = {
    handle: statements.findByHandle,
    subject: statements.findBySubject,
    sid: statements.findBySid,
  }

  function lockOf(sid: string): string {
    return lockNumber('sid', schema, sid)
  }

  /** Nobody puts a tombstone of the sid meanwhile, and one that is there is seen. */
  function underSid(sid: string | null, statement: Statement, values: readonly Value[]): Promise<Answer> {
    if (sid === null) return ask(statement, values)
    const work = async (askWithin: Ask) => {
      // A statement sees what was there when it began: the lock comes in one before.
      await askWithin(statements.sharedLock, [lockOf(sid)])
      return askWithin(statement, values)
    }
    return run(({ transact }) => transact(work))
  }

  return {
    async create({ key, sealed, indexes, lastUsedAt, expiresAt }) {
      const { handle, subject, sid } = indexes
      const write = announcements.nameWrite()
      const values = [key, write, sealed, handle, subject, sid, lastUsedAt, expiresAt, now()]
      return (await underSid(sid, statements.createSession, values)).rows[0]?.done === true
    },
    async read(key) {
      return parseRecord((await ask(statements.readSession, [key])).rows[0])
    },
    replace(key, expectedVersion, { sealed, indexes, expiresAt }) {
      const { handle, subject, sid } = indexes
      const replaced = (outcome: ReplaceOutcome) => outcome === 'replaced'
      return announcements.around(
        { key, by: null },
        async ({ write, words }) => {
          const record = [key, expectedVersion, write, sealed, handle, subject, sid, expiresAt, now(), ...words]
          const { rows } = await ask(statements.replaceSession, [...record, false])
          if (rows[0]?.outcome !== 'moves') return rows[0]?.outcome as ReplaceOutcome
          const moved = await underSid(sid, statements.replaceSession, [...record, true])
          return moved.rows[0]?.outcome as ReplaceOutcome
        },
        replaced,
      )
    },
    delete(key, by) {
      return announcements.around(
        { key, by },
        async ({ write, words }) => (await ask(statements.deleteSession, [key, write, by, ...words])).count === 1,
        (isGone) => isGone,
      )
    },
    async touch(key, lastUsedAt) {
      await ask(statements.touchSession, [key, lastUsedAt])
    },
    async find(index, value) {
      return (await ask(finding[index], [value])).rows.map(({ key }) => String(key))
    },
    async list(after, limit) {
      const keys = (await ask(statements.list, [after ?? '', limit])).rows.map(({ key }) => String(key))
      return { keys, next: keys.length < limit ? null : (keys.at(-1) ?? null) }
    },
    async putTombstone(sid, expiresAt) {
      await ask(statements.putTombstone, [sid, expiresAt, lockOf(sid)])
    },
    async hasTombstone(sid) {
      return (await ask(statements.hasTombstone, [sid, now()])).count === 1
    },
  }
}

function parseRecord(row: Answer['rows'][number] | undefined): SessionRecord | undefined {
  if (row === undefined) return undefined
  return {
    key: String(row.key),
    version: Number(row.version),
    sealed: row.sealed as Buffer,
    indexes: {
      handle: String(row.handle),
      subject: String(row.subject),
      sid: row.sid === null ? null : String(row.sid),
    },
    lastUsedAt: Number(row.last_used_at),
    expiresAt: Number(row.expires_at),
  }
}
