// Clients. A secret is never part of what is written here: Keycloak makes it, and keeps it while it is not mentioned.
import type { Representation } from '../keycloak/realm-admin.ts'
import type { Change } from '../plan/plan.ts'
import { OWNER_ATTRIBUTE, type WantedClient } from '../wanted/wanted.ts'
import { assignScopes, bothScopeLists } from './client-scopes.ts'
import { buildMappers, writeMappers } from './mappers.ts'
import { ownerOf, requireOurs } from './ownership.ts'
import { followRedirectUris } from './web-origins.ts'
import { isConflict, isGone, outdated, requireWanted, type Work } from './work.ts'

/** What has endpoints of its own, and is not part of the representation that is written. */
const OWN_ENDPOINTS = /^(mappers\.|defaultScopes$|optionalScopes$|secret$)/

export async function applyClient(change: Change, work: Work): Promise<void> {
  const { name, action, fields } = change
  const wanted = requireWanted(
    work.wanted.clients.find(({ clientId }) => clientId === name),
    name,
  )
  const paths = fields.map(({ path }) => path)
  if (action !== 'create') return updateClient(wanted, paths, work)
  try {
    await createClient(wanted, work)
  } catch (error) {
    if (!isConflict(error)) throw error
    await updateClient(wanted, paths, work)
  }
}

async function createClient(wanted: WantedClient, work: Work): Promise<void> {
  const { clientId, attributes, mappers } = wanted
  // Before the client is there: Keycloak leaves out names that it does not know.
  for (const name of [...(wanted.defaultScopes ?? []), ...(wanted.optionalScopes ?? [])]) work.directory.scope(name)
  const set = Object.entries(attributes).filter(([, value]) => value !== '')
  const id = await work.admin.clients.create({
    protocol: 'openid-connect',
    ...wanted.settings,
    clientId,
    attributes: { ...Object.fromEntries(set), [OWNER_ATTRIBUTE]: work.owner },
    protocolMappers: buildMappers(mappers),
    ...bothScopeLists(wanted),
  })
  work.directory.noteClient(clientId, id)
  const hasOneList = (wanted.defaultScopes === null) !== (wanted.optionalScopes === null)
  if (hasOneList) await assignScopes(id, wanted, await readClient(clientId, work), work)
}

async function updateClient(wanted: WantedClient, paths: readonly string[], work: Work): Promise<void> {
  const { clientId, adopt, mappers } = wanted
  const { admin, owner } = work
  const fresh = await readClient(clientId, work)
  requireOurs(fresh, clientId, owner, adopt)
  const id = String(fresh.id)
  if (paths.some((path) => !OWN_ENDPOINTS.test(path))) await admin.clients.update(id, merge(fresh, wanted, owner))
  await assignScopes(id, wanted, fresh, work)
  await writeMappers(id, mappers, fresh.protocolMappers, admin.clients)
  if (paths.includes('secret')) await makeSecret(id, work)
}

async function readClient(clientId: string, { admin, directory }: Work): Promise<Representation> {
  const found = await admin.clients.find(clientId)
  if (typeof found?.id !== 'string') throw outdated(`client ${clientId}`)
  directory.noteClient(clientId, found.id)
  return found
}

/**
 * Everything that is there, because Keycloak switches off what a PUT leaves out (authorization services). Attributes are
 * merged by Keycloak itself: those of others, the rotated secret among them, are not sent back. There are always some:
 * without them Keycloak answers 500 under a rotation policy (KC-115 in notes/keycloak).
 */
function merge(fresh: Representation, wanted: WantedClient, owner: string): Representation {
  const { secret: _, protocolMappers: __, defaultClientScopes: ___, optionalClientScopes: ____, ...rest } = fresh
  const attributes = { ...wanted.attributes, [OWNER_ATTRIBUTE]: owner }
  return { ...rest, ...followRedirectUris(fresh, wanted), ...wanted.settings, attributes }
}

/** Only where there still is none: a second one would end the first. */
async function makeSecret(id: string, { admin }: Work): Promise<void> {
  const secret = await admin.clients.secret(id)
  if (secret === undefined || secret === '') await admin.clients.regenerateSecret(id)
}

export async function deleteClient({ name }: Change, { admin, owner }: Work): Promise<void> {
  const fresh = await admin.clients.find(name)
  if (fresh === undefined || ownerOf(fresh) !== owner) return
  try {
    await admin.clients.delete(String(fresh.id))
  } catch (error) {
    if (!isGone(error)) throw error
  }
}
