// Who changed which record. SQLite tells nobody, so every change leaves a row behind; the rows of other processes are
// looked for off the request path, and only when `data_version` says that somebody else has written.
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { SessionEnd } from '../kernel/events.ts'
import type { Clock, EpochSeconds } from '../kernel/time.ts'
import type { StoreChange } from '../session/session-store.ts'

/** A process that slept through more changes than this is told `all`. */
const CHANGES_KEPT = 10_000

type ChangeListener = (change: StoreChange) => void

export interface ChangeFeed {
  /**
   * Leaves a row behind for the others; belongs into the transaction that makes the change. `ended`: by what; null
   * when it was something else that happened to the record.
   */
  record(key: string, ended: SessionEnd | null): void
  /** Tells the listeners of this process. */
  tell(change: StoreChange): void
  /** Returns the function that ends the subscription. */
  subscribe(listener: ChangeListener): () => void
  /** Since when no change by others can be seen; null while they can. */
  unreachableSince(): EpochSeconds | null
  close(): void
}

export interface ChangeFeedOptions {
  readonly database: DatabaseSync
  /** Names this connection among those that write. */
  readonly origin: string
  readonly pollMillis: number
  readonly clock: Clock
}

export function createChangeFeed({ database, origin, pollMillis, clock }: ChangeFeedOptions): ChangeFeed {
  const dataVersion = database.prepare('PRAGMA data_version')
  const newest = database.prepare('SELECT max(seq) AS seq FROM change')
  const since = database.prepare('SELECT seq, key, origin, ended FROM change WHERE seq > ? ORDER BY seq')
  const insert = database.prepare('INSERT INTO change (key, origin, ended) VALUES (?, ?, ?)')
  const prune = database.prepare('DELETE FROM change WHERE seq <= ?')
  const listeners = new Set<ChangeListener>()
  let seenVersion: unknown
  let seenSeq = 0
  let timer: NodeJS.Timeout | undefined
  let blindSince: EpochSeconds | null = null

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
    return tellApart(rows.filter((row) => row.origin !== origin))
  }

  function poll(): void {
    let changes: readonly StoreChange[]
    try {
      changes = look()
      blindSince = null
    } catch {
      blindSince ??= clock()
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
    record(key, ended) {
      const { lastInsertRowid } = insert.run(key, origin, ended)
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
    unreachableSince: () => blindSince,
    close() {
      listeners.clear()
      stop()
    },
  }
}

type Row = Readonly<Record<string, SQLOutputValue>>

function tellApart(rows: readonly Row[]): readonly StoreChange[] {
  const ended = rows.filter((row) => row.ended !== null)
  const keys = new Set(rows.filter((row) => row.ended === null).map((row) => String(row.key)))
  return [
    ...(keys.size === 0 ? [] : [{ kind: 'sessions', keys: [...keys] } as const]),
    ...ended.map((row) => ({ kind: 'ended', key: String(row.key), by: row.ended as SessionEnd }) as const),
  ]
}
