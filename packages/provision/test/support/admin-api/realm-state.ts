// A realm in memory, in the shape of Keycloak's representations. It begins as a real one does.
import { randomUUID } from 'node:crypto'
import { recorded } from './recorded.ts'

export type Thing = Record<string, unknown>

export interface Mapper extends Thing {
  id: string
  name: string
  config: Record<string, string>
}

export interface Client extends Thing {
  id: string
  clientId: string
  /** Absent for public clients. */
  secret?: string
  enabled: boolean
  publicClient: boolean
  serviceAccountsEnabled: boolean
  attributes: Record<string, string>
  protocolMappers: Mapper[]
  /** By name. */
  defaultClientScopes: string[]
  optionalClientScopes: string[]
}

export interface Scope extends Thing {
  id: string
  name: string
  attributes: Record<string, string>
  protocolMappers: Mapper[]
}

export interface Role extends Thing {
  id: string
  name: string
  /** Of the realm or of a client. */
  containerId: string
  clientRole: boolean
  attributes: Record<string, readonly string[]>
}

export interface Account {
  readonly id: string
  readonly username: string
  /** The id of the client whose service account it is. */
  readonly clientUuid: string
  readonly createdTimestamp: number
  /** Ids of roles. */
  readonly roles: Set<string>
}

export interface Provider extends Thing {
  alias: string
  /** The secret in clear. */
  config: Record<string, string>
}

export interface RealmState {
  readonly name: string
  readonly id: string
  settings: Thing
  readonly clients: Map<string, Client>
  readonly scopes: Map<string, Scope>
  readonly roles: Map<string, Role>
  readonly accounts: Map<string, Account>
  readonly providers: Map<string, Provider>
  profiles: readonly Thing[]
  policies: readonly Thing[]
  /** Names of the scopes that a client gets when nothing is said. */
  readonly defaultScopes: { readonly default: readonly string[]; readonly optional: readonly string[] }
}

const FRESH = 'fresh realm'

export function createRealmState(name: string): RealmState {
  const names = { realm: name }
  const settings = recorded<Thing>(FRESH, 'the realm', names)
  const id = String(settings.id)
  const clients = recorded<Client[]>(FRESH, 'clients', names).map(withMappers)
  const management = clients.find(({ clientId }) => clientId === 'realm-management')!.id
  const roles = [
    ...recorded<Role[]>(FRESH, 'realm roles', names).map((role) => ({ ...role, containerId: id })),
    ...recorded<Role[]>(FRESH, 'roles of realm-management', { management }),
  ]
  return {
    name,
    id,
    settings,
    clients: byId(clients),
    scopes: byId(recorded<Scope[]>(FRESH, 'client scopes', names).map(withMappers)),
    roles: byId(roles.map((role) => ({ ...role, attributes: {} }))),
    accounts: new Map(),
    providers: new Map(),
    profiles: [],
    policies: [],
    defaultScopes: {
      default: namesOf(recorded<Thing[]>(FRESH, 'default scopes')),
      optional: namesOf(recorded<Thing[]>(FRESH, 'optional scopes')),
    },
  }
}

export function findClient({ clients }: RealmState, clientId: string): Client | undefined {
  return [...clients.values()].find((client) => client.clientId === clientId)
}

export function accountOf({ accounts }: RealmState, client: Client): Account | undefined {
  return [...accounts.values()].find(({ clientUuid }) => clientUuid === client.id)
}

export function rolesIn({ roles }: RealmState, containerId: string): readonly Role[] {
  return [...roles.values()].filter((role) => role.containerId === containerId)
}

export function openAccount(realm: RealmState, client: Client): Account {
  const id = randomUUID()
  const everybodys = rolesIn(realm, realm.id).find(({ name }) => name === `default-roles-${realm.name}`)!
  const username = `service-account-${client.clientId}`
  const account: Account = {
    id,
    username,
    clientUuid: client.id,
    createdTimestamp: Date.now(),
    roles: new Set([everybodys.id]),
  }
  realm.accounts.set(id, account)
  return account
}

export function closeAccount(realm: RealmState, client: Client): void {
  const account = accountOf(realm, client)
  if (account !== undefined) realm.accounts.delete(account.id)
}

export function deleteRole(realm: RealmState, { id }: Role): void {
  realm.roles.delete(id)
  for (const { roles } of realm.accounts.values()) roles.delete(id)
}

function withMappers<Owner extends { protocolMappers?: Mapper[] }>(owner: Owner): Owner {
  return { ...owner, protocolMappers: owner.protocolMappers ?? [] }
}

function namesOf(scopes: readonly Thing[]): readonly string[] {
  return scopes.map(({ name }) => String(name))
}

function byId<One extends { id: string }>(things: readonly One[]): Map<string, One> {
  return new Map(things.map((thing) => [thing.id, thing]))
}
