// One connection to the embedded store. `node:sqlite` is synchronous: each piece of work is short and runs in one go;
// when another process holds the lock, the wait is ours and asynchronous, never SQLite's.

import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { GatewayError } from '../kernel/errors.ts'
import { storeError, storeFailure } from './store-error.ts'

const FIRST_PAUSE_MILLISECONDS = 1
const LONGEST_PAUSE_MILLISECONDS = 20

export interface Connection {
  /** Runs one statement or several that need no common view. */
  read<T>(work: () => T): Promise<T>
  /** Runs the work in one transaction that holds the write lock from its beginning. It may run again after a failure. */
  write<T>(work: () => T): Promise<T>
  /** Rejects with `ERR_STORE_UNAVAILABLE` when the store does not answer, or not to this version of the program. */
  check(): Promise<void>
}

export interface ConnectionOptions {
  readonly database: DatabaseSync
  /** How long to try again while other processes hold the lock. */
  readonly busyMillis: number
  /** The newest schema this program knows. */
  readonly schemaVersion: number
}

export function createConnection({ database, busyMillis, schemaVersion }: ConnectionOptions): Connection {
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const minReader = database.prepare(`SELECT value FROM meta WHERE name = 'min_reader_version'`)

  function checkSchema(): void {
    refuseNewerSchema(Number(minReader.get()?.value), schemaVersion)
  }

  function transact<T>(work: () => T): T {
    begin.run()
    try {
      checkSchema()
      const result = work()
      commit.run()
      return result
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  return {
    read: (work) => retryWhileBusy(busyMillis, work),
    write: (work) => retryWhileBusy(busyMillis, () => transact(work)),
    check: () => retryWhileBusy(busyMillis, checkSchema),
  }
}

/** A newer program may have changed the schema while this one ran. */
function refuseNewerSchema(minReaderVersion: number, schemaVersion: number): void {
  if (minReaderVersion <= schemaVersion) return
  throw new GatewayError('ERR_STORE_UNAVAILABLE', { reason: 'newer-schema', known: schemaVersion })
}

/** Tries again after growing, jittered pauses. Rejects with `ERR_STORE_UNAVAILABLE` at the limit or on other failures. */
export async function retryWhileBusy<T>(limitMillis: number, work: () => T): Promise<T> {
  const giveUpAt = performance.now() + limitMillis
  for (let pause = FIRST_PAUSE_MILLISECONDS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS)) {
    try {
      return work()
    } catch (error) {
      if (storeFailure(error) !== 'busy' || performance.now() >= giveUpAt) throw storeError(error)
    }
    await delay(pause * (0.5 + Math.random()))
  }
}
