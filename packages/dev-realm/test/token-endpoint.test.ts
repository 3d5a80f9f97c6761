import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createBrowser } from '../src/browser.ts'
import {
  claimsOf,
  introspect,
  logIn,
  OTHER_GATEWAY,
  obtainTokens,
  post,
  redeem,
  refresh,
  startRealm,
  uniqueId,
} from './support/relying-party.ts'

async function realmFor(t: TestContext, options = {}) {
  const realm = await startRealm(options)
  t.after(() => realm.close())
  return realm
}

const OTHER = { client_id: OTHER_GATEWAY.clientId, client_secret: OTHER_GATEWAY.secret }

for (const [what, changes, status, error] of [
  ['a wrong secret', { client_secret: 'wrong' }, 401, 'unauthorized_client'],
  ['no secret', { client_secret: undefined }, 401, 'unauthorized_client'],
  ['an unknown client', { client_id: 'nobody' }, 401, 'invalid_client'],
  ['no client', { client_id: undefined, client_secret: undefined }, 401, 'invalid_client'],
  ['no grant type', { grant_type: undefined }, 400, 'invalid_request'],
  ['an unknown grant type', { grant_type: 'dance' }, 400, 'unsupported_grant_type'],
  ['no code', { code: undefined }, 400, 'invalid_request'],
  ['a garbage code', { code: 'garbage' }, 400, 'invalid_grant'],
  ['another redirect URI', { redirect_uri: 'http://localhost:4000/other' }, 400, 'invalid_grant'],
  ['no verifier', { code_verifier: undefined }, 400, 'invalid_grant'],
  ['a wrong verifier', { code_verifier: 'w'.repeat(50) }, 400, 'invalid_grant'],
  ['a malformed verifier', { code_verifier: 'short' }, 400, 'invalid_grant'],
  ['another client', OTHER, 400, 'invalid_grant'],
] as const) {
  test(`a code with ${what} is ${status} ${error}`, async (t) => {
    const realm = await realmFor(t)
    const response = await logIn(realm)
    const answer = await redeem(realm, response.get('code'), changes)
    assert.deepEqual([answer.status, answer.json.error], [status, error])
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('www-authenticate'), null)
  })
}

test('a refused code is spent, a refused secret spends nothing', async (t) => {
  const realm = await realmFor(t)
  const spent = (await logIn(realm)).get('code')
  await redeem(realm, spent, { code_verifier: 'w'.repeat(50) })
  assert.equal((await redeem(realm, spent)).status, 400)
  const kept = (await logIn(realm)).get('code')
  await redeem(realm, kept, { client_secret: 'wrong' })
  assert.equal((await redeem(realm, kept)).status, 200)
})

test('a code sent twice kills the tokens it bought; the browser stays logged in', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const code = (await logIn(realm, 'alice', {}, browser)).get('code')
  const { json } = await redeem(realm, code)
  assert.equal((await introspect(realm, json.access_token)).json.active, true)
  assert.equal((await redeem(realm, code)).json.error, 'invalid_grant')
  assert.equal((await refresh(realm, json.refresh_token)).json.error, 'invalid_grant')
  assert.equal((await introspect(realm, json.access_token)).json.active, false)
  assert.equal((await logIn(realm, 'alice', { prompt: 'none' }, browser)).has('code'), true)
})

test('of three exchanges at once one succeeds, and its tokens are dead', async (t) => {
  const realm = await realmFor(t)
  const code = (await logIn(realm)).get('code')
  const answers = await Promise.all([redeem(realm, code), redeem(realm, code), redeem(realm, code)])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400])
  const winner = answers.find(({ status }) => status === 200)
  assert.equal((await refresh(realm, winner?.json.refresh_token)).status, 400)
})

test('an expired code is invalid_grant', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const realm = await realmFor(t)
  const code = (await logIn(realm)).get('code')
  t.mock.timers.setTime(Date.now() + 60_000)
  assert.equal((await redeem(realm, code)).json.error, 'invalid_grant')
})

test('the code of a session that has ended is invalid_grant', async (t) => {
  const realm = await realmFor(t)
  const response = await logIn(realm)
  realm.endSession(response.get('session_state') ?? '')
  assert.equal((await redeem(realm, response.get('code'))).json.error, 'invalid_grant')
})

test('Basic credentials are form-encoded first; otherwise a percent sign is refused', async (t) => {
  const secret = '100%/+:é'
  const realm = await realmFor(t, { clients: [{ clientId: 'a', secret, redirectUris: ['http://localhost:4000/*'] }] })
  const send = (encoded: string) =>
    redeem(realm, 'garbage', { client_id: undefined, client_secret: undefined }, encoded)
  const basic = (value: string) => `Basic ${Buffer.from(`a:${value}`).toString('base64')}`
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  assert.equal((await send(basic(form))).json.error, 'invalid_grant')
  const raw = await send(basic(secret))
  assert.deepEqual([raw.status, raw.json.error], [400, 'unauthorized_client'])
})

test('an unreadable Authorization header is 401 invalid_client', async (t) => {
  const realm = await realmFor(t)
  const answer = await redeem(realm, 'garbage', {}, 'Dance')
  assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_client'])
})

test('a disabled client is 401 invalid_client, and works again once it is enabled', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  const client = realm.directory.findClient('web-gateway')
  assert.ok(client)
  realm.directory.setClient({ ...client, enabled: false })
  assert.equal((await refresh(realm, tokens.refresh_token)).json.error, 'invalid_client')
  realm.directory.setClient(client)
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
})

