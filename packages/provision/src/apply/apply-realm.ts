// A plan, carried out. Each kind of thing waits for what it needs; within a kind everything goes on at once.
import { ProvisionError } from '../errors.ts'
import type { ObservedRealm } from '../keycloak/observed.ts'
import type { RealmAdmin } from '../keycloak/realm-admin.ts'
import type { Change, ChangeKind, RealmPlan } from '../plan/plan.ts'
import type { Report } from '../report.ts'
import type { WantedRealm } from '../wanted/wanted.ts'
import { type ApplyLock, acquireApplyLock, sweepApplyLock } from './apply-lock.ts'
import { applyClient, deleteClient } from './clients.ts'
import { createDirectory } from './directory.ts'
import { applyIdentityProvider } from './identity-providers.ts'
import { inParallel } from './in-parallel.ts'
import { makeClientRole, makeRealmRole } from './roles.ts'
import { applyRotation, deleteRotation } from './rotation.ts'
import { applyScope, deleteScope } from './scopes.ts'
import { applyServiceAccount } from './service-accounts.ts'
import type { SecretOf, Work } from './work.ts'

/** Beside the limit of the admin interface on calls: enough to keep it busy. */
const CHANGES_AT_ONCE = 32

export interface ApplyRealmOptions {
  readonly admin: RealmAdmin
  readonly wanted: WantedRealm
  readonly observed: ObservedRealm
  readonly plan: RealmPlan
  readonly owner: string
  /** Whether deletions of the plan are carried out. */
  readonly prunes: boolean
  readonly report: Report
  /** For identity providers: see `createSecretReader`. */
  readonly secretOf: SecretOf
  /** Nothing new is begun when it is aborted, and the lock is given back. */
  readonly signal: AbortSignal
}

export interface ApplySummary {
  readonly created: number
  /** Adoptions among them. */
  readonly changed: number
  readonly deleted: number
  /** Things of the file that were as they should be. */
  readonly unchanged: number
  readonly calls: { readonly reads: number; readonly writes: number; readonly repeated: number }
}

type Step = (change: Change, work: Work) => Promise<void>

const STEPS: readonly (readonly [ChangeKind, Step])[] = [
  ['realm role', makeRealmRole],
  ['client scope', applyScope],
  ['client', applyClient],
  ['client role', makeClientRole],
  ['service account', applyServiceAccount],
  ['identity provider', applyIdentityProvider],
  ['rotation policy', applyRotation],
]

const DELETIONS: readonly (readonly [ChangeKind, Step])[] = [
  ['client', deleteClient],
  ['client scope', deleteScope],
  ['rotation policy', deleteRotation],
]

/**
 * Carries out a plan: what is missing is made, what differs is corrected, nothing else is touched; deletions come last and
 * with `prunes` alone. Without changes nothing is written. After a failure the next plan sees what has been done, and goes
 * on from there. Rejects with `ERR_CLIENT_FOREIGN` before anything is written when the plan found things of others, with
 * `ERR_APPLY_RUNNING` when somebody else is at it, and as the admin interface does.
 */
export async function applyRealm(options: ApplyRealmOptions): Promise<ApplySummary> {
  const { admin, plan, owner, prunes } = options
  refuseForeign(plan)
  const before = admin.counts()
  const changes = plan.changes.filter(({ action }) => prunes || action !== 'delete')
  if (changes.length === 0) await sweepApplyLock({ admin, nowSeconds })
  else await withLock({ admin, owner, nowSeconds }, (lock) => carryOut(changes, lock, options))
  return summarize(changes, options, before)
}

function refuseForeign({ foreign }: RealmPlan): void {
  const [first] = foreign
  if (first === undefined) return
  const names = foreign.map(({ clientId }) => clientId).join(', ')
  const remedy = 'say adopt: true in the file to take a client over, or choose another name'
  throw new ProvisionError('ERR_CLIENT_FOREIGN', `Not ours: ${names}`, { because: first.because, remedy })
}

async function withLock(
  options: Parameters<typeof acquireApplyLock>[0],
  work: (lock: ApplyLock) => Promise<void>,
): Promise<void> {
  const lock = await acquireApplyLock(options)
  try {
    await work(lock)
  } catch (error) {
    // What went wrong first is what there is to tell.
    await lock.release().catch(() => undefined)
    throw error
  }
  await lock.release()
}

async function carryOut(changes: readonly Change[], lock: ApplyLock, options: ApplyRealmOptions): Promise<void> {
  const { admin, wanted, observed, owner, secretOf, report, signal } = options
  const work: Work = { admin, wanted, owner, secretOf, directory: createDirectory(admin, observed) }
  let done = 0
  for (const { those, step } of stagesOf(changes)) {
    await inParallel(those, CHANGES_AT_ONCE, async (change) => {
      signal.throwIfAborted()
      await lock.keep()
      await step(change, work)
      done += 1
      report({ what: `${change.action} ${change.kind} ${change.name}`, done, of: changes.length })
    })
  }
}

function stagesOf(changes: readonly Change[]): readonly { readonly those: readonly Change[]; readonly step: Step }[] {
  const stages = (steps: typeof STEPS, deletes: boolean) =>
    steps.map(([kind, step]) => ({
      those: changes.filter((change) => change.kind === kind && (change.action === 'delete') === deletes),
      step,
    }))
  return [...stages(STEPS, false), ...stages(DELETIONS, true)]
}

function summarize(
  changes: readonly Change[],
  { admin, wanted }: ApplyRealmOptions,
  before: ApplySummary['calls'],
): ApplySummary {
  const count = (...actions: readonly Change['action'][]) =>
    changes.filter(({ action }) => actions.includes(action)).length
  const [created, changed, deleted] = [count('create'), count('update', 'adopt'), count('delete')]
  const after = admin.counts()
  return {
    created,
    changed,
    deleted,
    unchanged: countThings(wanted) - created - changed,
    calls: {
      reads: after.reads - before.reads,
      writes: after.writes - before.writes,
      repeated: after.repeated - before.repeated,
    },
  }
}

function countThings({ roles, scopes, clients, identityProviders, rotation }: WantedRealm): number {
  const ofClients = clients.map(({ roles, serviceAccount }) => 1 + roles.length + (serviceAccount === null ? 0 : 1))
  const sum = ofClients.reduce((total, count) => total + count, 0)
  return roles.length + scopes.length + identityProviders.length + (rotation === null ? 0 : 1) + sum
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
