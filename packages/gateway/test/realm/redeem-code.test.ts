import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type ErrorCode, isGatewayError } from '../../src/kernel/errors.ts'
import type { CodeRedemption, Redeemed } from '../../src/realm/relying-party.ts'
import { ACCESS_TOKEN, NOW, REDIRECT_URI, type RealmHarness, startHarness } from '../support/realm-harness.ts'
import { makeKey, type Script, sendJson } from '../support/scripted-realm.ts'

let harness: RealmHarness

beforeEach(async () => {
  harness = await startHarness()
})

afterEach(() => harness.close())

const redemption: CodeRedemption = {
  code: 'canary-code',
  redirectUri: REDIRECT_URI,
  codeVerifier: 'canary-verifier',
  nonce: 'the-nonce',
  maxAgeSeconds: null,
  acrValues: [],
}

function redeem(change: Partial<CodeRedemption> = {}): Promise<Redeemed> {
  return harness.relyingParty.redeemCode({ ...redemption, ...change })
}

/** The failure's detail, once its code has been checked. */
async function failure(
  code: ErrorCode,
  change: Partial<CodeRedemption> = {},
): Promise<Readonly<Record<string, unknown>>> {
  try {
    await redeem(change)
  } catch (error) {
    assert.ok(isGatewayError(error, code), String(error))
    return error.detail
  }
  return assert.fail('the code was redeemed')
}

test('a code becomes tokens, verified claims and roles', async () => {
  await harness.grant()
  const { tokens, claims, roles } = await redeem()
  assert.equal(tokens.accessToken, ACCESS_TOKEN)
  assert.equal(tokens.accessTokenExpiresAt, NOW + 60)
  assert.equal(claims.sub, 'alice')
  assert.equal(claims.sid, 'the-sid')
  assert.deepEqual(roles.realmRoles, ['user'])
})

test('a code is sent once, with its verifier and redirect URI, and without an Origin', async () => {
  await harness.grant()
  await redeem()
  const [sent, ...more] = harness.realm.seenAt('token')
  assert.equal(more.length, 0)
  assert.deepEqual(Object.fromEntries(sent!.form), {
    grant_type: 'authorization_code',
    code: 'canary-code',
    redirect_uri: REDIRECT_URI,
    code_verifier: 'canary-verifier',
  })
  assert.equal(sent!.headers.origin, undefined)
  assert.equal(sent!.headers['content-type'], 'application/x-www-form-urlencoded')
})

