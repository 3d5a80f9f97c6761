import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { BearerError, type BearerRefusal, callerFromClaims, createGuard } from '@doorman/resource-server'
import { createTestIssuer } from '@doorman/resource-server/testing'
import { type BearerCredential, readBearer, verifyBearer } from '../../src/policy/bearer.ts'

const SESSION_COOKIE = '__Host-Http-doorman'

function read(changes: { authorization?: string; cookie?: string; search?: string; raw?: readonly string[] }) {
  const { authorization, cookie, search = '' } = changes
  const headers = { authorization, cookie }
  const sent = authorization === undefined ? [] : ['Authorization', authorization]
  return readBearer({
    request: { headers, search },
    rawHeaders: ['Accept', 'authorization', ...(changes.raw ?? sent)],
    sessionCookies: [SESSION_COOKIE],
  })
}

suite('a bearer token of a request', () => {
  const none: BearerCredential = { kind: 'none' }
  const token: BearerCredential = { kind: 'token', token: 'a.b-c_d~+/1==' }
  const rows: readonly (readonly [string, Parameters<typeof read>[0], BearerCredential])[] = [
    ['is in Authorization', { authorization: 'Bearer a.b-c_d~+/1==' }, token],
    ['is there under the scheme in any case', { authorization: 'bEARER  a.b-c_d~+/1==' }, token],
    [
      'is there beside cookies that open nothing',
      { authorization: 'Bearer a.b-c_d~+/1==', cookie: 'theme=dark' },
      token,
    ],
    ['is there beside a query that has none', { authorization: 'Bearer a.b-c_d~+/1==', search: '?token=1' }, token],
    ['is absent without Authorization', {}, none],
    ['is absent under another scheme', { authorization: 'Basic YTpi' }, none],
    [
      'is absent under another scheme beside a session',
      { authorization: 'Basic YTpi', cookie: `${SESSION_COOKIE}=x` },
      none,
    ],
    ['is absent under a scheme that begins like it', { authorization: 'BearerToken abc' }, none],
    ['is absent in an empty header', { authorization: '' }, none],
  ]
  for (const [name, changes, expected] of rows) {
    test(name, () => assert.deepEqual(read(changes), expected))
  }

  const malformed: readonly (readonly [string, Parameters<typeof read>[0]])[] = [
    ['without a token', { authorization: 'Bearer' }],
    ['with an empty token', { authorization: 'Bearer ' }],
    ['with two tokens', { authorization: 'Bearer a b' }],
    ['with two tokens and a comma', { authorization: 'Bearer a, Bearer b' }],
    ['with a token that is none', { authorization: 'Bearer "a"' }],
    ['with a tab', { authorization: 'Bearer \ta' }],
    ['in two headers', { authorization: 'Bearer a', raw: ['Authorization', 'Bearer a', 'AUTHORIZATION', 'Bearer b'] }],
    [
      'in two headers of two schemes',
      { authorization: 'Basic a', raw: ['authorization', 'Basic a', 'Authorization', 'Bearer b'] },
    ],
    ['in the query', { search: '?access_token=a' }],
    ['in the query under an encoded name', { search: '?a=1&access%5Ftoken=a' }],
    ['in the query and in Authorization', { authorization: 'Bearer a', search: '?access_token=a' }],
    ['beside a session', { authorization: 'Bearer a', cookie: `a=b; ${SESSION_COOKIE}=${'s'.repeat(43)}` }],
    ['beside what is no session', { authorization: 'Bearer a', cookie: `${SESSION_COOKIE}=` }],
    ['beside two sessions', { authorization: 'Bearer a', cookie: `${SESSION_COOKIE}=x; ${SESSION_COOKIE}=y` }],
  ]
  for (const [name, changes] of malformed) {
    test(`${name} is malformed`, () => assert.equal(read(changes).kind, 'malformed'))
  }
})

suite('the caller of a bearer token', () => {
  test('is the person a token of the realm names', async () => {
    const issuer = await createTestIssuer()
    const token = await issuer.signCaller({ kind: 'realm', subject: 'alice', roles: ['user'] })
    const verdict = await verifyBearer(token, { guard: createGuard(issuer.guardOptions), realm: 'main' })
    assert(verdict.kind === 'known')
    assert.equal(verdict.principal.subject, 'alice')
    assert.equal(verdict.principal.realm, 'main')
    assert.equal(verdict.principal.accessToken, token)
    assert.deepEqual(verdict.principal.realmRoles, ['user'])
  })

  test('is nobody for a token that we have minted ourselves', async () => {
    const issuer = await createTestIssuer()
    const token = await issuer.signCaller({ kind: 'internal' })
    const verdict = await verifyBearer(token, { guard: createGuard(issuer.guardOptions), realm: 'main' })
    assert.deepEqual(verdict, { kind: 'refused', code: 'ERR_BEARER_INVALID', because: 'internal' })
  })

  test('is nobody for a token that has expired, is for somebody else, or is none', async () => {
    const issuer = await createTestIssuer()
    const options = { guard: createGuard(issuer.guardOptions), realm: 'main' }
    const tokens = [
      await issuer.signCaller({ kind: 'realm', lifeSeconds: -60 }),
      await issuer.signCaller({ kind: 'realm', audience: 'another' }),
      await issuer.signCaller({ kind: 'realm', claims: { typ: 'ID', nonce: 'n' } }),
      'opaque',
    ]
    for (const token of tokens) {
      const verdict = await verifyBearer(token, options)
      assert.equal(verdict.kind === 'refused' && verdict.code, 'ERR_BEARER_INVALID')
    }
  })

  const refusals: readonly (readonly [BearerRefusal['status'], string])[] = [
    [400, 'ERR_BEARER_MALFORMED'],
    [401, 'ERR_BEARER_INVALID'],
    [503, 'ERR_BEARER_UNAVAILABLE'],
  ]
  for (const [status, code] of refusals) {
    test(`cannot be told when the guard answers ${status}`, async () => {
      const error = new BearerError({
        status,
        code: undefined,
        reason: 'issuer-unavailable',
        body: { error: '', message: '' },
      })
      const verdict = await verifyBearer('a', { guard: { verify: () => Promise.reject(error) }, realm: 'main' })
      assert.deepEqual(verdict, { kind: 'refused', code, because: 'issuer-unavailable' })
    })
  }

  test('is an error of ours when the guard fails as it never should', async () => {
    const guard = { verify: () => Promise.reject(new TypeError('bug')) }
    await assert.rejects(verifyBearer('a', { guard, realm: 'main' }), TypeError)
  })

  test('is the same principal for the same caller', async () => {
    const caller = callerFromClaims('realm', { sub: 'alice' })
    const options = { guard: { verify: async () => caller }, realm: 'main' }
    const [first, second] = [await verifyBearer('a', options), await verifyBearer('a', options)]
    assert(first.kind === 'known' && second.kind === 'known')
    assert.equal(first.principal, second.principal)
  })
})
