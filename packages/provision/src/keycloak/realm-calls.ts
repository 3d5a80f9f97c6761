// What belongs to the realm as a whole: identity providers, client policies and its own representation.
import { payload, readList, readObject } from './answers.ts'
import { type Connection, callsOf, GONE, madeBefore } from './connection.ts'
import { holdsWhatWasSent } from './own-work.ts'
import type { RealmAdmin } from './realm-admin.ts'

export function createIdentityProviderCalls(connection: Connection): RealmAdmin['identityProviders'] {
  const { identityProviders } = connection.client
  const read = callsOf(connection, 'read', 'view-identity-providers')
  const write = callsOf(connection, 'write', 'manage-identity-providers')
  const list = async () => readList(await identityProviders.find())
  return {
    list: () => read('list identity providers', list, { isOfRealm: true }),
    create: async (provider) => {
      const { alias } = provider
      const ours = madeBefore(async () => {
        const found = (await list()).find((each) => each.alias === alias)
        return holdsWhatWasSent(provider, found) ? { answer: { id: String(alias) } } : undefined
      })
      const send = () => identityProviders.create(payload(provider))
      await write(`create identity provider ${alias}`, send, { ...ours, isOfRealm: true })
    },
    update: (alias, provider) =>
      write(`change identity provider ${alias}`, () => identityProviders.update({ alias }, payload(provider))),
    delete: (alias) => write(`delete identity provider ${alias}`, () => identityProviders.del({ alias }), GONE),
  }
}

export function createPolicyCalls(connection: Connection): RealmAdmin['policies'] {
  const { clientPolicies } = connection.client
  const read = callsOf(connection, 'read', 'view-realm')
  const write = callsOf(connection, 'write', 'manage-realm')
  const ofRealm = { isOfRealm: true } as const
  const executors = async () => readExecutors(await connection.client.serverInfo.find())
  return {
    profiles: () => read('read client profiles', async () => readObject(await clientPolicies.listProfiles()), ofRealm),
    setProfiles: (profiles) =>
      write('change client profiles', () => clientPolicies.createProfiles(payload(profiles)), ofRealm),
    policies: () => read('read client policies', async () => readObject(await clientPolicies.listPolicies()), ofRealm),
    setPolicies: (policies) =>
      write('change client policies', () => clientPolicies.updatePolicy(payload(policies)), ofRealm),
    executors: () => callsOf(connection, 'read', 'view-clients')('read what the server can do', executors),
  }
}

function readExecutors(serverInfo: unknown): readonly string[] {
  const { providers = {} } = readObject(serverInfo)
  const { 'client-policy-executor': executors = {} } = readObject(providers)
  return Object.keys(readObject(readObject(executors).providers ?? {}))
}
