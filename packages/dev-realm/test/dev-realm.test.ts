import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startDevRealm } from '@doorman/dev-realm'
import { createBrowser } from '../src/browser.ts'
import {
  authorizationUrl,
  browse,
  logIn,
  obtainTokens,
  post,
  refresh,
  startRealm,
  WEB_GATEWAY,
} from './support/relying-party.ts'

async function realmFor(t: TestContext, options = {}) {
  const realm = await startRealm(options)
  t.after(() => realm.close())
  return realm
}

async function getJson(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>
}

test('it does not start in production', async (t) => {
  const previous = process.env.NODE_ENV
  t.after(() => {
    if (previous === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = previous
  })
  process.env.NODE_ENV = 'production'
  await assert.rejects(startDevRealm({ clients: [] }), TypeError)
})

test('a taken port is EADDRINUSE', async (t) => {
  const realm = await realmFor(t)
  await assert.rejects(startDevRealm({ port: realm.port, clients: [] }), { code: 'EADDRINUSE' })
})

test('discovery says what it is, and where everything is', async (t) => {
  const realm = await realmFor(t)
  const metadata = await getJson(`${realm.issuer}/.well-known/openid-configuration`)
  assert.equal(metadata.issuer, realm.issuer)
  assert.equal(metadata.doorman_dev_realm, true)
  assert.equal(metadata.authorization_response_iss_parameter_supported, true)
  assert.equal(metadata.token_endpoint, `${realm.issuer}/protocol/openid-connect/token`)
  assert.equal(metadata.revocation_endpoint, `${realm.issuer}/protocol/openid-connect/revoke`)
})

test('asked by another name, the back channel follows and the front channel stays', async (t) => {
  const realm = await realmFor(t)
  const inside = realm.issuer.replace('localhost', '127.0.0.1')
  const metadata = await getJson(`${inside}/.well-known/openid-configuration`)
  assert.equal(metadata.issuer, realm.issuer)
  assert.equal(metadata.token_endpoint, `${inside}/protocol/openid-connect/token`)
  assert.equal(metadata.jwks_uri, `${inside}/protocol/openid-connect/certs`)
  for (const name of ['authorization', 'end_session', 'revocation'])
    assert.ok(String(metadata[`${name}_endpoint`]).startsWith(realm.issuer))
})

for (const [path, status, error] of [
  ['/realms/other/protocol/openid-connect/token', 404, 'Realm does not exist'],
  ['/realms/main//protocol/openid-connect/token', 400, 'missingNormalization'],
  ['/realms/main/protocol/openid-connect/token;a=b', 400, 'invalidCharacter'],
  ['/realms/main/dance', 404, 'HTTP 404 Not Found'],
] as const) {
  test(`POST ${path} is ${status}`, async (t) => {
    const realm = await realmFor(t)
    const answer = await fetch(`${realm.url}${path}`, { method: 'POST' })
    assert.equal(answer.status, status)
    assert.deepEqual(await answer.json(), { error })
  })
}

test('two realms in one browser do not log each other out', async (t) => {
  const [one, two] = [await realmFor(t), await realmFor(t)]
  const browser = createBrowser()
  await obtainTokens(one, 'alice', {}, browser)
  await obtainTokens(two, 'bob', {}, browser)
  assert.equal((await logIn(one, 'nobody', { prompt: 'none' }, browser)).has('code'), true)
})

test('a realm can have another name and other people', async (t) => {
  const [person] = (await import('@doorman/dev-realm')).DEV_USERS
  assert.ok(person)
  const realm = await realmFor(t, {
    realm: 'models',
    users: [{ ...person, username: 'mallory', email: 'm@example.test' }],
  })
  assert.match(realm.issuer, /\/realms\/models$/)
  assert.equal((await logIn(realm, 'mallory')).has('code'), true)
})

test('the login page is for people: a language, a viewport, a heading, a button for each person', async (t) => {
  const realm = await realmFor(t)
  const page = await browse(createBrowser(), authorizationUrl(realm))
  assert.match(page.body, /<html lang="en">/)
  assert.match(page.body, /name="viewport"/)
  assert.match(page.body, /<h1>/)
  for (const name of ['alice', 'bob', 'carol', 'dave'])
    assert.match(page.body, new RegExp(`<button type="submit" name="user" value="${name}"`))
})

test('the login page allows no script and no frame, and does not stop the way back to the application', async (t) => {
  const realm = await realmFor(t)
  const policy = (await browse(createBrowser(), authorizationUrl(realm))).headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.doesNotMatch(policy, /form-action/)
})

test('calls are counted by endpoint and grant type, with their outcome', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  await refresh(realm, tokens.refresh_token)
  await refresh(realm, 'garbage')
  assert.equal(realm.calls.count('token'), 3)
  assert.equal(realm.calls.count('token', 'refresh_token'), 2)
  const outcomes = realm.calls.list('token').map((call) => call.outcome())
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.kind === 'answered' ? outcome.status : outcome.kind)),
    [200, 200, 400],
  )
  realm.calls.clear()
  assert.equal(realm.calls.list().length, 0)
})

test('a call can be awaited when it arrives and when it is over', async (t) => {
  const realm = await realmFor(t)
  const hold = realm.faults.holdToken()
  const arriving = realm.calls.next('token')
  const reached = realm.calls.reached('token', 2)
  const answers = [refresh(realm, 'one'), refresh(realm, 'two')]
  const call = await arriving
  assert.deepEqual([call.grantType, call.outcome().kind], ['refresh_token', 'pending'])
  await reached
  hold.release()
  assert.deepEqual(await call.finished(), { kind: 'answered', status: 400 })
  await Promise.all(answers)
})

test('calls hold no code, token, secret, state, nonce or verifier', async (t) => {
  const realm = await realmFor(t)
  const response = await logIn(realm)
  const tokens = await obtainTokens(realm)
  await refresh(realm, tokens.refresh_token)
  await post(realm, 'logout', { refresh_token: String(tokens.refresh_token) })
  const told = JSON.stringify(realm.calls.list())
  const secrets = [
    response.get('code'),
    tokens.refresh_token,
    tokens.id_token,
    WEB_GATEWAY.secret,
    'state-1',
    'nonce-1',
    'vvvv',
  ]
  for (const secret of secrets) assert.equal(told.includes(String(secret)), false)
})
