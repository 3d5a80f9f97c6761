// Whatever somebody changes by hand in a real Keycloak is found, by its name.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import type { RealmAdmin } from '../../src/keycloak/realm-admin.ts'
import { describeDrift } from '../../src/plan/drift.ts'
import { rotationName } from '../../src/wanted/rotation-policy.ts'
import type { WantedRealm } from '../../src/wanted/wanted.ts'
import { adminOf, applyTo, planFor } from '../support/applying.ts'
import { OWNER } from '../support/realms.ts'
import { giveRoles, prepareRealm, wholeRealm } from '../support/whole-realm.ts'

type Thing = Readonly<Record<string, unknown>> & { readonly id: string; readonly name: string }

let keycloak: Keycloak
let wanted: WantedRealm
let admin: RealmAdmin
const realm = `drift-${randomUUID()}`

before(async () => {
  keycloak = await useKeycloak()
  await prepareRealm(keycloak.admin, realm)
  wanted = wholeRealm(realm, keycloak.issuer(realm))
  admin = adminOf(wanted, keycloak.url)
  await applyTo(admin, wanted)
})
after(async () => {
  await keycloak.admin.delete(realm)
  await keycloak.stop()
})

async function find(path: string, name: string): Promise<Thing> {
  const things = await keycloak.admin.get<readonly Thing[]>(`${realm}/${path}`)
  const found = things.find((thing) => thing.name === name || thing.clientId === name || thing.alias === name)
  assert(found !== undefined, `${path} ${name}`)
  return found
}

async function mergeClient(clientId: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  await keycloak.admin.merge(`${realm}/clients/${(await find('clients', clientId)).id}`, changes)
}

async function mergeMapper(path: string, name: string, config: Readonly<Record<string, string>>): Promise<void> {
  const mapper = await find(`${path}/protocol-mappers/models`, name)
  await keycloak.admin.merge(`${realm}/${path}/protocol-mappers/models/${mapper.id}`, { config })
}

async function accountOf(clientId: string): Promise<string> {
  const { id } = await find('clients', clientId)
  return (await keycloak.admin.get<Thing>(`${realm}/clients/${id}/service-account-user`)).id
}

/** Through the interface of the tests, whose `delete` takes no body. */
async function takeRole(clientId: string, role: string): Promise<void> {
  const { id } = await find('roles', role)
  await admin.users.removeRealmRoles(await accountOf(clientId), [{ id, name: role }])
}

const BY_HAND: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['client web: changed (redirectUris)', () => mergeClient('web', { redirectUris: ['https://evil.example/*'] })],
  ['client web: changed (standardFlowEnabled)', () => mergeClient('web', { standardFlowEnabled: false })],
  [
    'client web: changed (attributes.pkce.code.challenge.method)',
    () => mergeClient('web', { attributes: { 'pkce.code.challenge.method': '' } }),
  ],
  [
    'client web: changed (attributes.tls.client.certificate.bound.access.tokens)',
    () => mergeClient('web', { attributes: { 'tls.client.certificate.bound.access.tokens': 'true' } }),
  ],
  [
    'client web: changed (mappers.audience of itself.config.included.client.audience)',
    async () =>
      mergeMapper(`clients/${(await find('clients', 'web')).id}`, 'audience of itself', {
        'included.client.audience': 'job',
        'access.token.claim': 'true',
      }),
  ],
  [
    'client web: changed (mappers.audience of itself)',
    async () => {
      const path = `clients/${(await find('clients', 'web')).id}/protocol-mappers/models`
      await keycloak.admin.delete(`${realm}/${path}/${(await find(path, 'audience of itself')).id}`)
    },
  ],
  [
    'client web: changed (optionalScopes)',
    async () => {
      const [client, scope] = [await find('clients', 'web'), await find('client-scopes', 'phone')]
      await keycloak.admin.put(`${realm}/clients/${client.id}/optional-client-scopes/${scope.id}`, {})
    },
  ],
  [
    'client web: changed (defaultScopes)',
    async () => {
      const [client, scope] = [await find('clients', 'web'), await find('client-scopes', 'reports-audience')]
      await keycloak.admin.delete(`${realm}/clients/${client.id}/default-client-scopes/${scope.id}`)
    },
  ],
  ['client web: changed (secret)', () => mergeClient('web', { secret: '' })],
  [
    'client web: missing\nclient role web/viewer: missing\nservice account job: changed (clientRoles.web)',
    async () => keycloak.admin.delete(`${realm}/clients/${(await find('clients', 'web')).id}`),
  ],
  [
    'client job: changed (serviceAccountsEnabled)\nservice account job: missing',
    () => mergeClient('job', { serviceAccountsEnabled: false }),
  ],
  ['service account job: changed (realmRoles)', () => takeRole('job', 'operator')],
  [
    'service account job: changed (clientRoles.realm-management)',
    () => giveRoles(keycloak.admin, realm, 'job', ['manage-users']),
  ],
  ['realm role reader: missing', () => keycloak.admin.delete(`${realm}/roles/reader`)],
  [
    'client role web/viewer: missing\nservice account job: changed (clientRoles.web)',
    async () => keycloak.admin.delete(`${realm}/clients/${(await find('clients', 'web')).id}/roles/viewer`),
  ],
  [
    'client scope reports-audience: changed (mappers.reports.config.id.token.claim)',
    async () =>
      mergeMapper(`client-scopes/${(await find('client-scopes', 'reports-audience')).id}`, 'reports', {
        'included.client.audience': 'web',
        'access.token.claim': 'true',
        'id.token.claim': 'true',
      }),
  ],
  [
    'identity provider other-realm: changed (config.issuer)',
    async () => {
      const path = `${realm}/identity-provider/instances/other-realm`
      const { config } = await keycloak.admin.get<{ readonly config: object }>(path)
      await keycloak.admin.merge(path, { config: { ...config, issuer: 'https://evil.example' } })
    },
  ],
  [
    `rotation policy ${rotationName(OWNER)}: missing`,
    () => keycloak.admin.put(`${realm}/client-policies/policies`, { policies: [] }),
  ],
]