const answers: ReadonlyArray<readonly [name: string, script: Script, code: ErrorCode]> = [
  [
    '400 invalid_grant',
    (_, response) => sendJson(response, 400, { error: 'invalid_grant', error_description: 'Code not valid' }),
    'ERR_LOGIN_CODE_REJECTED',
  ],
  [
    '401 unauthorized_client',
    (_, response) => sendJson(response, 401, { error: 'unauthorized_client' }),
    'ERR_REALM_CLIENT_REJECTED',
  ],
  [
    '401 invalid_client',
    (_, response) => sendJson(response, 401, { error: 'invalid_client' }),
    'ERR_REALM_CLIENT_REJECTED',
  ],
  [
    '400 invalid_client',
    (_, response) => sendJson(response, 400, { error: 'invalid_client' }),
    'ERR_REALM_CLIENT_REJECTED',
  ],
  [
    '400 invalid_scope',
    (_, response) => sendJson(response, 400, { error: 'invalid_scope' }),
    'ERR_REALM_CLIENT_REJECTED',
  ],
  ['403 access_denied', (_, response) => sendJson(response, 403, { error: 'access_denied' }), 'ERR_REALM_UNREACHABLE'],
  ['404', (_, response) => sendJson(response, 404, { error: 'Realm does not exist' }), 'ERR_REALM_UNREACHABLE'],
  ['500', (_, response) => response.writeHead(500).end(), 'ERR_REALM_UNREACHABLE'],
  ['503', (_, response) => response.writeHead(503).end(), 'ERR_REALM_UNREACHABLE'],
  ['a cut connection', (_, response) => response.destroy(), 'ERR_REALM_UNREACHABLE'],
  [
    'a 200 with an HTML page',
    (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    'ERR_REALM_UNREACHABLE',
  ],
  ['a redirect', (_, response) => response.writeHead(307, { location: '/elsewhere' }).end(), 'ERR_REALM_UNREACHABLE'],
]

for (const [name, script, code] of answers) {
  test(`${name} fails the redemption with ${code}, after one request`, async () => {
    harness.realm.answer('token', script)
    await failure(code)
    assert.equal(harness.realm.seenAt('token').length, 1)
    assert.equal(
      harness.realm.seen.some(({ path }) => path === '/elsewhere'),
      false,
    )
  })
}

for (const fields of [
  { scope: 'a'.repeat(2 ** 20) },
  { access_token: undefined },
  { token_type: undefined },
  { token_type: 'mac' },
]) {
  test(`a token answer with ${JSON.stringify(Object.keys(fields))} missing, unknown or too long is refused (${JSON.stringify(fields).slice(0, 40)})`, async () => {
    await harness.grant(fields)
    await failure('ERR_REALM_UNREACHABLE')
  })
}

test('a realm that falls silent is given up after the time limit', async () => {
  const impatient = await startHarness(() => ({ timeoutSeconds: 1 }))
  impatient.realm.answer('token', () => {})
  await assert.rejects(impatient.relyingParty.redeemCode(redemption), (error) =>
    isGatewayError(error, 'ERR_REALM_TIMEOUT'),
  )
  await impatient.close()
})

const idTokens: ReadonlyArray<
  readonly [reason: string, claims: Readonly<Record<string, unknown>>, change: Partial<CodeRedemption>]
> = [
  ['nonce', { nonce: 'another' }, {}],
  ['aud', { aud: ['web-gateway', 'billing'] }, {}],
  ['azp', { azp: 'billing' }, {}],
  ['at_hash', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, {}],
  ['exp', { exp: NOW - 11 }, {}],
  ['auth_time', {}, { maxAgeSeconds: 60 }],
  ['auth_time', { auth_time: NOW - 100 }, { maxAgeSeconds: 60 }],
]

for (const [reason, claims, change] of idTokens) {
  test(`an ID token with ${JSON.stringify(claims)} fails the login for its ${reason}`, async () => {
    await harness.grant({ id_token: await harness.idToken(claims) })
    assert.equal((await failure('ERR_ID_TOKEN_INVALID', change)).reason, reason)
  })
}

test('an ID token by a forged key fails the login for its signature', async () => {
  await harness.grant({ id_token: await harness.idToken({}, await makeKey('k1', 'ES256')) })
  assert.equal((await failure('ERR_ID_TOKEN_INVALID')).reason, 'signature')
})

test('an ID token by a key the realm does not publish fails the login for its key', async () => {
  await harness.grant({ id_token: await harness.idToken({}, await makeKey('k2', 'ES256')) })
  assert.equal((await failure('ERR_ID_TOKEN_INVALID')).reason, 'key')
})

test('an answer without an ID token fails the login', async () => {
  await harness.grant({ id_token: undefined })
  assert.equal((await failure('ERR_ID_TOKEN_INVALID')).reason, 'missing')
})

test('a login whose key set cannot be had fails as the realm being unreachable', async () => {
  await harness.grant()
  harness.realm.answer('certs', (_request, response) => response.writeHead(500).end())
  await failure('ERR_REALM_UNREACHABLE')
})

test('an acr lower than the one asked for fails the login', async () => {
  await harness.grant({ id_token: await harness.idToken({ acr: 'silver' }) })
  await failure('ERR_LOGIN_ACR_INSUFFICIENT', { acrValues: ['gold'] })
  assert.equal((await redeem({ acrValues: ['silver', 'gold'] })).claims.acr, 'silver')
})

test('a login that fails for a clock off is explained by a warning, once, without any Date header', async () => {
  harness.realm.answer('openid-configuration', (_request, response) => {
    response.sendDate = false
    response.removeHeader('date')
    sendJson(response, 200, harness.realm.metadata())
  })
  const answer = {
    access_token: ACCESS_TOKEN,
    token_type: 'Bearer',
    id_token: await harness.idToken({ iat: NOW + 3600, exp: NOW + 3660 }),
  }
  harness.realm.answer('token', (_request, response) => {
    response.sendDate = false
    response.removeHeader('date')
    sendJson(response, 200, answer)
  })
  for (let login = 0; login < 2; login += 1) {
    assert.equal((await failure('ERR_ID_TOKEN_INVALID')).reason, 'iat')
  }
  assert.equal(harness.warnings().length, 1)
  assert.ok(harness.relyingParty.clockSkewSeconds() > 3590)
})

test('no code, verifier, token or secret is in what a failed redemption says', async () => {
  const echo: Script = (request, response) =>
    sendJson(response, 400, {
      error: 'invalid_grant',
      error_description: `${request.form.get('code')} ${'x'.repeat(30)}`,
    })
  harness.realm.answer('token', echo)
  const rejected = await failure('ERR_LOGIN_CODE_REJECTED')
  await harness.grant({ id_token: await harness.idToken({ nonce: 'other' }) })
  const invalid = await failure('ERR_ID_TOKEN_INVALID')
  assert.doesNotMatch(JSON.stringify([rejected, invalid, harness.told]), /canary|eyJ[\w-]+\.|refresh-2/)
})
