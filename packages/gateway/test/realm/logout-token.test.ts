import assert from 'node:assert/strict'
import { createPublicKey, createSecretKey } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { SignJWT, UnsecuredJWT } from 'jose'
import {
  LOGOUT_TOKEN_MAX_AGE_SECONDS,
  type LogoutTokenExpectation,
  peekLogoutToken,
  validateLogoutToken,
} from '../../src/realm/logout-token.ts'
import { NOW, type RealmHarness, startHarness } from '../support/realm-harness.ts'
import { makeKey, type RealmKey, sendJson, signToken } from '../support/scripted-realm.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

const expectation: LogoutTokenExpectation = {
  issuer: 'https://sso.example.com/realms/main',
  clientId: 'web-gateway',
  clockToleranceSeconds: 10,
  now: NOW,
}

const claims = {
  iss: 'https://sso.example.com/realms/main',
  aud: 'web-gateway',
  typ: 'Logout',
  iat: NOW,
  exp: NOW + 120,
  jti: 'token-1',
  sub: 'alice',
  sid: 'the-sid',
  events: { [EVENT]: {} },
}

interface Row {
  readonly name: string
  readonly claims: Readonly<Record<string, unknown>>
}

const accepted: readonly Row[] = [
  { name: 'a logout token as Keycloak sends it', claims: {} },
  { name: 'a token without sid', claims: { sid: undefined } },
  { name: 'a token without sub', claims: { sub: undefined } },
  { name: 'an audience list that names us among others', claims: { aud: ['billing', 'web-gateway'] } },
  { name: 'a token without exp whose iat is fresh', claims: { exp: undefined } },
  { name: 'an exp that has passed within the tolerance', claims: { exp: NOW - 9 } },
  { name: 'an iat ahead of us within the tolerance', claims: { iat: NOW + 10 } },
  { name: 'a token of the greatest age', claims: { iat: NOW - LOGOUT_TOKEN_MAX_AGE_SECONDS - 10 } },
  { name: 'an event that says more', claims: { events: { [EVENT]: { more: 1 }, other: {} } } },
  { name: 'a token that says no kind in its claims', claims: { typ: undefined } },
]

for (const row of accepted) {
  test(`accepts ${row.name}`, () => {
    assert.equal(validateLogoutToken({ ...claims, ...row.claims }, expectation).kind, 'valid')
  })
}

