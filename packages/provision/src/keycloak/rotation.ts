// Whether secrets can overlap in this realm, and for how long those of one owner do.
import { ROTATION_EXECUTOR, readOverlapSeconds } from '../wanted/rotation-policy.ts'
import type { ObservedRotation } from './observed.ts'
import type { RealmAdmin } from './realm-admin.ts'

export async function observeRotation({ policies }: RealmAdmin, owner: string): Promise<ObservedRotation> {
  const [executors, profiles, current] = await Promise.all([
    policies.executors(),
    policies.profiles(),
    policies.policies(),
  ])
  const isSupported = executors.includes(ROTATION_EXECUTOR)
  return { isSupported, overlapSeconds: readOverlapSeconds(owner, profiles, current) }
}
