// Everything a plan looks at, with what differs and what does not: changes are read off it, and so is the fingerprint.
import { differs } from './fields.ts'
import type { Change, ChangeKind, FieldChange, RealmPlan, Unseen } from './plan.ts'

export interface Finding {
  readonly kind: ChangeKind
  readonly name: string
  /** `update` also of what is as it should be; `foreign`: somebody else's, nothing is done to it. */
  readonly action: Change['action'] | 'foreign'
  /** Every field that was compared. */
  readonly fields: readonly FieldChange[]
  readonly because: string
}

export interface Findings {
  readonly findings: readonly Finding[]
  readonly unseen: readonly Unseen[]
}

export const NOTHING_FOUND: Findings = { findings: [], unseen: [] }

export function found(...findings: readonly Finding[]): Findings {
  return { findings, unseen: [] }
}

export function hidden(part: string, lacks: string): Findings {
  return { findings: [], unseen: [{ part, lacks }] }
}

export function together(all: readonly Findings[]): Findings {
  return { findings: all.flatMap(({ findings }) => findings), unseen: all.flatMap(({ unseen }) => unseen) }
}

export function changesOf(findings: readonly Finding[]): readonly Change[] {
  return findings.flatMap((finding) => {
    const { action, ...rest } = finding
    if (action === 'foreign') return []
    const fields = finding.fields.filter((field) => isShown(action, field))
    return action === 'update' && fields.length === 0 ? [] : [{ ...rest, action, fields }]
  })
}

function isShown(action: Change['action'], field: FieldChange): boolean {
  if (action === 'create') return field.to !== undefined
  return action === 'delete' ? field.from !== undefined : differs(field)
}

export function foreignOf(findings: readonly Finding[]): RealmPlan['foreign'] {
  return findings.flatMap(({ kind, name, action, because }) => {
    if (action !== 'foreign' || (kind !== 'client' && kind !== 'client scope')) return []
    return [{ kind, clientId: name, because }]
  })
}
