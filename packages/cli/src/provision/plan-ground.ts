// Every realm of the file beside what is there. Asks, and changes nothing.
import { type ObservedRealm, observeRealm, type Plan, planRealm, type RealmPlan } from '@doorman/provision'
import type { ProvisionGround } from './ground.ts'

export interface PlannedGround {
  readonly plan: Plan
  /** What the plan was made from, in the order of `ProvisionGround.realms`. */
  readonly observed: readonly ObservedRealm[]
}

/** Rejects as soon as one realm cannot be read: half a plan would pass for a whole one. */
export async function planGround({ wanted: { owner }, realms }: ProvisionGround): Promise<PlannedGround> {
  const observed = await Promise.all(realms.map(({ admin, wanted }) => observeRealm(admin, wanted, owner)))
  const plans = observed.flatMap((realm, index) => {
    const wanted = realms[index]?.wanted
    return wanted === undefined ? [] : [planRealm(wanted, realm, owner)]
  })
  return { plan: { format: 1, owner, realms: plans }, observed }
}

export type CheckedRealm = { readonly name: string } & (
  | { readonly kind: 'checked'; readonly plan: RealmPlan }
  | { readonly kind: 'failed'; readonly error: unknown }
)

/** Never rejects: a realm that cannot be read does not hide the others. */
export function checkGround({ wanted: { owner }, realms }: ProvisionGround): Promise<readonly CheckedRealm[]> {
  return Promise.all(
    realms.map(async ({ admin, wanted }): Promise<CheckedRealm> => {
      const { name } = wanted
      try {
        return { name, kind: 'checked', plan: planRealm(wanted, await observeRealm(admin, wanted, owner), owner) }
      } catch (error) {
        return { name, kind: 'failed', error }
      }
    }),
  )
}
