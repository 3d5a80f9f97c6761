import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEV_USERS } from '@doorman/dev-realm'
import { buildOrganizationClaim } from '../src/organization-claim.ts'
import { claimsOf, obtainTokens, startRealm } from './support/relying-party.ts'

const bob = DEV_USERS[1]!
const carol = DEV_USERS[2]!

for (const [what, user, scope, form, expected] of [
  ['a list', bob, 'openid organization:*', 'list', { organization: ['acme', 'globex'] }],
  ['a map', bob, 'organization:acme', 'map', { organization: { acme: { id: 'id-of-acme' } } }],
  ['a string', bob, 'organization:globex', 'string', { organization: 'globex' }],
  ['absent without the scope', bob, 'openid', 'list', {}],
  ['absent for somebody in none', carol, 'organization', 'list', {}],
  ['absent for one they are not in', bob, 'organization:umbrella', 'list', {}],
] as const) {
  test(`the claim is ${what}`, () => assert.deepEqual(buildOrganizationClaim(user, scope, form), expected))
}

test('its form is a setting of the realm, and groups are told whenever there are any', async (t) => {
  const realm = await startRealm({ settings: { organizationClaim: 'map' } })
  t.after(() => realm.close())
  realm.directory.setUser('alice', { groups: ['/staff', '/staff/night'] })
  const tokens = await obtainTokens(realm, 'alice', { scope: 'openid organization' })
  for (const token of [tokens.access_token, tokens.id_token]) {
    assert.deepEqual(claimsOf(token).organization, { acme: { id: 'id-of-acme' } })
    assert.deepEqual(claimsOf(token).groups, ['/staff', '/staff/night'])
  }
  const plain = await obtainTokens(realm, 'bob')
  assert.deepEqual([claimsOf(plain.id_token).organization, claimsOf(plain.id_token).groups], [undefined, undefined])
})
