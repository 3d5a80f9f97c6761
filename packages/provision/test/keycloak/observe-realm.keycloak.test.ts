import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import { isProvisionError } from '../../src/errors.ts'
import { observeRealm } from '../../src/keycloak/observe-realm.ts'
import type { ObservedRealm, Seen } from '../../src/keycloak/observed.ts'
import { buildRotationPolicy, buildRotationProfile } from '../../src/wanted/rotation-policy.ts'
import type { WantedRealm } from '../../src/wanted/wanted.ts'
import { createTestRealm, type TestRealm } from '../support/provisioner.ts'
import { OWNER, wantedClient, wantedRealm } from '../support/realms.ts'

const ALL = ['view-clients', 'view-realm', 'view-users', 'view-identity-providers']

let realm: TestRealm
let wanted: WantedRealm
let ids: Readonly<Record<'mlflow' | 'user' | 'realmRole' | 'clientRole', string>>

before(async () => {
  realm = await createTestRealm()
  const mapper = {
    name: 'audience of reports',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': 'reports' },
  }
  const mlflow = await realm.post('clients', {
    clientId: 'mlflow',
    secret: 'the-secret-of-mlflow',
    serviceAccountsEnabled: true,
    protocolMappers: [mapper],
    attributes: { 'doorman.owner': OWNER },
  })
  const reports = await realm.post('clients', { clientId: 'reports', publicClient: true })
  await realm.post('clients', { clientId: 'of-old-times', attributes: { 'doorman.owner': OWNER } })
  await realm.post('clients', { clientId: 'of-the-bank', attributes: { 'doorman.owner': 'bank' } })
  await realm.post(`clients/${reports}/roles`, { name: 'reader' })
  await realm.post('roles', { name: 'operator' })
  const user = (await realm.get<{ readonly id: string }>(`clients/${mlflow}/service-account-user`)).id
  const realmRole = await realm.get<{ readonly id: string }>('roles/operator')
  const clientRole = await realm.get<{ readonly id: string }>(`clients/${reports}/roles/reader`)
  await realm.post(`users/${user}/role-mappings/realm`, [realmRole])
  await realm.post(`users/${user}/role-mappings/clients/${reports}`, [clientRole])
  const config = {
    clientId: 'a',
    clientSecret: 'the-secret-of-the-provider',
    tokenUrl: 'https://x/t',
    authorizationUrl: 'https://x/a',
  }
  await realm.post('identity-provider/instances', { alias: 'main', providerId: 'oidc', config })
  ids = { mlflow, user, realmRole: realmRole.id, clientRole: clientRole.id }
  wanted = wantedRealm({
    realm: realm.realm,
    issuer: realm.issuer,
    clients: [
      wantedClient('mlflow', { serviceAccount: { realmRoles: ['operator'], clientRoles: { reports: ['reader'] } } }),
      wantedClient('not-there-yet'),
    ],
  })
})
after(() => realm.close())

async function observe(roles: readonly string[]): Promise<ObservedRealm> {
  return observeRealm(realm.admin(await realm.createAccount(roles)), wanted, OWNER)
}

function value<Value>(part: Seen<Value> | null | undefined): Value {
  assert.equal(part?.kind, 'seen')
  return (part as Seen<Value> & { readonly kind: 'seen' }).value
}

test('of a thousand clients only those are told that are wanted, ours, or have roles that are wanted', async () => {
  const { clients } = await observe(ALL)
  assert.deepEqual([...clients.keys()].sort(), ['mlflow', 'of-old-times', 'reports'])
})

test('a client is told with its mappers, scopes, secret, roles and service account', async () => {
  const { clients } = await observe(ALL)
  const mlflow = clients.get('mlflow')!
  assert.equal(mlflow.id, ids.mlflow)
  assert.equal(mlflow.settings.serviceAccountsEnabled, true)
  assert.equal(mlflow.attributes['doorman.owner'], OWNER)
  assert.equal(mlflow.mappers.get('audience of reports')?.config['included.client.audience'], 'reports')
  assert.ok(mlflow.defaultScopes.includes('basic'))
  assert.ok(mlflow.optionalScopes.includes('offline_access'))
  assert.deepEqual(mlflow.secret, { kind: 'known', value: 'the-secret-of-mlflow' })
  const account = value(mlflow.serviceAccount)
  assert.equal(account.userId, ids.user)
  assert.ok(account.realmRoles.includes('operator'))
  assert.deepEqual(account.clientRoles, { reports: ['reader'] })
  assert.equal(value(clients.get('reports')?.roles).get('reader'), ids.clientRole)
})

