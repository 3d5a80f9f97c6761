// Protocol mappers, which clients and client scopes have alike.
import { payload, readList } from './answers.ts'
import { type Connection, callsOf, GONE, madeBefore, nameOf } from './connection.ts'
import { holdsWhatWasSent } from './own-work.ts'
import type { RealmAdmin, Representation } from './realm-admin.ts'

type MapperCalls = Pick<RealmAdmin['scopes'], 'addMapper' | 'updateMapper' | 'deleteMapper'>

/** What Keycloak's client calls them, for clients and for scopes. */
interface MapperResource {
  addProtocolMapper(query: { id: string }, mapper: object): Promise<void>
  listProtocolMappers(query: { id: string }): Promise<unknown>
  updateProtocolMapper(query: { id: string; mapperId: string }, mapper: object): Promise<void>
  delProtocolMapper(query: { id: string; mapperId: string }): Promise<void>
}

export function createMapperCalls(connection: Connection, resource: MapperResource): MapperCalls {
  const write = callsOf(connection, 'write', 'manage-clients')

  async function lookForOurs(id: string, mapper: Representation) {
    const found = readList(await resource.listProtocolMappers({ id })).find(({ name }) => name === mapper.name)
    return holdsWhatWasSent(mapper, found) ? { answer: undefined } : undefined
  }

  return {
    addMapper: async (id, mapper) => {
      const what = `add mapper ${mapper.name} to ${nameOf(connection, id)}`
      const ours = madeBefore<void>(() => lookForOurs(id, mapper))
      await write(what, () => resource.addProtocolMapper({ id }, payload(mapper)), ours)
    },
    updateMapper: async (id, mapperId, mapper) => {
      const what = `change mapper ${mapper.name} of ${nameOf(connection, id)}`
      await write(what, () => resource.updateProtocolMapper({ id, mapperId }, payload(mapper)))
    },
    deleteMapper: async (id, mapperId) => {
      const what = `delete a mapper of ${nameOf(connection, id)}`
      await write(what, () => resource.delProtocolMapper({ id, mapperId }), GONE)
    },
  }
}
