// What a service account may: exactly what the file says, beside the role that every account of the realm has.
import type { Change } from '../plan/plan.ts'
import { defaultRoleOf } from '../wanted/built-in.ts'
import type { WantedServiceAccount } from '../wanted/wanted.ts'
import { outdated, requireWanted, type Work } from './work.ts'

export async function applyServiceAccount({ name }: Change, work: Work): Promise<void> {
  const { serviceAccount } = requireWanted(
    work.wanted.clients.find(({ clientId }) => clientId === name),
    name,
  )
  await giveRoles(name, requireWanted(serviceAccount ?? undefined, name), work)
}

async function giveRoles(clientId: string, wanted: WantedServiceAccount, work: Work): Promise<void> {
  const { admin, directory } = work
  const account = await admin.clients.serviceAccount(await directory.client(clientId))
  if (typeof account?.id !== 'string') throw outdated(`service account of ${clientId}`)
  const userId = account.id
  const current = await admin.users.roleMappings(userId)
  const clientIds = new Set([...Object.keys(wanted.clientRoles), ...Object.keys(current.clientRoles)])
  await correctRealmRoles(userId, wanted.realmRoles, current.realmRoles, work)
  for (const of of clientIds) {
    const { missing, surplus } = compare(wanted.clientRoles[of] ?? [], current.clientRoles[of] ?? [])
    if (missing.length + surplus.length === 0) continue
    const uuid = await directory.client(of)
    const give = await directory.clientRoles(of, missing)
    if (give.length > 0) await admin.users.addClientRoles(userId, uuid, give)
    const take = await directory.clientRoles(of, surplus)
    if (take.length > 0) await admin.users.removeClientRoles(userId, uuid, take)
  }
}

async function correctRealmRoles(
  userId: string,
  wanted: readonly string[],
  current: readonly string[],
  { admin, directory }: Work,
): Promise<void> {
  const defaultRole = defaultRoleOf(admin.realm)
  const { missing, surplus } = compare(
    wanted,
    current.filter((role) => role !== defaultRole || wanted.includes(role)),
  )
  const give = await directory.realmRoles(missing)
  if (give.length > 0) await admin.users.addRealmRoles(userId, give)
  const take = await directory.realmRoles(surplus)
  if (take.length > 0) await admin.users.removeRealmRoles(userId, take)
}

function compare(wanted: readonly string[], current: readonly string[]) {
  return {
    missing: wanted.filter((role) => !current.includes(role)),
    surplus: current.filter((role) => !wanted.includes(role)),
  }
}
