import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { DevRealm } from '@doorman/dev-realm'
import { type Browser, createBrowser } from '../src/browser.ts'
import {
  authorizationUrl,
  browse,
  introspect,
  OTHER_GATEWAY,
  obtainTokens,
  post,
  refresh,
  responseOf,
  startRealm,
  submit,
} from './support/relying-party.ts'

const RETURN_URI = 'http://localhost:4000/auth/logged-out'
const OTHER = { client_id: OTHER_GATEWAY.clientId, client_secret: OTHER_GATEWAY.secret }

async function realmFor(t: TestContext) {
  const realm = await startRealm()
  t.after(() => realm.close())
  return realm
}

function logoutUrl(realm: DevRealm, parameters: Readonly<Record<string, string>>): string {
  return `${realm.issuer}/protocol/openid-connect/logout?${new URLSearchParams(parameters)}`
}

async function isLoggedIn(realm: DevRealm, browser: Browser): Promise<boolean> {
  return responseOf(await browse(browser, authorizationUrl(realm, { prompt: 'none' }))).has('code')
}

test('a client ends the whole session with its refresh token, and again is 204 again', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const tokens = await obtainTokens(realm, 'alice', {}, browser)
  for (let round = 0; round < 2; round += 1)
    assert.equal((await post(realm, 'logout', { refresh_token: String(tokens.refresh_token) })).status, 204)
  assert.equal((await refresh(realm, tokens.refresh_token)).json.error_description, 'Session not active')
  assert.equal((await introspect(realm, tokens.access_token)).json.active, false)
  assert.equal(await isLoggedIn(realm, browser), false)
})

test("garbage, another client's token and a wrong secret log nobody out", async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  const refreshToken = String(tokens.refresh_token)
  assert.equal((await post(realm, 'logout', { refresh_token: 'garbage' })).status, 400)
  assert.equal((await post(realm, 'logout', { refresh_token: refreshToken, ...OTHER })).json.error, 'invalid_grant')
  assert.equal((await post(realm, 'logout', { refresh_token: refreshToken, client_secret: 'wrong' })).status, 401)
  assert.equal((await refresh(realm, refreshToken)).status, 200)
})

test('the hint ends the session and returns with state, without any cookie', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const tokens = await obtainTokens(realm, 'alice', {}, browser)
  const url = logoutUrl(realm, {
    id_token_hint: String(tokens.id_token),
    post_logout_redirect_uri: RETURN_URI,
    state: 's2',
  })
  const answer = await createBrowser().navigate(url)
  assert.equal(answer.status, 302)
  assert.equal(answer.headers.get('location'), `${RETURN_URI}?state=s2`)
  assert.equal(await isLoggedIn(realm, browser), false)
  assert.equal((await createBrowser().navigate(url)).status, 302)
})

test('an expired hint is good enough', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  t.mock.timers.setTime(Date.now() + 600_000)
  const answer = await createBrowser().navigate(logoutUrl(realm, { id_token_hint: String(tokens.id_token) }))
  assert.equal(answer.status, 200)
  assert.equal(realm.sessions().length, 0)
})

test('a hint signed by a removed key is a 400 page; the session lives', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  await realm.rotateKeys('remove')
  const answer = await createBrowser().navigate(logoutUrl(realm, { id_token_hint: String(tokens.id_token) }))
  assert.equal(answer.status, 400)
  assert.equal(realm.sessions().length, 1)
})

for (const [what, parameters] of [
  ['an unregistered URI', { client_id: 'web-gateway', post_logout_redirect_uri: 'http://evil.example/' }],
  ['a URI without client or hint', { post_logout_redirect_uri: RETURN_URI }],
  ['an access token as hint', {}],
  ['a hint of another client', { client_id: 'other-gateway' }],
] as const) {
  test(`${what} is a 400 page and ends nothing`, async (t) => {
    const realm = await realmFor(t)
    const tokens = await obtainTokens(realm)
    const hints: Readonly<Record<string, unknown>> = {
      'an access token as hint': tokens.access_token,
      'a hint of another client': tokens.id_token,
      'an unregistered URI': tokens.id_token,
    }
    const hint = hints[what] === undefined ? {} : { id_token_hint: String(hints[what]) }
    const answer = await createBrowser().navigate(logoutUrl(realm, { ...parameters, ...hint }))
    assert.equal(answer.status, 400)
    assert.equal(answer.headers.get('location'), null)
    assert.equal(realm.sessions().length, 1)
  })
}

test('a client id alone asks the person first', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  await obtainTokens(realm, 'alice', {}, browser)
  const parameters = { client_id: 'web-gateway', post_logout_redirect_uri: RETURN_URI, state: 's3' }
  const page = await browser.navigate(logoutUrl(realm, parameters))
  assert.equal(page.status, 200)
  assert.equal(await isLoggedIn(realm, browser), true)
  const [, ticket = ''] = /name="ticket" value="([^"]+)"/.exec(page.body) ?? []
  const answer = await submit(browser, page, { ticket })
  assert.equal(answer.headers.get('location'), `${RETURN_URI}?state=s3`)
  assert.equal(await isLoggedIn(realm, browser), false)
  assert.equal((await submit(browser, page, { ticket })).status, 400)
})

test("another person's browser is asked first, and nobody is logged out", async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm, 'alice')
  const browser = createBrowser()
  await obtainTokens(realm, 'bob', {}, browser)
  const answer = await browser.navigate(logoutUrl(realm, { id_token_hint: String(tokens.id_token) }))
  assert.match(answer.body, /name="ticket"/)
  assert.equal(realm.sessions().length, 2)
})

test('a revoked refresh token ends its client, and the session when it was the only one', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const tokens = await obtainTokens(realm, 'alice', {}, browser)
  assert.equal((await post(realm, 'revoke', { token: String(tokens.refresh_token), ...OTHER })).status, 400)
  assert.equal((await post(realm, 'revoke', { token: String(tokens.refresh_token) })).status, 200)
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 400)
  assert.equal(await isLoggedIn(realm, browser), false)
})

test('a revoked access token is inactive while the session goes on; garbage is 200', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  await post(realm, 'revoke', { token: String(tokens.access_token) })
  assert.equal((await introspect(realm, tokens.access_token)).json.active, false)
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
  const garbage = await post(realm, 'revoke', { token: 'garbage' })
  assert.deepEqual([garbage.status, garbage.json.error], [200, 'invalid_token'])
})

test('introspection tells only clients the token is meant for', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  const own = (await introspect(realm, tokens.access_token)).json
  assert.deepEqual([own.active, own.username, own.client_id], [true, 'alice', 'web-gateway'])
  const foreign = await post(realm, 'token/introspect', { token: String(tokens.access_token), ...OTHER })
  assert.deepEqual(foreign.json, { active: false })
})

test('userinfo knows the person while the session lives', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  const ask = () =>
    fetch(`${realm.issuer}/protocol/openid-connect/userinfo`, {
      headers: { authorization: `Bearer ${String(tokens.access_token)}` },
    })
  const answer = await ask()
  const claims = (await answer.json()) as Record<string, unknown>
  assert.deepEqual([answer.status, claims.preferred_username], [200, 'alice'])
  realm.endSessionsOf('alice')
  assert.equal((await ask()).status, 401)
})
