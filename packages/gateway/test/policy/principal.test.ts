import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callerFromClaims } from '@doorman/resource-server'
import { bearerPrincipal, sessionPrincipal } from '../../src/policy/principal.ts'
import { buildLive } from '../support/sessions.ts'

/** Claims that say when somebody reads one of them. */
function watched(claims: Readonly<Record<string, unknown>>, reads: string[]): Readonly<Record<string, unknown>> {
  return new Proxy(claims, {
    get(of, name, receiver) {
      reads.push(String(name))
      return Reflect.get(of, name, receiver)
    },
  })
}

suite('the principal of a session', () => {
  test('is the same one for the same live session, and a new one for a renewed session', () => {
    const live = buildLive()
    assert.equal(sessionPrincipal(live, 'web'), sessionPrincipal(live, 'web'))
    assert.notEqual(sessionPrincipal({ ...live }, 'web'), sessionPrincipal(live, 'web'))
  })

  test('reads no claim of the access token before somebody asks, and then once', () => {
    const reads: string[] = []
    const accessClaims = watched({ scope: 'openid email', groups: ['/staff'] }, reads)
    const principal = sessionPrincipal(buildLive({ accessClaims }), 'web')
    assert.deepEqual(reads, [])
    assert.deepEqual(principal.scopes, ['openid', 'email'])
    assert.equal(principal.scopes, principal.scopes)
    assert.deepEqual(principal.groups, ['/staff'])
    assert.deepEqual(reads, ['scope', 'groups'])
  })

  test('tells what the session knows', () => {
    const claims = { acr: 'gold', auth_time: 900, department: 'ops' }
    const roles = { realmRoles: ['user'], clientRoles: { reports: ['read'] } }
    const live = buildLive({ claims, roles, handle: 'handle-1', accessClaims: { department: 'dev' } })
    const principal = sessionPrincipal(live, 'web')
    assert.equal(principal.kind, 'session')
    assert.equal(principal.live, live)
    assert.equal(principal.realm, 'main')
    assert.equal(principal.subject, 'alice-id')
    assert.equal(principal.clientId, 'web')
    assert.equal(principal.handle, 'handle-1')
    assert.deepEqual(principal.realmRoles, ['user'])
    assert.deepEqual(principal.clientRoles, { reports: ['read'] })
    assert.equal(principal.acr, 'gold')
    assert.equal(principal.authenticatedAt, 900)
    assert.equal(principal.claim('department'), 'dev')
    assert.equal(principal.claim('nothing'), undefined)
  })

  test('knows the scopes also where ID token and access token agree on them', () => {
    assert.deepEqual(sessionPrincipal(buildLive({ claims: { scope: 'openid' } }), 'web').scopes, ['openid'])
  })

  const hostile = [
    undefined,
    null,
    1,
    true,
    {},
    { 0: 'admin', length: 1 },
    { includes: 'admin' },
    [['admin']],
    [null, 1, { admin: true }, ''],
  ]
  for (const value of hostile) {
    test(`makes nothing of ${JSON.stringify(value)} as scope, groups, acr and auth_time`, () => {
      const claims = { acr: value, auth_time: typeof value === 'number' ? String(value) : value }
      const principal = sessionPrincipal(buildLive({ claims, accessClaims: { scope: value, groups: value } }), 'web')
      assert.deepEqual(principal.scopes, [])
      assert.deepEqual(principal.groups, [])
      assert.equal(principal.acr, null)
      assert.equal(principal.authenticatedAt, null)
    })
  }

  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    test(`has no claim ${name} that no token named`, () => {
      assert.equal(sessionPrincipal(buildLive(), 'web').claim(name), undefined)
      assert.equal(bearerPrincipal(callerFromClaims('realm', {}), 't', 'main').claim(name), undefined)
    })
  }

  test('takes a group by its whole path only', () => {
    const accessClaims = { groups: '/staff' }
    assert.deepEqual(sessionPrincipal(buildLive({ accessClaims }), 'web').groups, [])
  })
})

test('the principal of a bearer token tells what the guard found', () => {
  const caller = callerFromClaims('realm', {
    iss: 'https://sso.example/realms/main',
    sub: 'robot',
    azp: 'mobile',
    scope: 'openid reports',
    groups: ['/staff'],
    realm_access: { roles: ['user'] },
    resource_access: { reports: { roles: ['read'] } },
    acr: '1',
    auth_time: 900,
    department: 'ops',
  })
  const principal = bearerPrincipal(caller, 'the-token', 'main')
  assert.equal(principal, bearerPrincipal(caller, 'the-token', 'main'))
  const { claim, ...told } = principal
  assert.deepEqual(told, {
    kind: 'bearer',
    caller,
    accessToken: 'the-token',
    realm: 'main',
    issuer: 'https://sso.example/realms/main',
    subject: 'robot',
    clientId: 'mobile',
    handle: null,
    realmRoles: ['user'],
    clientRoles: { reports: ['read'] },
    scopes: ['openid', 'reports'],
    groups: ['/staff'],
    acr: '1',
    authenticatedAt: 900,
  })
  assert.equal(claim('department'), 'ops')
})
