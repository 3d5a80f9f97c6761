// What one comparison of a realm says, as lines and as a document.
import { describeDrift } from '@doorman/provision'
import { describeFailure } from '../failure.ts'
import { printable } from '../table.ts'
import type { CheckedRealm } from './plan-ground.ts'

export function hasDrift(realm: CheckedRealm): boolean {
  return realm.kind === 'checked' && realm.plan.changes.length + realm.plan.foreign.length > 0
}

/** One line for each thing; one alone when there is nothing to say. */
export function describeState(realm: CheckedRealm): readonly string[] {
  if (realm.kind === 'failed') return [describeFailure(realm.error).line.replace(/^doorman: /, 'not compared: ')]
  const { unseen } = realm.plan
  const lines = describeDrift(realm.plan)
  const hidden = unseen.map(({ part, lacks }) => `${part}: not seen, needs ${lacks}`)
  return (lines.length === 0 ? ['in sync', ...hidden] : [...lines, ...hidden]).map(printable)
}

/** One part of `--json`. */
export function driftDocument(realm: CheckedRealm) {
  const { name } = realm
  if (realm.kind === 'failed') return { realm: name, state: 'failed', because: describeState(realm).join() }
  const { changes, foreign, unseen } = realm.plan
  const differences = changes.map(({ kind, name: of, action, fields }) => ({
    kind,
    name: of,
    action,
    fields: fields.map(({ path }) => path),
  }))
  return { realm: name, state: hasDrift(realm) ? 'drift' : 'in sync', differences, foreign, unseen }
}
