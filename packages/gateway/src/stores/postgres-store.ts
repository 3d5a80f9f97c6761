// The session store on PostgreSQL.
import type { ClaimOutcome, SessionStore, StoreChange } from '../session/session-store.ts'
import { buildMessage } from './announcements.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { createPostgresSessions } from './postgres-sessions.ts'
import type { Statements } from './postgres-statements.ts'
import { unnamed, type Value } from './postgres-wire.ts'

export interface PostgresStore extends SessionStore {
  /** Where limits count that all processes share: as much of a client as that needs, with our limits in time. */
  readonly counters: {
    readonly kind: 'postgres'
    readonly client: object
    readonly schema: string
    readonly table: string
  }
}

interface CounterQuery {
  readonly text: string
  readonly values: readonly Value[]
}

export function createPostgresStore(
  connection: PostgresConnection,
  statements: Statements,
  schema: string,
  listeners: Set<(change: StoreChange) => void>,
): PostgresStore {
  const { now, run, ask, announcements, sweeps } = connection

  function count({ text, values }: CounterQuery) {
    return ask(unnamed(text), values).then(({ rows, count }) => ({ rows, rowCount: count }))
  }

  function tell(change: StoreChange): void {
    for (const listener of listeners) listener(change)
  }

  return {
    counters: { kind: 'postgres', client: { query: count }, schema, table: 'counter' },
    now,
    unreachableSince: connection.unreachableSince,
    ...createPostgresSessions(connection, statements, schema),
    async countSealedBy(keyId) {
      const id = Buffer.from(keyId, 'hex')
      const { rows } = await run(({ askPatiently }) => askPatiently(statements.countSealedBy, [id]))
      return Number(rows[0]?.records)
    },
    async claim(name, expiresAt) {
      const { rows } = await ask(statements.claim, [name, announcements.nameWrite(), expiresAt, now()])
      return rows[0]?.outcome as ClaimOutcome
    },
    async settleClaim(name) {
      await ask(statements.settleClaim, [name])
    },
    async acquireLease(name, owner, seconds) {
      const startsAt = now()
      return (await ask(statements.acquireLease, [name, owner, startsAt + seconds, startsAt])).count === 1
    },
    async renewLease(name, owner, seconds) {
      const startsAt = now()
      return (await ask(statements.renewLease, [name, owner, startsAt + seconds, startsAt])).count === 1
    },
    async releaseLease(name, owner) {
      await ask(statements.releaseLease, [name, owner])
    },
    async readDocument(name) {
      const [row] = (await ask(statements.readDocument, [name])).rows
      return row === undefined ? undefined : { sealed: row.sealed as Buffer, version: Number(row.version) }
    },
    async writeDocument(name, sealed, expectedVersion) {
      const values = [name, announcements.nameWrite(), sealed, expectedVersion]
      return (await ask(statements.writeDocument, values)).rows[0]?.done === true
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async sweep(limit) {
      const message = buildMessage(sweeps, { key: '', by: null })
      const swept = await ask(statements.sweepSessions, [now(), limit, sweeps, announcements.channel, message])
      const keys = swept.rows.map(({ key }) => String(key))
      if (keys.length > 0) tell({ kind: 'sessions', keys })
      const { rows: others } = await ask(statements.sweepOthers, [now(), limit])
      return keys.length + Number(others[0]?.swept)
    },
    ping: connection.check,
    async close() {
      listeners.clear()
      await connection.close()
    },
  }
}
