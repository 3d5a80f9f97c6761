// Who changed which record. SQLite tells nobody, so every change leaves a row behind; the rows of other processes are
// looked for off the request path, and only when `data_version` says that somebody else has written.
import type { DatabaseSync } from 'node:sqlite'
import type { StoreChange } from '../session/session-store.ts'

/** A process that slept through more changes than this is told `all`. */
const CHANGES_KEPT = 10_000

type ChangeListener = (change: StoreChange) => void

export interface ChangeFeed {
  /** Leaves a row behind for the others; belongs into the transaction that makes the change. */
  record(key: string): void
  /** Tells the listeners of this process. */
  tell(change: StoreChange): void
  /** Returns the function that ends the subscription. */
  subscribe(listener: ChangeListener): () => void
  close(): void
}

export interface ChangeFeedOptions {
  readonly database: DatabaseSync
  /** Names this connection among those that write. */
  readonly origin: string
  readonly pollMillis: number
}

export function createChangeFeed({ database, origin, pollMillis }: ChangeFeedOptions): ChangeFeed {
  const dataVersion = database.prepare('PRAGMA data_version')
  const newest = database.prepare('SELECT max(seq) AS seq FROM change')
  const since = database.prepare('SELECT seq, key, origin FROM change WHERE seq > ? ORDER BY seq')
  const insert = database.prepare('INSERT INTO change (key, origin) VALUES (?, ?)')
  const prune = database.prepare('DELETE FROM change WHERE seq <= ?')
  const listeners = new Set<ChangeListener>()
  let seenVersion: unknown
  let seenSeq = 0
  let timer: NodeJS.Timeout | undefined

  function tell(change: StoreChange): void {
    for (const listener of listeners) listener(change)
  }

  function look(): readonly StoreChange[] {
    const version = dataVersion.get()?.data_version
    if (version === seenVersion) return []
    const rows = since.all(seenSeq)
    const missed = rows.length > 0 && rows[0]?.seq !== seenSeq + 1
    seenVersion = version
    seenSeq = Number(rows.at(-1)?.seq ?? seenSeq)
    if (missed) return [{ kind: 'all' }]
    const keys = rows.filter((row) => row.origin !== origin).map((row) => String(row.key))
    return keys.length === 0 ? [] : [{ kind: 'sessions', keys: [...new Set(keys)] }]
  }

  function poll(): void {
    let changes: readonly StoreChange[]
    try {
      changes = look()
    } catch {
      // Whoever calls the store learns of its failure; the next look finds what this one missed.
      return
    }
    for (const change of changes) tell(change)
  }

  function start(): void {
    seenVersion = dataVersion.get()?.data_version
    seenSeq = Number(newest.get()?.seq ?? 0)
    timer = setInterval(poll, pollMillis).unref()
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    record(key) {
      const { lastInsertRowid } = insert.run(key, origin)
      prune.run(Number(lastInsertRowid) - CHANGES_KEPT)
    },
    tell,
    subscribe(listener) {
      if (timer === undefined) start()
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stop()
      }
    },
    close() {
      listeners.clear()
      stop()
    },
  }
}
