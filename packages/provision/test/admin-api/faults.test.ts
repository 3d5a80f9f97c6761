import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { createKeycloakAdmin, type KeycloakAdmin } from '@doorman/dev-realm/keycloak'
import { isProvisionError } from '../../src/errors.ts'
import { createRealmAdmin } from '../../src/keycloak/create-realm-admin.ts'
import { type AdminApi, type AdminFault, openAdminApi } from '../support/admin-api.ts'

let api: AdminApi
let admin: KeycloakAdmin

before(async () => {
  api = await openAdminApi({ realms: ['main'], hasRotation: false })
  admin = createKeycloakAdmin(api.url)
})
beforeEach(() => api.heal())
after(() => api.close())

const FAULTS: readonly (readonly [AdminFault, { readonly isDone: boolean }])[] = [
  ['unreached', { isDone: false }],
  ['lost', { isDone: true }],
  [429, { isDone: false }],
  [500, { isDone: false }],
  [503, { isDone: false }],
  [{ done: 500 }, { isDone: true }],
  [{ done: 503 }, { isDone: true }],
]

for (const [fault, { isDone }] of FAULTS) {
  const name = JSON.stringify(fault)
  test(`a call that is ${name} fails, and is ${isDone ? 'done' : 'not done'}`, async () => {
    const count = api.realm('main').clients.size
    api.fail(2, fault)
    await admin.get('main/roles')
    await assert.rejects(admin.post('main/clients', { clientId: name }))
    assert.equal(api.realm('main').clients.size, count + (isDone ? 1 : 0))
    assert.deepEqual(api.calls(), ['GET /roles', 'POST /clients'])
    await admin.get('main/roles')
  })
}

test('a fault may last until it is healed', async () => {
  api.fail(1, 503, 'onwards')
  await assert.rejects(admin.get('main/roles'))
  await assert.rejects(admin.get('main/clients'))
  api.heal()
  await admin.get('main/roles')
})

test('a client has the roles that it is added with, and no others', async () => {
  api.addClient('main', { clientId: 'viewer', secret: 'a secret of the tests' }, ['view-clients'])
  const viewer = createRealmAdmin({
    issuer: api.issuer('main'),
    adminUrl: api.url,
    credential: { kind: 'secret', clientId: 'viewer', secret: 'a secret of the tests' },
    concurrency: 2,
    timeoutSeconds: 5,
    onCall: () => undefined,
  })
  assert.equal((await viewer.clients.find('viewer'))?.clientId, 'viewer')
  await assert.rejects(viewer.roles.list(), (error) => isProvisionError(error, 'ERR_ADMIN_FORBIDDEN'))
  assert.equal((await viewer.policies.executors()).includes('secret-rotation'), false)
})
