// The client policy under which rotated secrets overlap, beside the realm's own profiles and policies.
import type { Representation } from '../keycloak/realm-admin.ts'
import { buildRotationPolicy, buildRotationProfile, rotationName } from '../wanted/rotation-policy.ts'
import type { Json } from '../wanted/wanted.ts'
import { toObject } from './ownership.ts'
import { requireWanted, type Work } from './work.ts'

export async function applyRotation(_: unknown, { admin, wanted, owner }: Work): Promise<void> {
  const { overlapSeconds } = requireWanted(wanted.rotation ?? undefined, 'secret rotation')
  const [profiles, policies] = [await admin.policies.profiles(), await admin.policies.policies()]
  // The policy names the profile, which must be there first.
  await admin.policies.setProfiles({
    profiles: [...others(profiles.profiles, owner), toJson(buildRotationProfile(owner, overlapSeconds))],
  })
  await admin.policies.setPolicies({
    policies: [...others(policies.policies, owner), toJson(buildRotationPolicy(owner))],
  })
}

export async function deleteRotation(_: unknown, { admin, owner }: Work): Promise<void> {
  const [profiles, policies] = [await admin.policies.profiles(), await admin.policies.policies()]
  await admin.policies.setPolicies({ policies: others(policies.policies, owner) })
  await admin.policies.setProfiles({ profiles: others(profiles.profiles, owner) })
}

/** Keycloak's global ones stand in lists of their own, which are not written. */
function others(list: Json | undefined, owner: string): readonly Json[] {
  return Array.isArray(list) ? list.filter((one: Json) => toObject(one).name !== rotationName(owner)) : []
}

function toJson(part: Representation): Json {
  return part as Json
}
