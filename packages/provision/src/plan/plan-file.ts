// A plan on disk, to be carried out later as it was read, or not at all.
import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { ProvisionError } from '../errors.ts'
import type { ObservedRealm } from '../keycloak/observed.ts'
import type { WantedRealm } from '../wanted/wanted.ts'
import { canonical } from './fields.ts'
import { saltOf } from './fingerprint.ts'
import { CHANGE_KINDS, type Plan, type RealmPlan } from './plan.ts'
import { planWithSalt } from './plan-realm.ts'

const MODE = 0o600

/** Readable by its owner alone, whatever stood there before. */
export function writePlanFile(file: string, plan: Plan): void {
  const beside = `${file}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(beside, `${JSON.stringify(plan, null, 2)}\n`, { mode: MODE, flag: 'wx' })
    renameSync(beside, file)
  } catch (cause) {
    rmSync(beside, { force: true })
    throw new ProvisionError('ERR_PLAN_INVALID', 'the plan cannot be written', { file }, { cause })
  }
}

/** Rejects what is no plan of this format with `ERR_PLAN_INVALID`. */
export function readPlanFile(file: string): Plan {
  const parsed = planSchema.safeParse(parseJson(file))
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.join('.') ?? ''
  throw new ProvisionError('ERR_PLAN_INVALID', 'this is no plan of format 1', where === '' ? { file } : { file, where })
}

/**
 * The plan as it is now, when it is still the stored one. Throws `ERR_PLAN_OUTDATED` when the realm, the file or what the
 * credential sees has changed since, and `ERR_PLAN_INVALID` when the stored plan was changed by hand.
 */
export function confirmPlan(stored: Plan, now: readonly PlannedRealm[], owner: string): Plan {
  const names = now.map(({ wanted }) => wanted.name)
  if (stored.owner !== owner || canonical(stored.realms.map(({ name }) => name)) !== canonical(names)) {
    throw new ProvisionError(
      'ERR_PLAN_OUTDATED',
      'the file names another owner or other realms than the plan; plan again',
    )
  }
  return { ...stored, realms: stored.realms.map((realm, index) => confirmRealm(realm, now[index], owner)) }
}

export interface PlannedRealm {
  readonly wanted: WantedRealm
  readonly observed: ObservedRealm
}

function confirmRealm(stored: RealmPlan, now: PlannedRealm | undefined, owner: string): RealmPlan {
  const current = now && planWithSalt(now.wanted, now.observed, owner, saltOf(stored.fingerprint))
  if (current?.fingerprint !== stored.fingerprint) {
    const message = 'the realm or the file has changed since the plan was made; plan again'
    throw new ProvisionError('ERR_PLAN_OUTDATED', message, { realm: stored.name })
  }
  if (canonical([stored.changes, stored.foreign]) !== canonical([current.changes, current.foreign])) {
    throw new ProvisionError('ERR_PLAN_INVALID', 'the plan was changed by hand; plan again', { realm: stored.name })
  }
  return current
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new ProvisionError('ERR_PLAN_INVALID', 'the plan cannot be read', { file }, { cause })
  }
}

const fieldChange = z
  .strictObject({ path: z.string(), from: z.json().optional(), to: z.json().optional() })
  .transform(({ path, from, to }) => ({ path, from, to }))

const change = z.strictObject({
  kind: z.enum(CHANGE_KINDS),
  name: z.string(),
  action: z.enum(['create', 'adopt', 'update', 'delete']),
  fields: z.array(fieldChange),
  because: z.string(),
})

const realmPlan = z.strictObject({
  name: z.string(),
  issuer: z.string(),
  fingerprint: z.string(),
  changes: z.array(change),
  foreign: z.array(
    z.strictObject({ kind: z.enum(['client', 'client scope']), clientId: z.string(), because: z.string() }),
  ),
  unseen: z.array(z.strictObject({ part: z.string(), lacks: z.string() })),
})

const planSchema: z.ZodType<Plan> = z.strictObject({
  format: z.literal(1),
  owner: z.string(),
  realms: z.array(realmPlan),
})
