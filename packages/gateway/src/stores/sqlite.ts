// The embedded store: one SQLite file, shared by the processes of one machine.
import { randomUUID } from 'node:crypto'
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { SessionEnd } from '../kernel/events.ts'
import type { Clock, EpochSeconds } from '../kernel/time.ts'
import type { SessionRecord, SessionStore, StoreChange, StoredDocument } from '../session/session-store.ts'
import { createChangeFeed } from './sqlite-changes.ts'
import { createConnection, retryWhileBusy } from './sqlite-connection.ts'
import { createFileCheck, openDatabase, prepareStoreFile } from './sqlite-file.ts'
import { MIGRATIONS } from './sqlite-schema.ts'
import { prepareStatements, type Statements } from './sqlite-statements.ts'

export interface SqliteStoreOptions {
  /** The file; its folder belongs to the store alone. */
  readonly path: string
  readonly clock: Clock
  /** How often to look for changes by other processes, while somebody listens. */
  readonly pollMillis: number
  /** How long a call waits while other processes write. */
  readonly busyMillis: number
}

/**
 * Opens the store, and makes it when there is none.
 *
 * Rejects with `ERR_STORE_REFUSED` when folder or file are open to others, on a network file system, for a file that is
 * no store and for one of a version too new; with `ERR_STORE_UNAVAILABLE` when the file is damaged or cannot be used.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SessionStore> {
  return retryWhileBusy(options.busyMillis, () => {
    prepareStoreFile(options.path)
    const database = openDatabase(options.path)
    try {
      return createSqliteStore(database, options)
    } catch (error) {
      database.close()
      throw error
    }
  })
}

export function createSqliteStore(database: DatabaseSync, options: SqliteStoreOptions): SessionStore {
  const { path, clock, pollMillis, busyMillis } = options
  const connection = createConnection({ database, busyMillis, schemaVersion: MIGRATIONS.length })
  const changes = createChangeFeed({ database, origin: randomUUID(), pollMillis, clock })
  const statements = prepareStatements(database)
  const refuseLostFile = createFileCheck(path)

  function isEnded(sid: string | null): boolean {
    return sid !== null && statements.readTombstone.get(sid, clock()) !== undefined
  }

  /** Writes, and tells what changed once it is written. */
  async function change<T>(work: (changed: Changed) => T): Promise<T> {
    let told: StoreChange[] = []
    const result = await connection.write(() => {
      told = []
      return work((key, ended) => {
        changes.record(key, ended)
        told.push(ended === null ? { kind: 'sessions', keys: [key] } : { kind: 'ended', key, by: ended })
      })
    })
    for (const each of told) changes.tell(each)
    return result
  }

  return {
    now: clock,
    unreachableSince: changes.unreachableSince,
    create({ key, sealed, indexes, lastUsedAt, expiresAt }) {
      const { handle, subject, sid } = indexes
      return connection.write(() => {
        if (isEnded(sid)) return false
        return statements.createSession.run(key, sealed, handle, subject, sid, lastUsedAt, expiresAt).changes === 1
      })
    },
    read: (key) => connection.read(() => parseRecord(statements.readSession.get(key))),
    replace(key, expectedVersion, { sealed, indexes, expiresAt }) {
      const { handle, subject, sid } = indexes
      return change((changed) => {
        const current = statements.readVersion.get(key)
        if (current === undefined) return 'gone'
        if (isEnded(parseSid(current)) || isEnded(sid)) return 'tombstoned'
        if (current.version !== expectedVersion) return 'conflict'
        statements.replaceSession.run(sealed, handle, subject, sid, expiresAt, key)
        changed(key, null)
        return 'replaced'
      })
    },
    delete: (key, by) =>
      change((changed) => {
        if (statements.deleteSession.run(key).changes === 0) return false
        changed(key, by)
        return true
      }),
    async touch(key, lastUsedAt) {
      await connection.write(() => statements.touchSession.run(lastUsedAt, key, lastUsedAt))
    },
    find: (index, value) => connection.read(() => statements.find[index].all(value).map((row) => String(row.key))),
    list: (after, limit) =>
      connection.read(() => {
        const keys = statements.list.all(after ?? '', limit).map((row) => String(row.key))
        return { keys, next: keys.length < limit ? null : (keys.at(-1) ?? null) }
      }),
    countSealedBy(keyId) {
      return connection.read(() => Number(statements.countSealedBy.get({ id: Buffer.from(keyId, 'hex') })?.records))
    },
    claim: (name, expiresAt) =>
      connection.write(() => {
        const claim = statements.readClaim.get(name, clock())
        if (claim !== undefined) return claim.settled === 1 ? 'settled' : 'pending'
        statements.putClaim.run(name, expiresAt)
        return 'claimed'
      }),
    async settleClaim(name) {
      await connection.write(() => statements.settleClaim.run(name))
    },
    async putTombstone(sid, expiresAt) {
      await connection.write(() => statements.putTombstone.run(sid, expiresAt))
    },
    hasTombstone: (sid) => connection.read(() => isEnded(sid)),
    acquireLease(name, owner, seconds) {
      return connection.write(() => {
        const now = clock()
        return statements.acquireLease.run(name, owner, now + seconds, now).changes === 1
      })
    },
    renewLease(name, owner, seconds) {
      return connection.write(() => {
        const now = clock()
        return statements.renewLease.run(now + seconds, name, owner, now).changes === 1
      })
    },
    async releaseLease(name, owner) {
      await connection.write(() => statements.releaseLease.run(name, owner))
    },
    readDocument: (name) => connection.read(() => parseDocument(statements.readDocument.get(name))),
    writeDocument: (name, sealed, expectedVersion) =>
      connection.write(() => {
        const { changes: rows } =
          expectedVersion === 0
            ? statements.createDocument.run(name, sealed)
            : statements.replaceDocument.run(sealed, name, expectedVersion)
        return rows === 1
      }),
    onChange: changes.subscribe,
    sweep: (limit) => change((changed) => sweepExpired(statements, clock(), limit, changed)),
    async ping() {
      await refuseLostFile()
      await connection.check()
    },
    async close() {
      changes.close()
      if (database.isOpen) database.close()
    },
  }
}

