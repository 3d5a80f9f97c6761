// Clients with their scopes, mappers, roles and service accounts.
import { payload, readList, readObject, readText } from './answers.ts'
import { type Connection, callsOf, GONE, madeBefore, nameOf, remember } from './connection.ts'
import { isStatus } from './gate.ts'
import { createMapperCalls } from './mapper-calls.ts'
import { checkSecret } from './masked.ts'
import { bearsOurMark, idOf } from './own-work.ts'
import type { RealmAdmin, Representation } from './realm-admin.ts'
import { createSecretCalls } from './secret-calls.ts'

type ClientCalls = RealmAdmin['clients']

export function createClientCalls(connection: Connection): ClientCalls {
  return {
    ...createReadCalls(connection),
    ...createWriteCalls(connection),
    ...createSecretCalls(connection),
    ...createScopeCalls(connection),
    ...createMapperCalls(connection, connection.client.clients),
    ...createRoleCalls(connection),
  }
}

async function lookUp(connection: Connection, clientId: string): Promise<Representation | undefined> {
  const found = readList(await connection.client.clients.find({ clientId }))
  return remember(connection, found, 'clientId')[0]
}

function createReadCalls(connection: Connection): Pick<ClientCalls, 'list' | 'find' | 'serviceAccount'> {
  const { clients } = connection.client
  const read = callsOf(connection, 'read', 'view-clients')
  const list = async () => remember(connection, readList(await clients.find()), 'clientId')
  return {
    list: () => read('list clients', list, { isOfRealm: true }),
    find: (clientId) => read(`look up client ${clientId}`, () => lookUp(connection, clientId), { isOfRealm: true }),
    serviceAccount: (id) => {
      const what = `read the service account of ${nameOf(connection, id)}`
      return read(what, async () => {
        try {
          return readObject(await clients.getServiceAccountUser({ id }))
        } catch (error) {
          // Keycloak's answer for a client without one.
          if (isStatus(error, 400)) return undefined
          throw error
        }
      })
    },
  }
}

function createWriteCalls(connection: Connection): Pick<ClientCalls, 'create' | 'update' | 'delete'> {
  const { clients } = connection.client
  const write = callsOf(connection, 'write', 'manage-clients')

  async function lookForOurs(client: Representation) {
    const found = await lookUp(connection, readText(client, 'clientId'))
    return bearsOurMark(client, found) ? idOf(found) : undefined
  }

  return {
    create: async (client) => {
      const what = `create client ${client.clientId}`
      checkSecret(client.secret, what)
      const ours = madeBefore(() => lookForOurs(client))
      const id = await write(what, async () => (await clients.create(payload(client))).id, { ...ours, isOfRealm: true })
      connection.names.set(id, String(client.clientId))
      return id
    },
    update: async (id, client) => {
      const what = `change client ${client.clientId ?? nameOf(connection, id)}`
      checkSecret(client.secret, what)
      await write(what, () => clients.update({ id }, payload(client)))
    },
    delete: (id) => write(`delete client ${nameOf(connection, id)}`, () => clients.del({ id }), GONE),
  }
}

function createScopeCalls(connection: Connection): Pick<ClientCalls, 'addScope' | 'removeScope'> {
  const { clients } = connection.client
  const write = callsOf(connection, 'write', 'manage-clients')
  return {
    addScope: (id, clientScopeId, kind) => {
      const ids = { id, clientScopeId }
      const what = `assign scope ${nameOf(connection, clientScopeId)} to ${nameOf(connection, id)}`
      return write(what, () =>
        kind === 'default' ? clients.addDefaultClientScope(ids) : clients.addOptionalClientScope(ids),
      )
    },
    removeScope: (id, clientScopeId, kind) => {
      const ids = { id, clientScopeId }
      const what = `take scope ${nameOf(connection, clientScopeId)} from ${nameOf(connection, id)}`
      return write(what, () =>
        kind === 'default' ? clients.delDefaultClientScope(ids) : clients.delOptionalClientScope(ids),
      )
    },
  }
}

function createRoleCalls(connection: Connection): Pick<ClientCalls, 'roles' | 'createRole' | 'deleteRole'> {
  const { clients } = connection.client
  const read = callsOf(connection, 'read', 'view-clients')
  const write = callsOf(connection, 'write', 'manage-clients')
  return {
    roles: (id) => {
      return read(`list roles of ${nameOf(connection, id)}`, async () => readList(await clients.listRoles({ id })))
    },
    createRole: async (id, name) => {
      // A role of a client has nothing but its name: whoever has made it, it is the one that was wanted.
      const ours = madeBefore(async () => ({ answer: { roleName: name } }))
      await write(`create role ${name} of ${nameOf(connection, id)}`, () => clients.createRole({ id, name }), ours)
    },
    deleteRole: (id, roleName) => {
      const what = `delete role ${roleName} of ${nameOf(connection, id)}`
      return write(what, () => clients.delRole({ id, roleName }), GONE)
    },
  }
}
