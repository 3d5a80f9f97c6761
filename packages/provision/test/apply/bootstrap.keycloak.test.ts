// The roles of the provisioner against the real thing: enough with all of them, and told by name without each.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { bootstrapRealm } from '../../src/apply/bootstrap.ts'
import { BOOTSTRAP_OWNER, neededRoles } from '../../src/apply/provisioner.ts'
import { isProvisionError } from '../../src/errors.ts'
import type { AdminCredential, RealmAdmin } from '../../src/keycloak/realm-admin.ts'
import type { WantedRealm } from '../../src/wanted/wanted.ts'
import { OWNER_ATTRIBUTE } from '../../src/wanted/wanted.ts'
import { adminOf, applyTo, planFor } from '../support/applying.ts'
import { wantedClient, wantedRealm } from '../support/realms.ts'
import { giveRoles, PROVISIONER, prepareRealm, wholeRealm } from '../support/whole-realm.ts'

const ADMINISTRATOR: AdminCredential = {
  kind: 'password',
  realm: 'master',
  clientId: 'admin-cli',
  username: 'admin',
  password: 'admin',
}

let keycloak: Keycloak
let wanted: WantedRealm
let realm: string

before(async () => {
  keycloak = await useKeycloak()
  realm = `bootstrap-${randomUUID()}`
  await prepareRealm(keycloak.admin, realm)
  wanted = wholeRealm(realm, keycloak.issuer(realm))
})
after(async () => {
  await keycloak.admin.delete(realm)
  await keycloak.stop()
})

function administrator(): RealmAdmin {
  return adminOf(wanted, keycloak.url, ADMINISTRATOR)
}

/** Another account with these roles and no others. */
async function accountWith(roles: readonly string[]): Promise<RealmAdmin> {
  const [clientId, secret] = [`account-${randomUUID()}`, randomUUID()]
  const client = { clientId, secret, serviceAccountsEnabled: true, standardFlowEnabled: false }
  await keycloak.admin.post(`${realm}/clients`, client)
  await giveRoles(keycloak.admin, realm, clientId, roles)
  return adminOf(wanted, keycloak.url, { kind: 'secret', clientId, secret })
}

test('the account plans, applies, prunes and rotates, and is made once', async () => {
  const options = { admin: administrator(), wanted, clientId: 'doorman-provisioner', use: 'apply' } as const
  const { secret, clientId, roles } = await bootstrapRealm(options)
  assert.deepEqual(roles, ['manage-clients', 'manage-realm', 'manage-users', 'manage-identity-providers'])

  const admin = adminOf(wanted, keycloak.url, { kind: 'secret', clientId, secret })
  const { deleted } = await applyTo(admin, wanted)
  assert.equal(deleted, 2)
  const { changes, unseen } = await planFor(admin, wanted)
  assert.deepEqual([changes, unseen], [[], []])
  const job = await admin.clients.find('job')
  assert.notEqual(await admin.clients.regenerateSecret(String(job?.id)), job?.secret)

  const again = await bootstrapRealm(options)
  assert.equal(again.secret, secret)
  assert.equal(again.summary.calls.writes, 0)
})

test('an account for planning sees everything and may change nothing', async () => {
  const { secret, clientId } = await bootstrapRealm({
    admin: administrator(),
    wanted,
    clientId: 'doorman-planner',
    use: 'plan',
  })
  const admin = adminOf(wanted, keycloak.url, { kind: 'secret', clientId, secret })
  assert.deepEqual((await planFor(admin, wanted)).unseen, [])
  const more = { ...wanted, clients: [...wanted.clients, wantedClient('more')] }
  await assert.rejects(applyTo(admin, more), (error) => isForbidden(error, 'manage-clients'))
})

test('roles that the file no longer needs are taken away', async () => {
  const clientId = 'doorman-shrinking'
  await bootstrapRealm({ admin: administrator(), wanted, clientId, use: 'apply' })
  const small = wantedRealm({ realm, issuer: wanted.issuer, clients: [wantedClient('web')] })
  const { roles, secret } = await bootstrapRealm({ admin: administrator(), wanted: small, clientId, use: 'apply' })
  assert.deepEqual(roles, ['manage-clients'])
  const admin = adminOf(wanted, keycloak.url, { kind: 'secret', clientId, secret })
  await assert.rejects(admin.roles.list(), (error) => isForbidden(error, 'view-realm'))
})

