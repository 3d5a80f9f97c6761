import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRoles } from '../../src/realm/access-token.ts'

function accessToken(claims: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`
}

const NONE = { realmRoles: [], clientRoles: {} }

test('reads realm roles and client roles from an access token', () => {
  const claims = {
    realm_access: { roles: ['user', 'admin', 'user'] },
    resource_access: { reports: { roles: ['reports.read'] }, account: { roles: [] } },
  }
  assert.deepEqual(parseRoles(accessToken(claims)), {
    realmRoles: ['user', 'admin'],
    clientRoles: { reports: ['reports.read'] },
  })
})

const strange: readonly unknown[] = [
  {},
  { realm_access: null, resource_access: null },
  { realm_access: { roles: 'admin' }, resource_access: { reports: { roles: 'reports.read' } } },
  { realm_access: { roles: null }, resource_access: { reports: null } },
  { realm_access: { roles: { admin: true } }, resource_access: ['reports'] },
  { realm_access: ['admin'], resource_access: 'reports' },
  { realm_access: { roles: [null, 7, ['admin'], { name: 'admin' }] } },
  ['admin'],
]

for (const claims of strange) {
  test(`finds no role in ${JSON.stringify(claims)}`, () => {
    assert.deepEqual(parseRoles(accessToken(claims)), NONE)
  })
}

for (const token of ['', 'opaque', 'a.b.c', 'a.b']) {
  test(`finds no role in the opaque token ${JSON.stringify(token)}`, () => {
    assert.deepEqual(parseRoles(token), NONE)
  })
}

test('a client called __proto__ grants nothing to others', () => {
  const token = `e30.${Buffer.from('{"resource_access":{"__proto__":{"roles":["admin"]}}}').toString('base64url')}.sig`
  const { clientRoles } = parseRoles(token)
  assert.equal(Object.getPrototypeOf(clientRoles), Object.prototype)
  assert.deepEqual(Object.keys(clientRoles), ['__proto__'])
})
