import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createSecretReader, orderRealms } from '../../src/apply/other-realms.ts'
import { isProvisionError } from '../../src/errors.ts'
import { type AdminApi, openAdminApi } from '../support/admin-api.ts'
import { adminOf } from '../support/applying.ts'
import { wantedProvider, wantedRealm } from '../support/realms.ts'

const ACCOUNT = { clientId: 'provisioner', secret: 'of the provisioner' }

let api: AdminApi

before(async () => {
  api = await openAdminApi({ realms: ['main'] })
  api.addClient('main', ACCOUNT, ['manage-clients'])
  api.addClient('main', { clientId: 'web', secret: 'of the web client' })
  api.addClient('main', { clientId: 'public', publicClient: true })
})
after(() => api.close())

function needs(name: string, ...others: readonly string[]) {
  const identityProviders = others.map((realm) => wantedProvider(realm, { secretOf: { realm, clientId: 'web' } }))
  return { wanted: wantedRealm({ name, identityProviders }) }
}

test('a realm comes after those whose secrets it needs, and otherwise where the file has it', () => {
  const realms = [needs('models', 'main'), needs('lonely'), needs('main'), needs('deep', 'models', 'main')]
  assert.deepEqual(
    orderRealms(realms).map(({ wanted }) => wanted.name),
    ['main', 'models', 'lonely', 'deep'],
  )
})

test('realms that need each other keep their order', () => {
  const names = orderRealms([needs('a', 'b'), needs('b', 'a')]).map(({ wanted }) => wanted.name)
  assert.deepEqual(names, ['b', 'a'])
})

test('the secret of a client of another realm is read by the local name of that realm', async () => {
  const issuer = api.issuer('main')
  const realm = { wanted: wantedRealm({ name: 'people', issuer }) }
  const admin = adminOf({ issuer }, api.url, { kind: 'secret', ...ACCOUNT })
  const secretOf = createSecretReader([{ ...realm, admin }])
  assert.equal(await secretOf({ realm: 'people', clientId: 'web' }), 'of the web client')
  await assert.rejects(secretOf({ realm: 'people', clientId: 'nobody' }), (error) =>
    isProvisionError(error, 'ERR_ADMIN_REFUSED'),
  )
  await assert.rejects(secretOf({ realm: 'elsewhere', clientId: 'web' }), (error) =>
    isProvisionError(error, 'ERR_ADMIN_REFUSED'),
  )
  await assert.rejects(secretOf({ realm: 'people', clientId: 'public' }), (error) =>
    isProvisionError(error, 'ERR_SECRET_MASKED'),
  )
})
