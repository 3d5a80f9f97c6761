// Realm roles and client roles: made when missing, never changed.
import type { Change } from '../plan/plan.ts'
import { OWNER_ATTRIBUTE } from '../wanted/wanted.ts'
import { isConflict, requireWanted, type Work } from './work.ts'

export async function makeRealmRole({ name }: Change, { admin, owner }: Work): Promise<void> {
  await unlessThere(admin.roles.create(name, { [OWNER_ATTRIBUTE]: [owner] }))
}

export async function makeClientRole({ name }: Change, { admin, wanted, directory }: Work): Promise<void> {
  const { clientId, role } = requireWanted(
    wanted.clients
      // Ids of clients and names of roles may hold slashes themselves.
      .flatMap(({ clientId, roles }) => roles.map((role) => ({ clientId, role })))
      .find((one) => `${one.clientId}/${one.role}` === name),
    name,
  )
  await unlessThere(admin.clients.createRole(await directory.client(clientId), role))
}

async function unlessThere(creation: Promise<void>): Promise<void> {
  try {
    await creation
  } catch (error) {
    if (!isConflict(error)) throw error
  }
}