const refused: ReadonlyArray<Row & { readonly reason: string }> = [
  { reason: 'iss', name: 'another issuer', claims: { iss: 'https://sso.example.com/realms/models' } },
  { reason: 'iss', name: 'an issuer with a trailing slash', claims: { iss: `${claims.iss}/` } },
  { reason: 'iss', name: 'no issuer', claims: { iss: undefined } },
  { reason: 'aud', name: 'another client', claims: { aud: 'billing' } },
  { reason: 'aud', name: 'a list of other clients', claims: { aud: ['billing', 'web-gateway2'] } },
  { reason: 'aud', name: 'no audience', claims: { aud: undefined } },
  { reason: 'aud', name: 'an empty audience list', claims: { aud: [] } },
  { reason: 'aud', name: 'an audience in a list in a list', claims: { aud: [['web-gateway']] } },
  { reason: 'typ', name: 'the claims of an ID token', claims: { typ: 'ID' } },
  { reason: 'typ', name: 'the claims of an access token', claims: { typ: 'Bearer' } },
  { reason: 'iat', name: 'no iat', claims: { iat: undefined } },
  { reason: 'iat', name: 'an iat that is text', claims: { iat: String(NOW) } },
  { reason: 'iat', name: 'an iat beyond the tolerance ahead of us', claims: { iat: NOW + 11 } },
  { reason: 'iat', name: 'a token that is too old', claims: { iat: NOW - LOGOUT_TOKEN_MAX_AGE_SECONDS - 11 } },
  {
    reason: 'iat',
    name: 'an old token without exp',
    claims: { iat: NOW - LOGOUT_TOKEN_MAX_AGE_SECONDS - 11, exp: undefined },
  },
  { reason: 'exp', name: 'an exp that has passed', claims: { exp: NOW - 10 } },
  { reason: 'exp', name: 'an exp that is text', claims: { exp: String(NOW + 120) } },
  { reason: 'exp', name: 'an exp that is null', claims: { exp: null } },
  { reason: 'events', name: 'no events', claims: { events: undefined } },
  { reason: 'events', name: 'events that are a list', claims: { events: [EVENT] } },
  { reason: 'events', name: 'events that are text', claims: { events: EVENT } },
  { reason: 'events', name: 'events that are null', claims: { events: null } },
  { reason: 'events', name: 'other events', claims: { events: { 'http://schemas.openid.net/event/other': {} } } },
  { reason: 'events', name: 'an event that is true', claims: { events: { [EVENT]: true } } },
  { reason: 'events', name: 'an event that is null', claims: { events: { [EVENT]: null } } },
  { reason: 'events', name: 'an event that is a list', claims: { events: { [EVENT]: [] } } },
  { reason: 'nonce', name: 'a nonce', claims: { nonce: 'n' } },
  { reason: 'nonce', name: 'an empty nonce', claims: { nonce: '' } },
  { reason: 'nonce', name: 'a nonce that is null', claims: { nonce: null } },
  { reason: 'jti', name: 'no jti', claims: { jti: undefined } },
  { reason: 'jti', name: 'an empty jti', claims: { jti: '' } },
  { reason: 'jti', name: 'a jti that is a number', claims: { jti: 7 } },
  { reason: 'sub', name: 'neither sub nor sid', claims: { sub: undefined, sid: undefined } },
  { reason: 'sub', name: 'an empty sub', claims: { sub: '' } },
  { reason: 'sub', name: 'a sub that is null', claims: { sub: null } },
  { reason: 'sub', name: 'a sub of 256 characters', claims: { sub: 'a'.repeat(256) } },
  { reason: 'sid', name: 'an empty sid', claims: { sid: '' } },
  { reason: 'sid', name: 'a sid that is a number', claims: { sid: 7 } },
  { reason: 'sid', name: 'an empty sid and no sub', claims: { sid: '', sub: undefined } },
]

for (const row of refused) {
  test(`refuses ${row.name}`, () => {
    assert.deepEqual(validateLogoutToken({ ...claims, ...row.claims }, expectation), {
      kind: 'invalid',
      reason: row.reason,
    })
  })
}

test('tells who is meant, and whether offline access is to be revoked', () => {
  const said = (changes: object) => validateLogoutToken({ ...claims, ...changes }, expectation)
  const token = { issuer: claims.iss, tokenId: 'token-1', issuedAt: NOW, subject: 'alice', sid: 'the-sid' }
  assert.deepEqual(said({}), { kind: 'valid', token: { ...token, revokesOfflineAccess: false } })
  assert.deepEqual(said({ sid: undefined, events: { [EVENT]: {}, revoke_offline_access: true } }), {
    kind: 'valid',
    token: { ...token, sid: null, revokesOfflineAccess: true },
  })
  assert.deepEqual(said({ events: { [EVENT]: {}, revoke_offline_access: 'false' } }), {
    kind: 'valid',
    token: { ...token, revokesOfflineAccess: false },
  })
})

test('whom a token claims to be for can be seen before anything is verified, and never fails', async () => {
  const key = await makeKey('k1', 'ES256')
  const peeked = { issuer: claims.iss, audiences: ['web-gateway'] }
  assert.deepEqual(peekLogoutToken(await signToken(key, claims)), peeked)
  assert.deepEqual(peekLogoutToken(await signToken(key, { ...claims, aud: ['web-gateway'] })), peeked)
  for (const text of ['', 'a', 'a.b.c', 'e30.W10.AA', `${'x'.repeat(9000)}.e30.AA`]) {
    assert.equal(peekLogoutToken(text), null)
  }
})

async function harnessFor(t: TestContext): Promise<RealmHarness> {
  const harness = await startHarness()
  t.after(() => harness.close())
  return harness
}

function logoutToken(harness: RealmHarness, header: object = {}, changes: object = {}, key: RealmKey = harness.key) {
  return signToken(key, { ...claims, iss: harness.realm.issuer, ...changes }, { typ: 'logout+jwt', ...header })
}

