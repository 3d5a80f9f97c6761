// Which role each call needs, held against the real thing: enough with it, and told by name without it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isProvisionError } from '../../src/errors.ts'
import type { RealmAdmin } from '../../src/keycloak/realm-admin.ts'
import { createTestRealm, type TestRealm } from '../support/provisioner.ts'

/** Every role that some call names. */
const ROLES = [
  'view-clients',
  'view-realm',
  'view-users',
  'view-identity-providers',
  'manage-clients',
  'manage-realm',
  'manage-users',
  'manage-identity-providers',
] as const

/** A role of these is more than the one it stands beside. */
const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  'view-clients': ['manage-clients'],
  'view-realm': ['manage-realm'],
  'view-users': ['manage-users'],
  'view-identity-providers': ['manage-identity-providers'],
}

/** Mappers of identity providers name roles, so that whoever manages those may list them. */
const ALSO: Readonly<Record<string, string>> = { 'roles.list': 'manage-identity-providers' }

let realm: TestRealm
let ids: Readonly<Record<'client' | 'scope' | 'user' | 'realmRole' | 'clientRole' | 'mapper', string>>
let admins: ReadonlyMap<string, RealmAdmin>

before(async () => {
  realm = await createTestRealm()
  const client = await realm.post('clients', {
    clientId: 'target',
    serviceAccountsEnabled: true,
    secret: 'target-secret',
  })
  const scope = await realm.post('client-scopes', { name: 'target', protocol: 'openid-connect' })
  const mapper = await realm.post(`clients/${client}/protocol-mappers/models`, audienceMapper('first'))
  await realm.post('roles', { name: 'reader' })
  await realm.post(`clients/${client}/roles`, { name: 'writer' })
  await realm.post('identity-provider/instances', { alias: 'first', providerId: 'oidc' })
  ids = {
    client,
    scope,
    mapper,
    user: (await realm.get<{ readonly id: string }>(`clients/${client}/service-account-user`)).id,
    realmRole: (await realm.get<{ readonly id: string }>('roles/reader')).id,
    clientRole: (await realm.get<{ readonly id: string }>(`clients/${client}/roles/writer`)).id,
  }
  admins = new Map(
    await Promise.all(ROLES.map(async (role) => [role, realm.admin(await realm.createAccount([role]))] as const)),
  )
})
after(() => realm.close())

function audienceMapper(name: string) {
  return {
    name,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.custom.audience': name },
  }
}

/** Each call with a name of its own for what it makes, so that every role can try it. */
const CALLS: Readonly<Record<string, readonly [string, (admin: RealmAdmin, own: string) => Promise<unknown>]>> = {
  'clients.list': ['view-clients', ({ clients }) => clients.list()],
  'clients.find': ['view-clients', ({ clients }) => clients.find('target')],
  'clients.secret': ['view-clients', ({ clients }) => clients.secret(ids.client)],
  'clients.rotatedSecret': ['view-clients', ({ clients }) => clients.rotatedSecret(ids.client)],
  'clients.roles': ['view-clients', ({ clients }) => clients.roles(ids.client)],
  'clients.serviceAccount': ['view-clients', ({ clients }) => clients.serviceAccount(ids.client)],
  'scopes.list': ['view-clients', ({ scopes }) => scopes.list()],
  'roles.list': ['view-realm', ({ roles }) => roles.list()],
  'users.roleMappings': ['view-users', ({ users }) => users.roleMappings(ids.user)],
  'identityProviders.list': ['view-identity-providers', ({ identityProviders }) => identityProviders.list()],
  'policies.profiles': ['view-realm', ({ policies }) => policies.profiles()],
  'policies.policies': ['view-realm', ({ policies }) => policies.policies()],
  'clients.create': ['manage-clients', ({ clients }, own) => clients.create({ clientId: own })],
  'clients.update': ['manage-clients', ({ clients }) => clients.update(ids.client, { name: 'Target' })],
  'clients.regenerateSecret': ['manage-clients', ({ clients }) => clients.regenerateSecret(ids.client)],
  'clients.addScope': ['manage-clients', ({ clients }) => clients.addScope(ids.client, ids.scope, 'default')],
  'clients.removeScope': ['manage-clients', ({ clients }) => clients.removeScope(ids.client, ids.scope, 'default')],
  'clients.addMapper': ['manage-clients', ({ clients }, own) => clients.addMapper(ids.client, audienceMapper(own))],
  'clients.updateMapper': [
    'manage-clients',
    ({ clients }) => clients.updateMapper(ids.client, ids.mapper, { ...audienceMapper('first'), id: ids.mapper }),
  ],
  'clients.createRole': ['manage-clients', ({ clients }, own) => clients.createRole(ids.client, own)],
  'scopes.create': ['manage-clients', ({ scopes }, own) => scopes.create({ name: own, protocol: 'openid-connect' })],
  'scopes.update': [
    'manage-clients',
    ({ scopes }) => scopes.update(ids.scope, { name: 'target', protocol: 'openid-connect', description: 'Target' }),
  ],
  'scopes.addMapper': ['manage-clients', ({ scopes }, own) => scopes.addMapper(ids.scope, audienceMapper(own))],
  'roles.create': ['manage-realm', ({ roles }, own) => roles.create(own, { 'doorman.owner': ['shop'] })],
  'users.addRealmRoles': [
    'manage-users',
    ({ users }) => users.addRealmRoles(ids.user, [{ id: ids.realmRole, name: 'reader' }]),
  ],
  'users.removeRealmRoles': [
    'manage-users',
    ({ users }) => users.removeRealmRoles(ids.user, [{ id: ids.realmRole, name: 'reader' }]),
  ],
  'users.addClientRoles': [
    'manage-users',
    ({ users }) => users.addClientRoles(ids.user, ids.client, [{ id: ids.clientRole, name: 'writer' }]),
  ],
  'users.removeClientRoles': [
    'manage-users',
    ({ users }) => users.removeClientRoles(ids.user, ids.client, [{ id: ids.clientRole, name: 'writer' }]),
  ],
  'identityProviders.create': [
    'manage-identity-providers',
    ({ identityProviders }, own) => identityProviders.create({ alias: own, providerId: 'oidc' }),
  ],
  'identityProviders.update': [
    'manage-identity-providers',
    ({ identityProviders }) => identityProviders.update('first', { alias: 'first', providerId: 'oidc', enabled: true }),
  ],
  'policies.setProfiles': ['manage-realm', ({ policies }) => policies.setProfiles({ profiles: [] })],
  'policies.setPolicies': ['manage-realm', ({ policies }) => policies.setPolicies({ policies: [] })],
}

