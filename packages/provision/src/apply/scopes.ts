// Client scopes with their mappers.
import type { Change } from '../plan/plan.ts'
import { OWNER_ATTRIBUTE, type WantedScope } from '../wanted/wanted.ts'
import { buildMappers, writeMappers } from './mappers.ts'
import { ownerOf, requireOurs } from './ownership.ts'
import { isConflict, isGone, outdated, requireWanted, type Work } from './work.ts'

export async function applyScope({ name, action }: Change, work: Work): Promise<void> {
  const wanted = requireWanted(
    work.wanted.scopes.find((scope) => scope.name === name),
    name,
  )
  if (action !== 'create') return updateScope(wanted, work)
  try {
    work.directory.noteScope(name, await work.admin.scopes.create(buildScope(wanted, work.owner)))
  } catch (error) {
    if (!isConflict(error)) throw error
    await updateScope(wanted, work)
  }
}

function buildScope({ name, description, attributes, mappers }: WantedScope, owner: string) {
  return {
    name,
    description,
    protocol: 'openid-connect',
    attributes: { ...attributes, [OWNER_ATTRIBUTE]: owner },
    protocolMappers: buildMappers(mappers),
  }
}

async function updateScope(wanted: WantedScope, { admin, owner, directory }: Work): Promise<void> {
  const { name, description, attributes, mappers } = wanted
  const fresh = (await admin.scopes.list()).find((scope) => scope.name === name)
  if (fresh === undefined) throw outdated(`client scope ${name}`)
  requireOurs(fresh, name, owner, false)
  const id = String(fresh.id)
  directory.noteScope(name, id)
  const { protocolMappers, ...rest } = fresh
  await admin.scopes.update(id, { ...rest, description, attributes: { ...attributes, [OWNER_ATTRIBUTE]: owner } })
  await writeMappers(id, mappers, protocolMappers, admin.scopes)
}

export async function deleteScope({ name }: Change, { admin, owner }: Work): Promise<void> {
  const fresh = (await admin.scopes.list()).find((scope) => scope.name === name)
  if (fresh === undefined || ownerOf(fresh) !== owner) return
  try {
    await admin.scopes.delete(String(fresh.id))
  } catch (error) {
    if (!isGone(error)) throw error
  }
}
