// Roles of the realm and of clients, and the service accounts that have them.
import { randomUUID } from 'node:crypto'
import { clientOf } from './client-calls.ts'
import {
  type Account,
  type Client,
  deleteRole,
  findClient,
  type RealmState,
  type Role,
  rolesIn,
  type Thing,
} from './realm-state.ts'
import { created, exists, forbidden, NO_CONTENT, notFound, ok, Refusal, type Reply } from './reply.ts'
import type { Asked, Routes } from './routes.ts'

export const ROLE_CALLS: Routes = {
  'GET roles': ({ realm, caller, query }) => {
    caller.need('view-realm', 'manage-identity-providers')
    const isBrief = query.get('briefRepresentation') !== 'false'
    return ok(rolesIn(realm, realm.id).map((role) => (isBrief ? brief(role) : role)))
  },
  'POST roles': (asked) => {
    asked.caller.need('manage-realm')
    return makeRole(asked, asked.realm.id, false)
  },
  'GET roles/*': ({ realm, caller, parts }) => {
    caller.need('view-realm')
    return ok(roleCalled(realm, realm.id, parts[0]))
  },
  'DELETE roles/*': ({ realm, caller, parts }) => {
    caller.need('manage-realm')
    deleteRole(realm, roleCalled(realm, realm.id, parts[0]))
    return NO_CONTENT
  },
  'GET clients/*/roles': (asked) => ok(rolesIn(asked.realm, clientOf(asked, 'view-clients').id).map(brief)),
  'POST clients/*/roles': (asked) => makeRole(asked, clientOf(asked, 'manage-clients').id, true),
  'GET clients/*/roles/*': (asked) => {
    return ok(roleCalled(asked.realm, clientOf(asked, 'view-clients').id, asked.parts[1]))
  },
  'DELETE clients/*/roles/*': (asked) => {
    deleteRole(asked.realm, roleCalled(asked.realm, clientOf(asked, 'manage-clients').id, asked.parts[1]))
    return NO_CONTENT
  },
  'GET users/*/role-mappings': (asked) => ok(allMappings(asked, accountOf(asked, 'view-users'))),
  'GET users/*/role-mappings/realm': (asked) => {
    return ok(heldRoles(asked.realm, accountOf(asked, 'view-users'), asked.realm.id))
  },
  'GET users/*/role-mappings/clients/*': (asked) => {
    const account = accountOf(asked, 'view-users')
    asked.caller.need('view-clients')
    return ok(heldRoles(asked.realm, account, containerOf(asked).id))
  },
  'POST users/*/role-mappings/realm': (asked) => changeMappings(asked, 'give'),
  'DELETE users/*/role-mappings/realm': (asked) => changeMappings(asked, 'take'),
  'POST users/*/role-mappings/clients/*': (asked) => changeMappings(asked, 'give'),
  'DELETE users/*/role-mappings/clients/*': (asked) => changeMappings(asked, 'take'),
}

function makeRole({ realm, body, url }: Asked, containerId: string, clientRole: boolean): Reply {
  const { name, description, attributes } = body as Thing
  if (typeof name !== 'string') throw new Refusal(400, { error: 'role has no name' })
  if (rolesIn(realm, containerId).some((role) => role.name === name)) {
    throw exists(`Role with name ${name} already exists`)
  }
  const id = randomUUID()
  const told = description === undefined ? {} : { description }
  const given = (attributes ?? {}) as Role['attributes']
  realm.roles.set(id, { id, name, ...told, composite: false, clientRole, containerId, attributes: given })
  return created(`${url}/${encodeURIComponent(name)}`)
}

function roleCalled(realm: RealmState, containerId: string, name: string | undefined): Role {
  const role = rolesIn(realm, containerId).find((one) => one.name === name)
  if (role === undefined) throw notFound('Could not find role')
  return role
}

function brief({ attributes: _, ...role }: Role): Thing {
  return role
}

function accountOf({ realm, caller, parts }: Asked, ...needs: readonly string[]): Account {
  caller.need(...needs)
  const account = realm.accounts.get(parts[0] ?? '')
  if (account === undefined) throw notFound('User not found')
  return account
}

function heldRoles(realm: RealmState, { roles }: Account, containerId: string): readonly Thing[] {
  return rolesIn(realm, containerId)
    .filter(({ id }) => roles.has(id))
    .map(brief)
}

/** Only what the caller may see elsewhere, too. */
function allMappings({ realm, caller }: Asked, account: Account): Thing {
  const realmMappings = caller.may('view-realm') ? heldRoles(realm, account, realm.id) : []
  const clients = caller.may('view-clients') ? [...realm.clients.values()] : []
  const ofClients = clients.map((client) => [client, heldRoles(realm, account, client.id)] as const)
  const clientMappings = ofClients
    .filter(([, mappings]) => mappings.length > 0)
    .map(([{ id, clientId }, mappings]) => [clientId, { id, client: clientId, mappings }] as const)
  return {
    ...(realmMappings.length === 0 ? {} : { realmMappings }),
    ...(clientMappings.length === 0 ? {} : { clientMappings: Object.fromEntries(clientMappings) }),
  }
}

function changeMappings(asked: Asked, how: 'give' | 'take'): Reply {
  const { realm, body } = asked
  const account = accountOf(asked, 'manage-users')
  const containerId = asked.parts.length === 1 ? realm.id : containerOf(asked).id
  const roles = (body as readonly Thing[]).map((sent) => findMapped(realm, containerId, sent))
  for (const role of roles) {
    refuseEscalation(asked, role)
    if (how === 'give') account.roles.add(role.id)
    else account.roles.delete(role.id)
  }
  return NO_CONTENT
}

/** Both must match. */
function findMapped({ roles }: RealmState, containerId: string, { id, name }: Thing): Role {
  const role = roles.get(String(id))
  if (role === undefined || role.name !== name || role.containerId !== containerId) throw notFound('Role not found')
  return role
}

/** Nobody gives a role of realm-management that they do not have. */
function refuseEscalation({ realm, caller }: Asked, { name, containerId }: Role): void {
  if (containerId === findClient(realm, 'realm-management')?.id && !caller.may(name)) throw forbidden()
}

function containerOf({ realm, parts }: Asked): Client {
  const client = realm.clients.get(parts[1] ?? '')
  if (client === undefined) throw notFound('Client not found')
  return client
}
