// Clients with their secrets and their scopes.
import { ACCOUNT_SCOPE, buildClient, mergeClient } from './client-fields.ts'
import {
  accountOf,
  type Client,
  closeAccount,
  deleteRole,
  findClient,
  openAccount,
  type RealmState,
  rolesIn,
  type Scope,
  type Thing,
} from './realm-state.ts'
import { brokenInside, created, exists, forbidden, NO_CONTENT, notFound, ok, Refusal } from './reply.ts'
import type { Answering, Asked, Routes } from './routes.ts'
import { applyRotationPolicy, endRotatedSecret, rotatedSecret, rotateSecret } from './secret-values.ts'

/** The client that the path names. Whoever may not even list any is told nothing about what is there. */
export function clientOf({ realm, caller, parts }: Asked, ...needs: readonly string[]): Client {
  const client = realm.clients.get(parts[0] ?? '')
  if (client === undefined)
    throw caller.may('query-clients', 'view-clients') ? notFound('Could not find client') : forbidden()
  caller.need(...needs)
  return client
}

const VIEW = 'view-clients'
const MANAGE = 'manage-clients'

export const CLIENT_CALLS: Routes = {
  'GET clients': (asked) => {
    const { realm, caller, query } = asked
    caller.need('query-clients', VIEW)
    if (!caller.may(VIEW)) return ok([])
    const wanted = query.get('clientId')
    const clients = [...realm.clients.values()].filter(({ clientId }) => wanted === null || clientId === wanted)
    return ok(clients.map((client) => represent(client, asked)))
  },
  'POST clients': ({ realm, caller, body, url }) => {
    caller.need(MANAGE)
    const client = buildClient(realm, body as Thing)
    if (findClient(realm, client.clientId)) throw exists(`Client ${client.clientId} already exists`)
    applyRotationPolicy(realm, client, { hasAttributes: true })
    realm.clients.set(client.id, client)
    if (client.serviceAccountsEnabled) openAccount(realm, client)
    return created(`${url}/${client.id}`)
  },
  'GET clients/*': (asked) => ok(represent(clientOf(asked, VIEW), asked)),
  'PUT clients/*': (asked) => {
    const { realm, body } = asked
    const current = clientOf(asked, MANAGE)
    const client = mergeClient(current, body as Thing)
    const same = findClient(realm, client.clientId)
    if (same !== undefined && same.id !== client.id) throw conflict()
    applyRotationPolicy(realm, client, { hasAttributes: (body as Thing).attributes != null })
    realm.clients.set(client.id, withAccount(realm, client))
    return NO_CONTENT
  },
  'DELETE clients/*': (asked) => {
    const { realm } = asked
    const client = clientOf(asked, MANAGE)
    for (const role of rolesIn(realm, client.id)) deleteRole(realm, role)
    closeAccount(realm, client)
    realm.clients.delete(client.id)
    return NO_CONTENT
  },
  'GET clients/*/client-secret': (asked) => secretReply(clientOf(asked, VIEW).secret),
  'POST clients/*/client-secret': (asked) => {
    const client = clientOf(asked, MANAGE)
    rotateSecret(asked.realm, client)
    return secretReply(client.secret)
  },
  'GET clients/*/client-secret/rotated': (asked) => {
    const secret = rotatedSecret(clientOf(asked, VIEW))
    if (secret === undefined) throw notFound('Client does not have a rotated secret')
    return secretReply(secret)
  },
  'DELETE clients/*/client-secret/rotated': (asked) => {
    // Keycloak's answer where others are refused with 403.
    if (!asked.caller.may(MANAGE)) throw brokenInside()
    endRotatedSecret(clientOf(asked, MANAGE))
    return NO_CONTENT
  },
  'GET clients/*/default-client-scopes': (asked) => scopesReply(asked, 'defaultClientScopes'),
  'GET clients/*/optional-client-scopes': (asked) => scopesReply(asked, 'optionalClientScopes'),
  'PUT clients/*/default-client-scopes/*': assign('defaultClientScopes'),
  'PUT clients/*/optional-client-scopes/*': assign('optionalClientScopes'),
  'DELETE clients/*/default-client-scopes/*': takeAway,
  'DELETE clients/*/optional-client-scopes/*': takeAway,
  'GET clients/*/service-account-user': (asked) => {
    const client = clientOf(asked, VIEW)
    const account = accountOf(asked.realm, client)
    if (account === undefined) {
      throw new Refusal(400, { error: `Service account not enabled for the client '${client.clientId}'` })
    }
    const { id, username, createdTimestamp } = account
    return ok({ ...USER, id, username, createdTimestamp })
  },
}

const USER = {
  emailVerified: false,
  enabled: true,
  totp: false,
  disableableCredentialTypes: [],
  requiredActions: [],
  notBefore: 0,
}

function represent({ protocolMappers, ...client }: Client, { caller }: Asked): Thing {
  const mayManage = caller.may(MANAGE) && client.clientId !== 'realm-management'
  const mappers = protocolMappers.length === 0 ? {} : { protocolMappers }
  return { ...client, ...mappers, access: { view: true, configure: mayManage, manage: mayManage } }
}

function withAccount(realm: RealmState, client: Client): Client {
  const others = client.defaultClientScopes.filter((name) => name !== ACCOUNT_SCOPE)
  if (!client.serviceAccountsEnabled) {
    closeAccount(realm, client)
    return { ...client, defaultClientScopes: others }
  }
  if (accountOf(realm, client) === undefined) openAccount(realm, client)
  return { ...client, defaultClientScopes: [...others, ACCOUNT_SCOPE] }
}

function secretReply(value: string | undefined) {
  return ok({ type: 'secret', ...(value === undefined ? {} : { value }) })
}

function conflict(): Refusal {
  return new Refusal(409, { error: 'conflict', error_description: 'Duplicate resource error' })
}

type ListName = 'defaultClientScopes' | 'optionalClientScopes'

function scopesReply(asked: Asked, list: ListName) {
  const names = clientOf(asked, VIEW)[list]
  const scopes = [...asked.realm.scopes.values()].filter(({ name }) => names.includes(name))
  return ok(scopes.map(({ id, name }) => ({ id, name })))
}

function assign(list: ListName): Answering {
  return (asked) => {
    const [client, { name }] = clientAndScope(asked)
    const isThere = client.defaultClientScopes.includes(name) || client.optionalClientScopes.includes(name)
    if (!isThere) client[list].push(name)
    return NO_CONTENT
  }
}

/** From either list, whichever is named. */
function takeAway(asked: Asked) {
  const [client, { name }] = clientAndScope(asked)
  for (const list of ['defaultClientScopes', 'optionalClientScopes'] as const) {
    client[list] = client[list].filter((other) => other !== name)
  }
  return NO_CONTENT
}

function clientAndScope(asked: Asked): readonly [Client, Scope] {
  const client = clientOf(asked, MANAGE)
  const scope = asked.realm.scopes.get(asked.parts[1] ?? '')
  if (scope === undefined) throw notFound('Client scope not found')
  return [client, scope]
}
