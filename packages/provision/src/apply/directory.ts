// Keycloak's ids by our names: from what was observed, from what was made since, and asked for only when neither knows.
import { ProvisionError } from '../errors.ts'
import type { ObservedRealm } from '../keycloak/observed.ts'
import type { NamedRole, RealmAdmin, Representation } from '../keycloak/realm-admin.ts'

/** All reject with `ERR_ADMIN_REFUSED` for what the realm does not have. */
export interface Directory {
  client(clientId: string): Promise<string>
  scope(name: string): string
  realmRoles(names: readonly string[]): Promise<readonly NamedRole[]>
  clientRoles(clientId: string, names: readonly string[]): Promise<readonly NamedRole[]>
  noteClient(clientId: string, id: string): void
  noteScope(name: string, id: string): void
}

type Ids = ReadonlyMap<string, string>

export function createDirectory(admin: RealmAdmin, observed: ObservedRealm): Directory {
  const clients = new Map([...observed.clients].map(([clientId, { id }]) => [clientId, id]))
  const scopes = new Map([...observed.scopes].map(([name, { id }]) => [name, id]))
  const readRealmRoles = createRoleReader(
    observed.roles.kind === 'seen' ? observed.roles.value : new Map(),
    'the realm',
    () => admin.roles.list(),
  )
  const roleReaders = new Map<string, ReturnType<typeof createRoleReader>>()

  async function client(clientId: string): Promise<string> {
    const known = clients.get(clientId)
    if (known !== undefined) return known
    const found = await admin.clients.find(clientId)
    if (typeof found?.id !== 'string') throw unknownThing(`client ${clientId}`)
    clients.set(clientId, found.id)
    return found.id
  }

  function clientRoleReader(clientId: string) {
    const existing = roleReaders.get(clientId)
    if (existing !== undefined) return existing
    const roles = observed.clients.get(clientId)?.roles
    const reader = createRoleReader(roles?.kind === 'seen' ? roles.value : new Map(), clientId, async () =>
      admin.clients.roles(await client(clientId)),
    )
    roleReaders.set(clientId, reader)
    return reader
  }

  return {
    client,
    scope(name) {
      const id = scopes.get(name)
      if (id === undefined) throw unknownThing(`client scope ${name}`)
      return id
    },
    realmRoles: readRealmRoles,
    clientRoles: (clientId, names) => clientRoleReader(clientId)(names),
    noteClient: (clientId, id) => void clients.set(clientId, id),
    noteScope: (name, id) => void scopes.set(name, id),
  }
}

/** Lists at most once: roles are asked for after all of them have been made. */
function createRoleReader(observed: Ids, where: string, list: () => Promise<readonly Representation[]>) {
  let listed: Promise<Ids> | undefined
  return async (names: readonly string[]): Promise<readonly NamedRole[]> => {
    if (!names.every((name) => observed.has(name))) listed ??= list().then(idsByName)
    const ids = listed === undefined ? observed : await listed
    return names.map((name) => {
      const id = ids.get(name)
      if (id === undefined) throw unknownThing(`role ${name} of ${where}`)
      return { id, name }
    })
  }
}

function idsByName(roles: readonly Representation[]): Ids {
  return new Map(roles.map(({ name, id }) => [String(name), String(id)]))
}

function unknownThing(what: string): ProvisionError {
  return new ProvisionError('ERR_ADMIN_REFUSED', `There is no ${what}`, { what })
}
