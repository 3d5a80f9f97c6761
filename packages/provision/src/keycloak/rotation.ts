// Whether secrets can overlap in this realm, and for how long those of one owner do.
import { readOverlapSeconds } from '../wanted/rotation-policy.ts'
import type { ObservedRotation } from './observed.ts'
import type { RealmAdmin } from './realm-admin.ts'

const EXECUTOR = 'secret-rotation'

export async function observeRotation({ policies }: RealmAdmin, owner: string): Promise<ObservedRotation> {
  const [executors, profiles, current] = await Promise.all([
    policies.executors(),
    policies.profiles(),
    policies.policies(),
  ])
  return { isSupported: executors.includes(EXECUTOR), overlapSeconds: readOverlapSeconds(owner, profiles, current) }
}
