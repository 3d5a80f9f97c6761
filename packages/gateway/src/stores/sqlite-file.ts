// The file of the embedded store: made whole or not at all, opened only where it is private and locks hold.
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, openSync, rmSync, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { GatewayError } from '../kernel/errors.ts'
import { preparePrivateFolder, publishDraft, refuseNetworkFileSystem, refuseWideMode } from './private-files.ts'
import { initialize, MIGRATIONS, type Migration, migrate } from './sqlite-schema.ts'

const { DatabaseSync: Database } = loadSqlite()

/** Node 22 warns that its SQLite is experimental; an operator can do nothing about it. */
function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Makes folder and file when there are none. Throws `ERR_STORE_REFUSED` where a store must not be. */
export function prepareStoreFile(path: string): void {
  const folder = dirname(path)
  preparePrivateFolder(folder)
  refuseNetworkFileSystem(folder)
  if (!existsSync(path)) createStoreFile(path, MIGRATIONS)
  // SQLite takes an empty file for an empty database; ours is never empty, so this one has lost its sessions.
  if (statSync(path).size === 0) throw new GatewayError('ERR_STORE_UNAVAILABLE', { reason: 'corrupt', path })
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) refuseWideMode(file)
}

export function createStoreFile(path: string, migrations: readonly Migration[]): void {
  const draft = `${path}.${randomUUID()}`
  // SQLite gives its -wal and -shm files the mode of the database.
  closeSync(openSync(draft, 'wx', 0o600))
  try {
    const database = new Database(draft)
    try {
      initialize(database, migrations)
    } finally {
      database.close()
    }
    publishDraft(draft, path)
  } finally {
    for (const file of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(file, { force: true })
  }
}

/** Opens an existing store and brings its schema up to date. Throws SQLite's own errors, `SQLITE_BUSY` among them. */
export function openDatabase(path: string): DatabaseSync {
  const database = new Database(path, { timeout: 0 })
  try {
    // The death of a process loses nothing then. A sync at every commit would hold up the event loop, and save only
    // the last moments before a power cut.
    database.exec('PRAGMA synchronous = NORMAL')
    migrate(database, MIGRATIONS)
    // A restored copy has lost this mode.
    database.exec('PRAGMA journal_mode = WAL')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Rejects with `ERR_STORE_UNAVAILABLE` when the path no longer leads to the file that is there now. */
export function createFileCheck(path: string): () => Promise<void> {
  const opened = statSync(path)
  return async () => {
    const found = await stat(path).catch(() => undefined)
    if (found?.ino === opened.ino && found.dev === opened.dev) return
    throw new GatewayError('ERR_STORE_UNAVAILABLE', { reason: 'file-replaced', path })
  }
}