async function jwtClient() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
  const client = {
    clientId: 'jwt-gateway',
    jwks: { keys: [jwk] },
    redirectUris: ['http://localhost:4000/auth/callback'],
  }
  const assertion = (claims: Record<string, unknown>, kid = 'k1') =>
    new SignJWT({ iss: 'jwt-gateway', sub: 'jwt-gateway', jti: uniqueId(), ...claims })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey)
  return { client, assertion }
}

test('private_key_jwt: one audience as a string, each assertion once', async (t) => {
  const { client, assertion } = await jwtClient()
  const realm = await realmFor(t, { clients: [client] })
  const send = (clientAssertion: string) =>
    redeem(realm, 'garbage', {
      client_id: undefined,
      client_secret: undefined,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: clientAssertion,
    })
  const good = await assertion({ aud: realm.issuer })
  assert.equal((await send(good)).json.error, 'invalid_grant')
  for (const refused of [
    good,
    await assertion({ aud: [realm.issuer] }),
    await assertion({ aud: 'http://elsewhere.example' }),
    await assertion({ aud: realm.issuer }, 'unknown-kid'),
    await assertion({ aud: realm.issuer, iss: 'somebody' }),
  ]) {
    const answer = await send(refused)
    assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_client'])
  }
})

test('a refresh answers with everything a login does, but no nonce', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  const { status, json } = await refresh(realm, tokens.refresh_token)
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(json).sort(), Object.keys(tokens).sort())
  const id = claimsOf(json.id_token)
  assert.equal(id.nonce, undefined)
  assert.equal(id.sub, claimsOf(tokens.id_token).sub)
  assert.equal(id.auth_time, claimsOf(tokens.id_token).auth_time)
})

for (const [what, token] of [
  ['garbage', () => 'garbage'],
  ['an access token', (tokens: Record<string, unknown>) => tokens.access_token],
  [
    'a token with a broken signature',
    (tokens: Record<string, unknown>) => `${String(tokens.refresh_token).slice(0, -4)}AAAA`,
  ],
] as const) {
  test(`${what} is no refresh token, and the session is unharmed`, async (t) => {
    const realm = await realmFor(t)
    const tokens = await obtainTokens(realm)
    const answer = await refresh(realm, token(tokens))
    assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_grant'])
    assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
  })
}

test("another client's refresh token is refused, and the session is unharmed", async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  assert.equal((await refresh(realm, tokens.refresh_token, OTHER)).json.error, 'invalid_grant')
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
})

test('an idle session ends, a used one goes on until its maximum', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const realm = await realmFor(t, { settings: { ssoIdleSeconds: 100, ssoMaxSeconds: 250 } })
  let tokens = await obtainTokens(realm)
  for (const expected of [100, 90]) {
    t.mock.timers.setTime(Date.now() + 80_000)
    tokens = (await refresh(realm, tokens.refresh_token)).json
    assert.equal(tokens.refresh_expires_in, expected)
  }
  t.mock.timers.setTime(Date.now() + 90_000)
  const answer = await refresh(realm, tokens.refresh_token)
  assert.equal(answer.json.error_description, 'Token is not active')
})

test('changed roles are in the next refreshed token', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  realm.directory.setUser('alice', { realmRoles: ['user', 'admin'], clientRoles: {} })
  const access = claimsOf((await refresh(realm, tokens.refresh_token)).json.access_token)
  assert.deepEqual(access.realm_access, { roles: ['default-roles-main', 'user', 'admin'] })
  assert.deepEqual(access.aud, ['web-gateway', 'account'])
})

test('a disabled person cannot refresh until enabled again', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  realm.directory.setUser('alice', { enabled: false })
  assert.equal((await refresh(realm, tokens.refresh_token)).json.error_description, 'User disabled')
  realm.directory.setUser('alice', { enabled: true })
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
})

test('a session ended by an administrator cannot be refreshed', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  realm.endSessionsOf('alice')
  assert.equal((await refresh(realm, tokens.refresh_token)).json.error_description, 'Session not active')
})

test('the life of access tokens can be changed while the realm runs', async (t) => {
  const realm = await realmFor(t)
  realm.settings.accessTokenSeconds = 7
  const tokens = await obtainTokens(realm)
  assert.equal(tokens.expires_in, 7)
  const access = claimsOf(tokens.access_token)
  assert.equal(Number(access.exp) - Number(access.iat), 7)
})

test('a parameter sent twice is invalid_request, after the client proved itself', async (t) => {
  const realm = await realmFor(t)
  const body = 'grant_type=refresh_token&refresh_token=a&refresh_token=b&client_id=web-gateway&client_secret='
  const send = (secret: string) =>
    fetch(`${realm.issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: body + secret,
    })
  assert.equal((await send('web-gateway-test-secret')).status, 400)
  assert.equal((await send('wrong')).status, 401)
})

test('a foreign Origin is 403 before anything else', async (t) => {
  const realm = await realmFor(t)
  const answer = await post(realm, 'token', {}, { origin: 'http://localhost:4000' })
  assert.deepEqual([answer.status, answer.json.error], [403, 'Invalid origin'])
})

test('a body of 200 kB is 413, another method is 405', async (t) => {
  const realm = await realmFor(t)
  assert.equal((await post(realm, 'token', { padding: 'x'.repeat(200_000) })).status, 413)
  assert.equal((await fetch(`${realm.issuer}/protocol/openid-connect/token`)).status, 405)
})
