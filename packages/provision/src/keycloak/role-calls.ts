// Realm roles, and who has which roles.
import type { RoleMappingPayload } from '@keycloak/keycloak-admin-client/lib/defs/roleRepresentation.js'
import { payload, readList, readObject, readText } from './answers.ts'
import { type Connection, callsOf, GONE, madeBefore, nameOf } from './connection.ts'
import { bearsOurMark } from './own-work.ts'
import type { NamedRole, RealmAdmin } from './realm-admin.ts'

export function createRoleCalls(connection: Connection): RealmAdmin['roles'] {
  const { roles } = connection.client
  const read = callsOf(connection, 'read', 'view-realm')
  const write = callsOf(connection, 'write', 'manage-realm')
  return {
    list: () => read('list realm roles', async () => readList(await roles.find()), { isOfRealm: true }),
    create: async (name, attributes) => {
      const role = { name, attributes }
      const ours = madeBefore(async () => {
        const found = readList([(await roles.findOneByName({ name })) ?? {}])[0]
        return bearsOurMark(role, found) ? { answer: { roleName: name } } : undefined
      })
      await write(`create realm role ${name}`, () => roles.create(payload(role)), { ...ours, isOfRealm: true })
    },
    delete: (name) => write(`delete realm role ${name}`, () => roles.delByName({ name }), GONE),
  }
}

export function createUserCalls(connection: Connection): RealmAdmin['users'] {
  const { users } = connection.client
  const read = callsOf(connection, 'read', 'view-users')
  const write = callsOf(connection, 'write', 'manage-users')
  return {
    roleMappings: async (id) => {
      const what = 'read the roles of a service account'
      const mappings = await read(what, async () => readObject(await users.listRoleMappings({ id })))
      const clientRoles = readClientRoles(mappings.clientMappings)
      // Keycloak leaves realm roles out of that answer without view-realm, but tells them when asked for them alone.
      const list = async () => readList(await users.listRealmRoleMappings({ id }))
      return { realmRoles: readNames(mappings.realmMappings ?? (await read(what, list))), clientRoles }
    },
    addRealmRoles: (id, roles) =>
      write(`give ${list(roles)}`, () => users.addRealmRoleMappings({ id, roles: sent(roles) })),
    removeRealmRoles: (id, roles) =>
      write(`take away ${list(roles)}`, () => users.delRealmRoleMappings({ id, roles: sent(roles) })),
    addClientRoles: (id, clientUniqueId, roles) => {
      const what = `give ${list(roles)} of ${nameOf(connection, clientUniqueId)}`
      return write(what, () => users.addClientRoleMappings({ id, clientUniqueId, roles: sent(roles) }))
    },
    removeClientRoles: (id, clientUniqueId, roles) => {
      const what = `take away ${list(roles)} of ${nameOf(connection, clientUniqueId)}`
      return write(what, () => users.delClientRoleMappings({ id, clientUniqueId, roles: sent(roles) }))
    },
  }
}

function sent(roles: readonly NamedRole[]): RoleMappingPayload[] {
  return roles.map(({ id, name }) => ({ id, name }))
}

function list(roles: readonly NamedRole[]): string {
  return `${roles.length === 1 ? 'role' : 'roles'} ${roles.map(({ name }) => name).join(', ')}`
}

function readClientRoles(mappings: unknown): Readonly<Record<string, readonly string[]>> {
  const ofClients = Object.entries(readObject(mappings ?? {}))
  return Object.fromEntries(ofClients.map(([clientId, each]) => [clientId, readNames(readObject(each).mappings)]))
}

function readNames(roles: unknown): readonly string[] {
  return readList(roles).map((role) => readText(role, 'name'))
}