test('a client of that name that was not made here is left alone', async () => {
  const options = { admin: administrator(), wanted, clientId: PROVISIONER.clientId, use: 'apply' } as const
  await assert.rejects(bootstrapRealm(options), (error) => isProvisionError(error, 'ERR_CLIENT_FOREIGN'))
})

test('an account that somebody registered under our mark is no way in', async () => {
  const { token } = await keycloak.admin.post<{ readonly token: string }>(`${realm}/clients-initial-access`, {
    count: 1,
  })
  const [clientId, secret] = ['doorman-registered', 'known to somebody']
  const marked = { clientId, secret, serviceAccountsEnabled: true, attributes: { [OWNER_ATTRIBUTE]: BOOTSTRAP_OWNER } }
  const response = await fetch(`${keycloak.issuer(realm)}/clients-registrations/default`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(marked),
  })
  assert.equal(response.status, 201)
  const { registrationAccessToken } = (await response.json()) as { readonly registrationAccessToken: string }

  const account = await bootstrapRealm({ admin: administrator(), wanted, clientId, use: 'apply' })
  assert.notEqual(account.secret, secret)
  assert.ok((await planFor(adminOf(wanted, keycloak.url, { kind: 'secret', ...account }), wanted)).unseen.length === 0)
  const look = await fetch(`${keycloak.issuer(realm)}/clients-registrations/default/${clientId}`, {
    headers: { authorization: `Bearer ${registrationAccessToken}` },
  })
  assert.equal(look.status, 401)
})

test('without manage-clients nothing can be said', async () => {
  const admin = await accountWith(neededRoles(wanted, 'apply').filter((role) => role !== 'manage-clients'))
  await assert.rejects(planFor(admin, wanted), (error) => isForbidden(error, 'view-clients'))
})

const PARTS: Readonly<Record<string, { readonly sees: string; readonly unseen: string }>> = {
  'manage-realm': { sees: 'view-realm', unseen: 'rotation policy' },
  'manage-users': { sees: 'view-users', unseen: 'service account of job' },
  'manage-identity-providers': { sees: 'view-identity-providers', unseen: 'identity providers' },
}

for (const [role, { sees, unseen }] of Object.entries(PARTS)) {
  test(`without ${role} a plan says what it could not see`, async () => {
    const admin = await accountWith(neededRoles(wanted, 'apply').filter((other) => other !== role))
    const { unseen: hidden } = await planFor(admin, wanted)
    assert.ok(
      hidden.some(({ part, lacks }) => part === unseen && lacks === sees),
      JSON.stringify(hidden),
    )
  })

  test(`with ${sees} in place of ${role} an apply fails by name`, async () => {
    const fresh = `bootstrap-${randomUUID()}`
    await prepareRealm(keycloak.admin, fresh)
    try {
      const there = wholeRealm(fresh, keycloak.issuer(fresh))
      const others = neededRoles(there, 'apply').filter((other) => other !== role)
      await keycloak.admin.delete(`${fresh}/clients/${await idOf(fresh, PROVISIONER.clientId)}`)
      await keycloak.admin.post(`${fresh}/clients`, { ...PROVISIONER, serviceAccountsEnabled: true })
      await giveRoles(keycloak.admin, fresh, PROVISIONER.clientId, [...others, sees])
      const admin = adminOf(there, keycloak.url)
      await assert.rejects(applyTo(admin, there), (error) => isForbidden(error, role))
    } finally {
      await keycloak.admin.delete(fresh)
    }
  })
}

async function idOf(inRealm: string, clientId: string): Promise<string> {
  const [client] = await keycloak.admin.get<readonly { readonly id: string }[]>(
    `${inRealm}/clients?clientId=${clientId}`,
  )
  return client!.id
}

function isForbidden(error: unknown, lacks: string): boolean {
  assert.ok(isProvisionError(error, 'ERR_ADMIN_FORBIDDEN'), String(error))
  assert.equal(error.detail.lacks, lacks)
  return true
}