test('a realm that was just applied has not drifted', async () => {
  const { changes, foreign, unseen } = await planFor(admin, wanted)
  assert.deepEqual([changes, foreign, unseen], [[], [], []])
})

for (const [names, change] of BY_HAND) {
  test(`found: ${names.replaceAll('\n', ', ')}`, async () => {
    await change()
    assert.deepEqual(describeDrift(await planFor(admin, wanted)), names.split('\n'))
    await applyTo(admin, wanted)
    assert.deepEqual(describeDrift(await planFor(admin, wanted)), [])
  })
}

test('what somebody adds beside ours is not ours to tell of', async () => {
  await mergeClient('web', { attributes: { login_theme: 'own' } })
  await keycloak.admin.post(`${realm}/clients`, { clientId: 'newcomer' })
  await keycloak.admin.post(`${realm}/roles`, { name: 'newcomer' })
  assert.deepEqual(describeDrift(await planFor(admin, wanted)), [])
})

test('a plan that may only view sees as much as one that may change', async () => {
  const viewer = await createViewer('viewer', VIEW_ROLES)
  const { changes, unseen } = await planFor(viewer, wanted)
  assert.deepEqual([changes, unseen], [[], []])
})

const VIEW_ROLES = ['view-clients', 'view-realm', 'view-users', 'view-identity-providers']
const HIDDEN: Readonly<Record<string, readonly string[]>> = {
  'view-realm': ['realm roles', 'rotation policy'],
  'view-users': ['service account of job'],
  'view-identity-providers': ['identity providers'],
}

for (const [lacks, parts] of Object.entries(HIDDEN)) {
  test(`a plan without ${lacks} says what it could not see, and that nothing is missing there`, async () => {
    const viewer = await createViewer(
      `without-${lacks}`,
      VIEW_ROLES.filter((role) => role !== lacks),
    )
    const { changes, unseen } = await planFor(viewer, wanted)
    assert.deepEqual(changes, [])
    assert.deepEqual(
      unseen,
      parts.map((part) => ({ part, lacks })),
    )
  })
}

async function createViewer(clientId: string, roles: readonly string[]): Promise<RealmAdmin> {
  const secret = randomUUID()
  await keycloak.admin.post(`${realm}/clients`, { clientId, secret, serviceAccountsEnabled: true })
  await giveRoles(keycloak.admin, realm, clientId, roles)
  return adminOf(wanted, keycloak.url, { kind: 'secret', clientId, secret })
}
