import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BearerError, type Caller, callerFromClaims } from '../src/index.ts'
import { internalClaims, realmClaims } from './support/signer.ts'

const internal = callerFromClaims('internal', internalClaims('https://app.example'))
const realm = callerFromClaims('realm', realmClaims('https://sso.example/realms/main'))

function assertLacks(need: () => void, error = 'insufficient_scope'): void {
  assert.throws(need, (thrown) => {
    assert.ok(thrown instanceof BearerError, String(thrown))
    assert.deepEqual([thrown.status, thrown.code, thrown.body.error], [403, 'insufficient_scope', error])
    return true
  })
}

test('a caller of an internal token is as the gateway says', () => {
  const { kind, subject, clientId, sessionId, roles, clientRoles, scopes, tenant, expiresAt } = internal
  assert.deepEqual(
    { kind, subject, clientId, sessionId, roles, clientRoles, scopes, tenant, expiresAt },
    {
      kind: 'internal',
      subject: 'alice',
      clientId: 'web-gateway',
      sessionId: 'handle-1',
      roles: ['user', 'admin'],
      clientRoles: { reports: ['read'] },
      scopes: ['openid', 'reports:read'],
      tenant: 'acme',
      expiresAt: 1_800_000_060,
    },
  )
})

test('a caller of an access token is as Keycloak says', () => {
  const { kind, subject, clientId, sessionId, roles, clientRoles, tenant, organizations } = realm
  assert.deepEqual(
    { kind, subject, clientId, sessionId, roles, clientRoles, tenant, organizations },
    {
      kind: 'realm',
      subject: 'alice',
      clientId: 'mobile',
      sessionId: 'sid-1',
      roles: ['user'],
      clientRoles: { reports: ['read'], account: ['view-profile'] },
      tenant: 'acme',
      organizations: ['acme'],
    },
  )
})

test('one of the roles is enough', () => {
  internal.requireRole('operator', 'admin')
  assertLacks(() => realm.requireRole('operator', 'admin'))
})

test('a role of one client is no role of another, and no realm role', () => {
  realm.requireClientRole('reports', 'read')
  assertLacks(() => realm.requireClientRole('account', 'read'))
  assertLacks(() => realm.requireRole('read'))
})

test('all of the scopes are needed', () => {
  internal.requireScope('openid', 'reports:read')
  assertLacks(() => internal.requireScope('openid', 'reports:write'))
})

test('a tenant is returned, or asked for', () => {
  assert.equal(internal.requireTenant(), 'acme')
  assertLacks(() => callerFromClaims('internal', {}).requireTenant(), 'tenant_required')
})

test('requirements work when they are taken off the caller', () => {
  const { requireRole } = internal
  requireRole('admin')
})

const ORGANIZATIONS = [
  ['acme', ['acme'], 'acme'],
  [['acme'], ['acme'], 'acme'],
  [['acme', 'globex'], ['acme', 'globex'], null],
  [{ acme: { id: '1' } }, ['acme'], 'acme'],
  [{ acme: {}, globex: {} }, ['acme', 'globex'], null],
  ['', [], null],
  [[], [], null],
  [{}, [], null],
  [null, [], null],
  [7, [], null],
  [undefined, [], null],
] as const

for (const [organization, organizations, tenant] of ORGANIZATIONS) {
  test(`organization ${JSON.stringify(organization)} is read as ${JSON.stringify(organizations)}`, () => {
    const caller = callerFromClaims('realm', { organization })
    assert.deepEqual([caller.organizations, caller.tenant], [organizations, tenant])
  })
}

test('organizations of an internal token decide on no tenant', () => {
  assert.equal(callerFromClaims('internal', { organization: ['acme'] }).tenant, null)
})

test('a claim `tenant` of an access token decides on no tenant', () => {
  assert.equal(callerFromClaims('realm', { tenant: 'acme' }).tenant, null)
})

const HOSTILE: readonly unknown[] = [
  'admin',
  ['', null, 1, ['admin'], { admin: true }],
  { admin: true, length: 1, 0: 'admin' },
  { roles: 'admin' },
  { roles: { 0: 'admin', length: 1 } },
  { roles: [['admin']] },
  JSON.parse('{"__proto__": {"roles": ["admin"]}}'),
  JSON.parse('{"__proto__": ["admin"]}'),
  JSON.parse('{"constructor": {"roles": ["admin"]}, "hasOwnProperty": 1}'),
  null,
  true,
  7,
]
const NAMES = [
  'roles',
  'realm_access',
  'client_roles',
  'resource_access',
  'groups',
  'scope',
  'tenant',
  'sub',
  'exp',
  'sid',
]

function assertGrantsNothing(caller: Caller): void {
  assert.ok(!caller.roles.includes('admin') && !caller.groups.includes('admin'))
  assertLacks(() => caller.requireRole('admin'))
  assertLacks(() => caller.requireClientRole('reports', 'admin'))
  for (const inherited of ['toString', 'valueOf', 'hasOwnProperty']) {
    assertLacks(() => caller.requireClientRole(inherited, 'admin'))
  }
}

for (const kind of ['internal', 'realm'] as const) {
  for (const [index, value] of HOSTILE.entries()) {
    test(`${kind} claims of hostile shape ${index} (${JSON.stringify(value)}) grant nothing and break nothing`, () => {
      for (const name of NAMES) {
        if (name === 'scope' && value === 'admin') continue
        const caller = callerFromClaims(kind, { [name]: structuredClone(value) })
        assertGrantsNothing(caller)
        assertLacks(() => caller.requireScope('admin'))
      }
    })
  }
}

test('a client called __proto__ is a client like another', () => {
  const claims = JSON.parse('{"resource_access": {"__proto__": {"roles": ["admin"]}}}')
  const caller = callerFromClaims('realm', claims)
  caller.requireClientRole('__proto__', 'admin')
  assert.equal(Object.getPrototypeOf(caller.clientRoles), Object.prototype)
  assertLacks(() => caller.requireClientRole('roles', 'admin'))
})

test('nobody can change what others share', () => {
  const caller = callerFromClaims('realm', { realm_access: { roles: ['user'] }, nested: { deep: [{}] } })
  const writes: ReadonlyArray<() => unknown> = [
    () => (caller.roles as string[]).push('admin'),
    () => Object.assign(caller, { subject: 'root' }),
    () => Object.assign(caller.claims, { sub: 'root' }),
    () => Object.assign((caller.claims.nested as { deep: object[] }).deep[0] ?? {}, { a: 1 }),
    () => Object.assign(caller, { requireRole: () => undefined }),
  ]
  for (const write of writes) assert.throws(write, TypeError)
})

test('claims may nest as deep as a token is long', () => {
  const deep = JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)
  assert.ok(Object.isFrozen(callerFromClaims('internal', { deep }).claims))
})