for (const [name, [needs, call]] of Object.entries(CALLS)) {
  test(`${name} needs ${needs}, and no other role will do`, async () => {
    for (const [role, admin] of admins) {
      const isEnough = role === needs || IMPLIED[needs]?.includes(role) === true || ALSO[name] === role
      const work = call(admin, `${name}-of-${role}`)
      if (isEnough) await work
      else await assert.rejects(work, (error) => isForbidden(error, needs), `${role} is enough for ${name}`)
    }
  })
}

test('what the server can do is told to any role of realm-management', async () => {
  for (const admin of admins.values()) assert.ok((await admin.policies.executors()).includes('secret-rotation'))
  const nobody = realm.admin(await realm.createAccount([]))
  await assert.rejects(nobody.policies.executors(), (error) => isForbidden(error, 'view-clients'))
})

test('to end a rotated secret needs manage-clients; Keycloak answers everybody else with 500', async () => {
  await admins.get('manage-clients')!.clients.invalidateRotatedSecret(ids.client)
  const { authorization } = await realm.authorization(await realm.createAccount(['view-clients']))
  const address = `${realm.url}/admin/realms/${realm.realm}/clients/${ids.client}/client-secret/rotated`
  assert.equal((await fetch(address, { method: 'DELETE', headers: { authorization } })).status, 500)
})

test('create-client and query-clients are not enough to create or to see a client', async () => {
  const admin = realm.admin(await realm.createAccount(['create-client', 'query-clients']))
  await assert.rejects(admin.clients.create({ clientId: 'other' }), (error) => isForbidden(error, 'manage-clients'))
  assert.deepEqual(await admin.clients.list(), [])
})

test('nobody passes on a role of realm-management that he does not hold', async () => {
  const [management] = await realm.get<readonly { readonly id: string }[]>('clients?clientId=realm-management')
  const roleOf = (name: string) =>
    realm.get<{ readonly id: string; readonly name: string }>(`clients/${management!.id}/roles/${name}`)
  const { users } = admins.get('manage-users')!
  const foreign = users.addClientRoles(ids.user, management!.id, [await roleOf('manage-clients')])
  await assert.rejects(foreign, (error) => isForbidden(error, 'manage-users'))
  await users.addClientRoles(ids.user, management!.id, [await roleOf('manage-users')])
})

test('realm roles of a service account are seen with view-users alone, its client roles with view-clients', async () => {
  const admin = admins.get('manage-users')!
  await admin.users.addRealmRoles(ids.user, [{ id: ids.realmRole, name: 'reader' }])
  await admin.users.addClientRoles(ids.user, ids.client, [{ id: ids.clientRole, name: 'writer' }])
  const seen = await admins.get('view-users')!.users.roleMappings(ids.user)
  assert.ok(seen.realmRoles.includes('reader'))
  assert.deepEqual(seen.clientRoles.target, undefined)
  const both = await realm.admin(await realm.createAccount(['view-users', 'view-clients'])).users.roleMappings(ids.user)
  assert.deepEqual(both.clientRoles.target, ['writer'])
})

function isForbidden(error: unknown, lacks: string): boolean {
  assert.ok(isProvisionError(error, 'ERR_ADMIN_FORBIDDEN'), String(error))
  assert.equal(error.detail.lacks, lacks)
  return true
}
