import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeDevUser } from '../src/described-user.ts'

const LOGIN = {
  issuer: 'http://localhost:8080/realms/main',
  clientId: 'web',
  scopes: ['openid', 'organization'],
  now: 1000.5,
}

test('a person is described as a token of the realm would', () => {
  const { sub, azp, realm_access, resource_access, scope, organization, auth_time } =
    describeDevUser('alice', LOGIN) ?? {}
  assert.deepEqual(
    { sub, azp, realm_access, scope, organization, auth_time },
    {
      sub: '00000000-0000-4000-8000-000000000001',
      azp: 'web',
      realm_access: { roles: ['default-roles-main', 'user', 'researcher'] },
      scope: 'openid organization email profile',
      organization: ['acme'],
      auth_time: 1000,
    },
  )
  assert(typeof resource_access === 'object' && resource_access !== null && 'reports' in resource_access)
})

test('nobody is described who could not log in', () => {
  assert.equal(describeDevUser('dave', LOGIN), undefined)
  assert.equal(describeDevUser('mallory', LOGIN), undefined)
})
