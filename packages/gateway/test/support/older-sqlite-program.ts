// What the version before this one does to the embedded store, by its own statements: it knows the second schema, whose
// table of changes has no column for how a session ended.
import { DatabaseSync } from 'node:sqlite'
import type { NewSessionRecord } from '../../src/session/session-store.ts'
import { createConnection } from '../../src/stores/sqlite-connection.ts'
import { createStoreFile } from '../../src/stores/sqlite-file.ts'
import { MIGRATIONS, migrate } from '../../src/stores/sqlite-schema.ts'

const KNOWN = MIGRATIONS.slice(0, 2)

export interface OlderProgram {
  create(record: NewSessionRecord): Promise<void>
  read(key: string): Promise<{ readonly sealed: string; readonly version: number } | undefined>
  /** False when somebody else wrote first. */
  replace(key: string, expectedVersion: number, sealed: string): Promise<boolean>
  remove(key: string): Promise<void>
  /** Records that others have changed, as it looks for them. */
  changedKeys(): Promise<readonly string[]>
  close(): void
}

export function createOlderStoreFile(path: string): void {
  createStoreFile(path, KNOWN)
}

export function openOlderProgram(path: string): OlderProgram {
  const database = new DatabaseSync(path, { timeout: 0 })
  migrate(database, KNOWN)
  const { read, write } = createConnection({ database, busyMillis: 20_000, schemaVersion: KNOWN.length })
  const tell = database.prepare(`INSERT INTO change (key, origin) VALUES (?, 'older')`)
  return {
    create: ({ key, sealed, indexes, lastUsedAt, expiresAt }) =>
      write(() => {
        database
          .prepare(`
            INSERT INTO session (key, version, sealed, handle, subject, sid, last_used_at, expires_at)
            VALUES (?, 1, ?, ?, ?, ?, ?, ?)`)
          .run(key, sealed, indexes.handle, indexes.subject, indexes.sid, lastUsedAt, expiresAt)
      }),
    read: (key) =>
      read(() => {
        const row = database.prepare('SELECT version, sealed FROM session WHERE key = ?').get(key)
        if (row === undefined) return undefined
        return { sealed: Buffer.from(row.sealed as Uint8Array).toString(), version: Number(row.version) }
      }),
    replace: (key, expectedVersion, sealed) =>
      write(() => {
        const { changes } = database
          .prepare('UPDATE session SET version = version + 1, sealed = ? WHERE key = ? AND version = ?')
          .run(Buffer.from(sealed), key, expectedVersion)
        if (changes === 1) tell.run(key)
        return changes === 1
      }),
    remove: (key) =>
      write(() => {
        database.prepare('DELETE FROM session WHERE key = ?').run(key)
        tell.run(key)
      }),
    changedKeys: () =>
      read(() => {
        const rows = database.prepare(`SELECT key FROM change WHERE origin <> 'older' ORDER BY seq`).all()
        return rows.map((row) => String(row.key))
      }),
    close: () => database.close(),
  }
}
