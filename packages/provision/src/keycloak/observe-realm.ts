// What a realm has of what is wanted. Lists rather than a call for each client, so that a thousand are read at once.
import { ProvisionError } from '../errors.ts'
import { OWNER_ATTRIBUTE, type WantedRealm } from '../wanted/wanted.ts'
import { readText } from './answers.ts'
import { observeClient, observeScope, pickFields, readTexts } from './observe-client.ts'
import type {
  ObservedClient,
  ObservedIdentityProvider,
  ObservedRealm,
  ObservedServiceAccount,
  Seen,
} from './observed.ts'
import type { RealmAdmin, Representation } from './realm-admin.ts'
import { observeRotation } from './rotation.ts'
import { seen } from './seen.ts'

/**
 * Reads what a plan has to know, and no more: parts that the credential may not see are `hidden`. Rejects when clients
 * and scopes are (`ERR_ADMIN_FORBIDDEN`, `detail.lacks` is `view-clients`): nothing could be said then.
 */
export async function observeRealm(admin: RealmAdmin, wanted: WantedRealm, owner: string): Promise<ObservedRealm> {
  const [clients, scopes, roles, identityProviders, rotation] = await Promise.all([
    observeClients(admin, wanted, owner),
    admin.scopes.list(),
    seen(async () => idsByName(await admin.roles.list())),
    seen(async () => byName((await admin.identityProviders.list()).map(observeIdentityProvider), ({ alias }) => alias)),
    seen(() => observeRotation(admin, owner)),
  ])
  return {
    realm: admin.realm,
    clients,
    scopes: byName(scopes.map(observeScope), ({ name }) => name),
    roles,
    identityProviders,
    rotation,
  }
}

async function observeClients(
  admin: RealmAdmin,
  wanted: WantedRealm,
  owner: string,
): Promise<ReadonlyMap<string, ObservedClient>> {
  const questions = questionsOf(wanted)
  const representations = (await listClients(admin)).filter(
    (client) => questions.has(readText(client, 'clientId')) || readTexts(client.attributes)[OWNER_ATTRIBUTE] === owner,
  )
  const clients = await Promise.all(
    representations.map(async (representation) => {
      const client = observeClient(representation)
      const asked = questions.get(client.clientId) ?? NOTHING
      const [roles, serviceAccount] = await Promise.all([
        asked.roles ? seen(async () => idsByName(await admin.clients.roles(client.id))) : NO_ROLES,
        asked.serviceAccount && client.settings.serviceAccountsEnabled === true
          ? observeServiceAccount(admin, client.id)
          : null,
      ])
      return { ...client, roles, serviceAccount }
    }),
  )
  return byName(clients, ({ clientId }) => clientId)
}

/** With `query-clients` alone Keycloak answers an empty list; yet a realm always has clients of its own. */
async function listClients(admin: RealmAdmin): Promise<readonly Representation[]> {
  const clients = await admin.clients.list()
  if (clients.length > 0) return clients
  const text = `The credential may not list clients: it lacks the role view-clients of realm-management in ${admin.realm}`
  throw new ProvisionError('ERR_ADMIN_FORBIDDEN', text, {
    what: 'list clients',
    realm: admin.realm,
    lacks: 'view-clients',
  })
}

/** What has to be asked of a client beyond the list. */
interface Questions {
  readonly roles: boolean
  readonly serviceAccount: boolean
}

const NOTHING: Questions = { roles: false, serviceAccount: false }
const NO_ROLES: ObservedClient['roles'] = { kind: 'seen', value: new Map() }

function questionsOf({ clients }: WantedRealm): ReadonlyMap<string, Questions> {
  const questions = new Map<string, Questions>()
  for (const { clientId, roles, serviceAccount } of clients) {
    questions.set(clientId, { roles: roles.length > 0, serviceAccount: serviceAccount !== null })
  }
  // A role can only be given by its id.
  for (const clientId of clients.flatMap(({ serviceAccount }) => Object.keys(serviceAccount?.clientRoles ?? {}))) {
    questions.set(clientId, { ...(questions.get(clientId) ?? NOTHING), roles: true })
  }
  return questions
}

function observeServiceAccount(admin: RealmAdmin, clientId: string): Promise<Seen<ObservedServiceAccount> | null> {
  return seen(async () => {
    const userId = readText((await admin.clients.serviceAccount(clientId)) ?? {}, 'id')
    return { userId, ...(await admin.users.roleMappings(userId)) }
  })
}

function observeIdentityProvider(provider: Representation): ObservedIdentityProvider {
  return {
    alias: readText(provider, 'alias'),
    settings: pickFields(provider, (name) => name !== 'config'),
    config: readTexts(provider.config),
  }
}

function idsByName(roles: readonly Representation[]): ReadonlyMap<string, string> {
  return new Map(roles.map((role) => [readText(role, 'name'), readText(role, 'id')]))
}

function byName<Thing>(things: readonly Thing[], nameOf: (thing: Thing) => string): ReadonlyMap<string, Thing> {
  return new Map(things.map((thing) => [nameOf(thing), thing]))
}