test('what differs by who looks, and what is secret, is no setting and no attribute', async () => {
  const { clients } = await observe(ALL)
  for (const { settings } of clients.values()) {
    for (const name of ['access', 'secret', 'attributes', 'protocolMappers', 'defaultClientScopes']) {
      assert.equal(name in settings, false, name)
    }
  }
})

test('roles, scopes and identity providers of the realm are told', async () => {
  const { roles, scopes, identityProviders } = await observe(ALL)
  assert.equal(value(roles).get('operator'), ids.realmRole)
  assert.ok(scopes.get('basic')?.mappers.has('sub'))
  assert.equal(value(identityProviders).get('main')?.config.clientSecret, '**********')
})

test('view-clients alone sees the clients, and names the role that each other part lacks', async () => {
  const { clients, roles, identityProviders, rotation } = await observe(['view-clients'])
  assert.equal(clients.get('mlflow')?.secret.kind, 'known')
  assert.deepEqual(clients.get('mlflow')?.serviceAccount, { kind: 'hidden', lacks: 'view-users' })
  assert.deepEqual(roles, { kind: 'hidden', lacks: 'view-realm' })
  assert.deepEqual(identityProviders, { kind: 'hidden', lacks: 'view-identity-providers' })
  assert.deepEqual(rotation, { kind: 'hidden', lacks: 'view-realm' })
})

test('roles of a service account are complete without view-realm', async () => {
  const { clients } = await observe(['view-clients', 'view-users'])
  const account = value(clients.get('mlflow')?.serviceAccount)
  assert.ok(account.realmRoles.includes('operator'))
  assert.deepEqual(account.clientRoles, { reports: ['reader'] })
})

test('a credential that sees no client fails instead of seeing an empty realm', async () => {
  for (const roles of [['view-realm'], ['query-clients', 'view-realm']]) {
    await assert.rejects(observe(roles), (error) => {
      assert.ok(isProvisionError(error, 'ERR_ADMIN_FORBIDDEN'), String(error))
      assert.equal(error.detail.lacks, 'view-clients')
      return true
    })
  }
})

test('the overlap of rotated secrets is told, and the rotated secret itself is not', async () => {
  const before = value((await observe(ALL)).rotation)
  assert.deepEqual(before, { isSupported: true, overlapSeconds: null })
  await realm.put('client-policies/profiles', { profiles: [buildRotationProfile(OWNER, 3600)] })
  await realm.put('client-policies/policies', { policies: [buildRotationPolicy(OWNER)] })
  await realm.post(`clients/${ids.mlflow}/client-secret`, {})
  const rotated = await readRotated()
  const observed = await observe(ALL)
  assert.deepEqual(value(observed.rotation), { isSupported: true, overlapSeconds: 3600 })
  assert.equal(rotated, 'the-secret-of-mlflow')
  assert.equal(inspect(observed, { depth: 9, maxStringLength: null }).includes(rotated), false)
})

/** Keycloak shows the secret before among the attributes, in clear, to everybody who may see the client. */
async function readRotated(): Promise<string> {
  const client = await realm.admin(await realm.createAccount(['view-clients'])).clients.find('mlflow')
  return (client!.attributes as Readonly<Record<string, string>>)['client.secret.rotated'] ?? ''
}

test('a realm is read by a number of calls that does not grow with its clients', async () => {
  const account = await realm.createAccount(ALL)
  const count = async () => {
    const admin = realm.admin(account)
    await observeRealm(admin, wanted, OWNER)
    return admin.counts()
  }
  const before = await count()
  await Promise.all(Array.from({ length: 20 }, (_, index) => realm.post('clients', { clientId: `other-${index}` })))
  assert.deepEqual(await count(), before)
  assert.deepEqual({ writes: before.writes, repeated: before.repeated }, { writes: 0, repeated: 0 })
})
