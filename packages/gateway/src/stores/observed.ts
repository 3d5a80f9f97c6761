// Any store, with the time of each question told as an event.
import type { Events } from '../kernel/events.ts'
import type { SessionStore } from '../session/session-store.ts'

const ASKING = [
  'create',
  'read',
  'replace',
  'delete',
  'touch',
  'find',
  'list',
  'claim',
  'settleClaim',
  'putTombstone',
  'hasTombstone',
  'acquireLease',
  'renewLease',
  'releaseLease',
  'readDocument',
  'writeDocument',
  'sweep',
] as const satisfies readonly (keyof SessionStore)[]

type Ask = (...asked: never[]) => Promise<unknown>

export function observeStore(store: SessionStore, events: Events): SessionStore {
  const observe = (operation: string, ask: Ask): Ask => {
    return async (...asked) => {
      const startedAt = performance.now()
      let outcome: 'success' | 'failed' = 'failed'
      try {
        const answer = await ask(...asked)
        outcome = 'success'
        return answer
      } finally {
        events.emit({ kind: 'store.called', operation, outcome, seconds: (performance.now() - startedAt) / 1000 })
      }
    }
  }
  const observed = { ...store }
  for (const operation of ASKING) Object.assign(observed, { [operation]: observe(operation, store[operation]) })
  return observed
}