/** `ended`: by what; null when it was something else that happened to the record. */
type Changed = (key: string, ended: SessionEnd | null) => void

type Row = Readonly<Record<string, SQLOutputValue>>

// The tables are STRICT, so that a column holds its type or nothing.
function parseRecord(row: Row | undefined): SessionRecord | undefined {
  if (row === undefined) return undefined
  return {
    key: String(row.key),
    version: Number(row.version),
    sealed: parseSealed(row),
    indexes: { handle: String(row.handle), subject: String(row.subject), sid: parseSid(row) },
    lastUsedAt: Number(row.last_used_at),
    expiresAt: Number(row.expires_at),
  }
}

function parseDocument(row: Row | undefined): StoredDocument | undefined {
  return row === undefined ? undefined : { sealed: parseSealed(row), version: Number(row.version) }
}

function parseSealed({ sealed }: Row): Buffer {
  const { buffer, byteOffset, byteLength } = sealed as Uint8Array<ArrayBuffer>
  return Buffer.from(buffer, byteOffset, byteLength)
}

function parseSid({ sid }: Row): string | null {
  return sid === null || sid === undefined ? null : String(sid)
}

function sweepExpired(statements: Statements, now: EpochSeconds, limit: number, changed: Changed): number {
  const expired = statements.expiredSessions.all(now, limit).map((row) => String(row.key))
  for (const key of expired) {
    statements.deleteSession.run(key)
    changed(key, null)
  }
  const others = statements.sweepOthers.map((statement) => Number(statement.run(now, limit).changes))
  return others.reduce((sum, count) => sum + count, expired.length)
}
