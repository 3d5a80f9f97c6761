// How often a record changed while it was being read or written, so that nothing older than what has been told is kept.
import type { StoreChange } from './session-store.ts'

export interface ChangeWatch {
  /** Changes told since the watch began. */
  changes(): number
  stop(): void
}

export interface ChangeWatches {
  begin(key: string): ChangeWatch
  tell(change: StoreChange): void
}

interface Count {
  changes: number
}

export function createChangeWatches(): ChangeWatches {
  const byKey = new Map<string, Set<Count>>()

  function count(counts: Set<Count> | undefined): void {
    for (const each of counts ?? []) each.changes += 1
  }

  return {
    begin(key) {
      const mine = { changes: 0 }
      const counts = byKey.get(key) ?? new Set<Count>()
      byKey.set(key, counts.add(mine))
      return {
        changes: () => mine.changes,
        stop() {
          counts.delete(mine)
          if (counts.size === 0 && byKey.get(key) === counts) byKey.delete(key)
        },
      }
    },
    tell(change) {
      if (change.kind === 'all') byKey.forEach(count)
      else if (change.kind === 'ended') count(byKey.get(change.key))
      else for (const key of change.keys) count(byKey.get(key))
    },
  }
}
