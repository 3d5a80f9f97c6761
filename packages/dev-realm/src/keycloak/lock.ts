// One preparation at a time on this machine. The lock is SQLite's own on a file: the system drops it with the process
// that held it, so that nothing is ever left locked.
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MILLISECONDS = 1000
const SQLITE_BUSY = 5

export interface Lock {
  release(): void
}

export async function acquireLock(file: string, onWait: () => void): Promise<Lock> {
  const database = new DatabaseSync(file)
  let waiting = false
  while (!tryLock(database)) {
    if (!waiting) onWait()
    waiting = true
    await delay(POLL_MILLISECONDS)
  }
  return { release: () => database.close() }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false
    throw error
  }
}
