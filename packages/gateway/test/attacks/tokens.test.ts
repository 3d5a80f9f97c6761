// Tokens and what they claim, as a hostile or broken realm and its other clients could make them.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { createEvents } from '../../src/kernel/events.ts'
import { compileRequirement, decide } from '../../src/policy/access-policy.ts'
import { sessionPrincipal } from '../../src/policy/principal.ts'
import type { PersonRequirement } from '../../src/policy/requirement.ts'
import { parseRoles } from '../../src/realm/access-token.ts'
import { type IdTokenExpectation, validateIdToken } from '../../src/realm/id-token.ts'
import { verifyJws } from '../../src/realm/jws.ts'
import { createKeySet, type KeySet } from '../../src/realm/key-set.ts'
import { createRealmFetch, type RealmFetch } from '../../src/realm/realm-fetch.ts'
import type { Roles } from '../../src/realm/token-set.ts'
import { sessionIndexes } from '../../src/session/session-id.ts'
import { buildRequirement } from '../support/requirements.ts'
import { makeKey, type RealmKey, type ScriptedRealm, signToken, startScriptedRealm } from '../support/scripted-realm.ts'
import { buildLive } from '../support/sessions.ts'

const NOW = 1_800_000_000

const EXPECTED: IdTokenExpectation = {
  issuer: 'https://sso.example.com/realms/main',
  clientId: 'web-gateway',
  algorithm: 'ES256',
  accessToken: 'access-token',
  nonce: 'the-nonce',
  maxAgeSeconds: null,
  clockToleranceSeconds: 30,
  now: NOW,
}

const CLAIMS = {
  iss: EXPECTED.issuer,
  sub: 'alice',
  aud: EXPECTED.clientId,
  exp: NOW + 60,
  iat: NOW,
  nonce: 'the-nonce',
}

const REFUSED: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['GHSA-wcvh', { aud: 'another-client' }],
  ['GHSA-wcvh', { aud: [EXPECTED.clientId, 'another-client'] }],
  ['GHSA-wcvh', { aud: [] }],
  ['GHSA-wcvh', { azp: 'another-client' }],
  ['mod_auth_openidc', { iss: '' }],
  ['mod_auth_openidc', { iss: `${EXPECTED.issuer}.evil.example` }],
  ['mod_auth_openidc', { exp: 'abc' }],
  ['mod_auth_openidc', { exp: '1800000060' }],
  ['mod_auth_openidc', { exp: Number.POSITIVE_INFINITY }],
  ['mod_auth_openidc', { exp: -1 }],
  ['mod_auth_openidc', { iat: 1e300 }],
  ['mod_auth_openidc', { iat: {} }],
  ['mod_auth_openidc', { nonce: '' }],
  ['mod_auth_openidc', { sub: '' }],
  ['Oathkeeper issue 669', { sub: undefined }],
]
for (const [id, changes] of REFUSED) {
  test(`an ID token with ${JSON.stringify(changes)} is refused (${id})`, () => {
    assert.equal(validateIdToken({ ...CLAIMS, ...changes }, EXPECTED).kind, 'invalid')
  })
}

test('an exp of 1e300 is only a long life (mod_auth_openidc)', () => {
  assert.equal(validateIdToken({ ...CLAIMS, exp: 1e300 }, EXPECTED).kind, 'valid')
})

