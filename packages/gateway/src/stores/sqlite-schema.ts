// The tables of the embedded store and how they change over time.
//
// `user_version` is the version of the schema. `min_reader_version` in `meta` is the oldest program that may still work
// on it: a change that only adds keeps it, so that two neighbouring versions of the program can share one store.
import type { DatabaseSync } from 'node:sqlite'
import { GatewayError } from '../kernel/errors.ts'

export interface Migration {
  readonly sql: string
  readonly minReaderVersion: number
}

/** 'Door'. */
const APPLICATION_ID = 0x446f6f72

export const MIGRATIONS: readonly Migration[] = [
  {
    minReaderVersion: 1,
    sql: `
      CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE session (
        key TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        sealed BLOB NOT NULL,
        handle TEXT NOT NULL,
        subject TEXT NOT NULL,
        sid TEXT,
        last_used_at REAL NOT NULL,
        expires_at REAL NOT NULL
      ) STRICT;
      CREATE INDEX session_by_handle ON session (handle);
      CREATE INDEX session_by_subject ON session (subject);
      CREATE INDEX session_by_sid ON session (sid) WHERE sid IS NOT NULL;
      CREATE INDEX session_by_expiry ON session (expires_at);
      CREATE TABLE claim (
        name TEXT PRIMARY KEY,
        settled INTEGER NOT NULL,
        expires_at REAL NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE tombstone (sid TEXT PRIMARY KEY, expires_at REAL NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE lease (
        name TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        expires_at REAL NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE change (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL,
        origin TEXT NOT NULL
      ) STRICT;
    `,
  },
  {
    minReaderVersion: 1,
    sql: `
      CREATE TABLE document (
        name TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        sealed BLOB NOT NULL
      ) STRICT;
    `,
  },
  { minReaderVersion: 1, sql: 'ALTER TABLE change ADD COLUMN ended TEXT' },
]

/** Brings a database to the newest of these versions, in one transaction; leaves a newer one as it is. */
export function migrate(database: DatabaseSync, migrations: readonly Migration[]): void {
  const known = migrations.length
  refuseForeignSchema(database, known)
  if (readPragma(database, 'user_version') >= known) return
  database.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have migrated between the look and the lock.
    for (const { sql, minReaderVersion } of migrations.slice(readPragma(database, 'user_version'))) {
      database.exec(sql)
      database.exec(`INSERT OR REPLACE INTO meta (name, value) VALUES ('min_reader_version', ${minReaderVersion})`)
    }
    if (readPragma(database, 'user_version') < known) database.exec(`PRAGMA user_version = ${known}`)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Makes an empty database one of ours. */
export function initialize(database: DatabaseSync, migrations: readonly Migration[]): void {
  database.exec('PRAGMA journal_mode = WAL')
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
  migrate(database, migrations)
}

function refuseForeignSchema(database: DatabaseSync, known: number): void {
  const version = readPragma(database, 'user_version')
  if (readPragma(database, 'application_id') !== APPLICATION_ID) {
    throw new GatewayError('ERR_STORE_REFUSED', { reason: 'not-a-store' })
  }
  if (version > known + 1) throw newerSchema(version, known)
  if (version > 0 && minReaderVersion(database) > known) throw newerSchema(version, known)
}

function newerSchema(version: number, known: number): GatewayError {
  const remedy = 'run the version of Doorman that wrote the store, or a newer one'
  return new GatewayError('ERR_STORE_REFUSED', { reason: 'newer-schema', version, known, remedy })
}

function minReaderVersion(database: DatabaseSync): number {
  return Number(database.prepare(`SELECT value FROM meta WHERE name = 'min_reader_version'`).get()?.value ?? 0)
}

function readPragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}
