// What a store tells, waited for.
import type { SessionStore, StoreChange } from '../../src/session/session-store.ts'

const DEADLINE_SECONDS = 30
const POLL_MILLISECONDS = 10

export interface HeardChanges {
  readonly changes: StoreChange[]
  /** Resolves when a change of this kind, and of this key where one is named, has been heard. */
  until(kind: StoreChange['kind'], key?: string): Promise<void>
}

export function hearChanges(store: SessionStore): HeardChanges {
  const changes: StoreChange[] = []
  store.onChange((change) => changes.push(change))
  return {
    changes,
    until(kind, key) {
      return eventually(() => changes.some((change) => change.kind === kind && names(change, key)))
    },
  }
}

function names(change: StoreChange, key: string | undefined): boolean {
  if (key === undefined || change.kind === 'all') return true
  return change.kind === 'ended' ? change.key === key : change.keys.includes(key)
}

/** For what another process does in its own time. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + DEADLINE_SECONDS * 1000
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error('it did not happen')
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS))
  }
}