suite('the keys of the realm', () => {
  let key: RealmKey
  let realm: ScriptedRealm
  let fetch: RealmFetch
  let keySet: KeySet

  beforeEach(async () => {
    key = await makeKey('first', 'ES256')
    realm = await startScriptedRealm([key], () => NOW)
    const clock = () => NOW
    const options = { realm: 'main', timeoutSeconds: 5, ca: [], environment: {}, events: createEvents(), clock }
    fetch = createRealmFetch(options)
    const url = new URL(`${realm.issuer}/protocol/openid-connect/certs`)
    keySet = createKeySet({ metadataSeconds: 600, keySetCooldownSeconds: 30, clock }, fetch, async () => url)
  })
  afterEach(async () => {
    await fetch.close()
    await realm.close()
  })

  test('are not asked for again by each of a flood of unknown kids (mod_auth_openidc)', async () => {
    for (let count = 0; count < 50; count += 1) await keySet.find({ alg: 'ES256', kid: `bogus-${count}` })
    assert.ok(realm.seenAt('certs').length <= 2, `asked ${realm.seenAt('certs').length} times`)
  })

  const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const hostile: readonly (readonly [string, string])[] = [
    ['alg none', `${segment({ alg: 'none' })}.${segment(CLAIMS)}.`],
    ['alg None', `${segment({ alg: 'None' })}.${segment(CLAIMS)}.`],
    ['a JWE that unpacks to ten megabytes', `${segment({ alg: 'RSA-OAEP', enc: 'A256GCM', zip: 'DEF' })}.a.b.c.d`],
    ['an unknown crit', `${segment({ alg: 'ES256', crit: ['b64'], b64: false })}.e30.AA`],
    ['a key of its own', `${segment({ alg: 'ES256', jku: 'https://evil.example/keys', kid: 'evil' })}.e30.AA`],
    ['no dots', 'token'],
    ['only dots', '....'],
    ['nothing', ''],
  ]
  for (const [name, token] of hostile) {
    test(`verify no token with ${name} (mod_auth_openidc)`, async () => {
      const verdict = await verifyJws(token, 'jwt', ['ES256', 'none'], keySet)
      assert.notEqual(verdict.kind, 'verified')
      assert.ok(realm.seenAt('certs').length <= 2)
    })
  }

  test('verify no logout or access token as an ID token (checklist 146)', async () => {
    for (const typ of ['logout+jwt', 'at+jwt', 'JOSE']) {
      const token = await signToken(key, CLAIMS, { typ })
      assert.deepEqual(await verifyJws(token, 'jwt', ['ES256'], keySet), { kind: 'invalid', reason: 'typ' })
    }
    assert.equal(validateIdToken({ ...CLAIMS, typ: 'Bearer' }, EXPECTED).kind, 'invalid')
    assert.equal(validateIdToken({ ...CLAIMS, typ: 'Logout' }, EXPECTED).kind, 'invalid')
  })
})

suite('roles', () => {
  const tokenWith = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
  const facts = { now: 1000, tenant: null }

  for (const roles of ['admin', 'administrator admin', { admin: true }, { 0: 'admin', length: 1 }, [['admin']], 1]) {
    test(`that are ${JSON.stringify(roles)} make nobody an admin (oauth2-proxy)`, () => {
      const { realmRoles } = parseRoles(tokenWith({ realm_access: { roles } }))
      assert.deepEqual(realmRoles.includes('admin'), false)
    })
  }

  test('beside null and numbers still count (oauth2-proxy)', () => {
    assert.deepEqual(parseRoles(tokenWith({ realm_access: { roles: [1, null, 'user'] } })).realmRoles, ['user'])
  })

  test('of clients named like parts of every object give and take nothing', () => {
    const text = '{"resource_access":{"__proto__":{"roles":["admin"]},"constructor":{"roles":["admin"]}}}'
    const roles = parseRoles(`e30.${Buffer.from(text).toString('base64url')}.x`)
    assert.equal(Object.getPrototypeOf(roles.clientRoles), Object.prototype)
    const judge = (needs: Partial<PersonRequirement>, held: Roles) =>
      decide(compileRequirement(buildRequirement(needs)), sessionPrincipal(buildLive({ roles: held }), 'web'), facts)
        .kind
    for (const clientId of ['toString', 'constructor', 'hasOwnProperty']) {
      assert.equal(judge({ clientRoles: { [clientId]: ['admin'] } }, { realmRoles: [], clientRoles: {} }), 'deny')
    }
    assert.equal(judge({ roles: ['admin'] }, roles), 'deny')
  })
})

test('two realms never share what they know a person or a session by (CVE-2026-33496)', () => {
  const indexes = (issuer: string, name: string) => sessionIndexes({ handle: 'h', issuer, subject: name, sid: name })
  const [first, second] = [indexes('https://a', 'x'), indexes('https://b', 'x')]
  assert.notEqual(first.subject, second.subject)
  assert.notEqual(first.sid, second.sid)
  assert.notEqual(indexes('https://a","', 'x').sid, indexes('https://a', '","x').sid)
})
