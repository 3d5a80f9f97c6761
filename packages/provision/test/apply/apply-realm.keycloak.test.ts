import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { adminOf, applyTo, planFor } from '../support/applying.ts'
import { prepareRealm, snapshotRealm, wholeRealm } from '../support/whole-realm.ts'

let keycloak: Keycloak
const realm = `apply-${randomUUID()}`

before(async () => {
  keycloak = await useKeycloak()
  await prepareRealm(keycloak.admin, realm)
})
after(async () => {
  await keycloak.admin.delete(realm)
  await keycloak.stop()
})

test('x', async () => {
  const wanted = wholeRealm(realm, keycloak.issuer(realm))
  const admin = adminOf(wanted, keycloak.url)
  console.log(await applyTo(admin, wanted))
  console.log(JSON.stringify(await planFor(admin, wanted), null, 1))
  console.log(await applyTo(admin, wanted))
  assert.ok(await snapshotRealm(keycloak.admin, realm))
})
