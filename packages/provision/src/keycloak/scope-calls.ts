// Client scopes.
import { payload, readList } from './answers.ts'
import { type Connection, callsOf, GONE, madeBefore, nameOf, remember } from './connection.ts'
import { createMapperCalls } from './mapper-calls.ts'
import { bearsOurMark, idOf } from './own-work.ts'
import type { RealmAdmin, Representation } from './realm-admin.ts'

export function createScopeCalls(connection: Connection): RealmAdmin['scopes'] {
  const { clientScopes } = connection.client
  const read = callsOf(connection, 'read', 'view-clients')
  const write = callsOf(connection, 'write', 'manage-clients')
  const list = async () => remember(connection, readList(await clientScopes.find()), 'name')

  async function lookForOurs(scope: Representation) {
    const found = (await list()).find(({ name }) => name === scope.name)
    return bearsOurMark(scope, found) ? idOf(found) : undefined
  }

  return {
    list: () => read('list client scopes', list, { isOfRealm: true }),
    create: async (scope) => {
      const ours = { ...madeBefore(() => lookForOurs(scope)), isOfRealm: true } as const
      const send = async () => (await clientScopes.create(payload(scope))).id
      const id = await write(`create client scope ${scope.name}`, send, ours)
      connection.names.set(id, String(scope.name))
      return id
    },
    update: (id, scope) => {
      const what = `change client scope ${scope.name ?? nameOf(connection, id)}`
      return write(what, () => clientScopes.update({ id }, payload(scope)))
    },
    delete: (id) => write(`delete client scope ${nameOf(connection, id)}`, () => clientScopes.del({ id }), GONE),
    ...createMapperCalls(connection, clientScopes),
  }
}