test('verifies a logout token by the keys of the realm', async (t) => {
  const harness = await harnessFor(t)
  const token = await harness.relyingParty.verifyLogoutToken(await logoutToken(harness))
  assert.equal(token.issuer, harness.realm.issuer)
  assert.equal(token.sid, 'the-sid')
  const spelled = await logoutToken(harness, { typ: 'application/Logout+JWT' })
  assert.equal((await harness.relyingParty.verifyLogoutToken(spelled)).sid, 'the-sid')
})

function publicKeyText({ key }: RealmHarness): string {
  const publicKey = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' })
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}

type Forge = (harness: RealmHarness) => Promise<string>

const FORGERIES: readonly (readonly [what: string, reason: string, forge: Forge])[] = [
  ['an ID token', 'typ', (harness) => harness.idToken()],
  ['an access token', 'typ', (harness) => logoutToken(harness, { typ: 'at+jwt' })],
  ['a token that says no type', 'typ', (harness) => logoutToken(harness, { typ: undefined })],
  ['a type that is no text', 'typ', (harness) => logoutToken(harness, { typ: ['logout+jwt'] })],
  ['a critical extension', 'crit', (harness) => logoutToken(harness, { crit: ['b64'], b64: true })],
  [
    'a key the realm does not have',
    'key',
    async (harness) => logoutToken(harness, {}, {}, await makeKey('k2', 'ES256')),
  ],
  [
    'another key under the name of the realm’s',
    'signature',
    async (harness) => logoutToken(harness, {}, {}, await makeKey('k1', 'ES256')),
  ],
  [
    'an algorithm that is not allowed',
    'algorithm',
    async (harness) => logoutToken(harness, {}, {}, await makeKey('k1', 'ES384')),
  ],
  ['no signature', 'algorithm', async (harness) => new UnsecuredJWT({ ...claims, iss: harness.realm.issuer }).encode()],
  [
    'the public key as the secret of an HMAC',
    'algorithm',
    async (harness) =>
      new SignJWT({ ...claims, iss: harness.realm.issuer })
        .setProtectedHeader({ alg: 'HS256', kid: 'k1', typ: 'logout+jwt' })
        .sign(createSecretKey(Buffer.from(publicKeyText(harness)))),
  ],
  ['another issuer', 'iss', (harness) => logoutToken(harness, {}, { iss: claims.iss })],
  ['a nonce', 'nonce', (harness) => logoutToken(harness, {}, { nonce: '' })],
  ['a token of 9000 characters', 'size', (harness) => logoutToken(harness, {}, { pad: 'x'.repeat(9000) })],
  ['text', 'malformed', async () => 'canary-token'],
]

for (const [what, reason, forge] of FORGERIES) {
  test(`refuses ${what} by its reason alone`, async (t) => {
    const harness = await harnessFor(t)
    const token = await forge(harness)
    await assert.rejects(harness.relyingParty.verifyLogoutToken(token), (error: Error) => {
      assert.deepEqual({ ...error }, { name: 'GatewayError', code: 'ERR_LOGOUT_TOKEN_INVALID', detail: { reason } })
      return true
    })
  })
}

test('many tokens under unknown keys make the realm’s keys be fetched once more, and no more', async (t) => {
  const harness = await harnessFor(t)
  await harness.relyingParty.verifyLogoutToken(await logoutToken(harness))
  const bogus = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => logoutToken(harness, { kid: `bogus-${at}` })),
  )
  const before = harness.realm.seenAt('certs').length
  for (const token of bogus) {
    await assert.rejects(harness.relyingParty.verifyLogoutToken(token), { code: 'ERR_LOGOUT_TOKEN_INVALID' })
  }
  assert.equal(harness.realm.seenAt('certs').length, before + 1)
  await harness.relyingParty.verifyLogoutToken(await logoutToken(harness))
})

test('a realm whose keys were never had is the realm’s trouble and not the token’s', async (t) => {
  const harness = await harnessFor(t)
  harness.realm.answer('certs', (_request, response) => sendJson(response, 500, {}))
  await assert.rejects(harness.relyingParty.verifyLogoutToken(await logoutToken(harness)), {
    code: 'ERR_REALM_UNREACHABLE',
  })
})
