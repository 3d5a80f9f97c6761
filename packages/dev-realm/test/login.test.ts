import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { DevRealm } from '@doorman/dev-realm'
import { type Browser, createBrowser } from '../src/browser.ts'
import {
  authorizationUrl,
  browse,
  claimsOf,
  logIn,
  obtainTokens,
  PERSON,
  redeem,
  refresh,
  responseOf,
  startRealm,
  submit,
} from './support/relying-party.ts'

async function realmFor(t: TestContext, options = {}) {
  const realm = await startRealm(options)
  t.after(() => realm.close())
  return realm
}

test('one click logs a person in, with state, iss and session_state in the response', async (t) => {
  const realm = await realmFor(t)
  const response = await logIn(realm)
  assert.equal(response.get('state'), 'state-1')
  assert.equal(response.get('iss'), realm.issuer)
  const { status, json } = await redeem(realm, response.get('code'))
  assert.equal(status, 200)
  assert.equal(response.get('session_state'), json.session_state)
})

test('the browser for tests finds the form and clicks the person', async (t) => {
  const realm = await realmFor(t)
  realm.directory.setClient({
    clientId: 'here',
    secret: 's',
    redirectUris: [`${realm.issuer}/landed`],
  })
  const url = authorizationUrl(realm, { client_id: 'here', redirect_uri: `${realm.issuer}/landed` })
  const answers = await createBrowser().logIn(url, PERSON('carol'))
  assert.match(answers.at(-1)?.url ?? '', /\/landed\?code=/)
})

test('tokens look like those of Keycloak', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  const access = claimsOf(tokens.access_token)
  assert.equal(access.typ, 'Bearer')
  assert.equal(access.azp, 'web-gateway')
  assert.equal(access.sid, tokens.session_state)
  assert.deepEqual(access.realm_access, { roles: ['default-roles-main', 'user', 'researcher'] })
  assert.deepEqual(access.aud, ['web-gateway', 'reports', 'billing', 'account'])
  assert.equal(access.acr, '1')
  const id = claimsOf(tokens.id_token)
  assert.equal(id.typ, 'ID')
  assert.equal(id.aud, 'web-gateway')
  assert.equal(id.nonce, 'nonce-1')
  assert.equal(id.sid, access.sid)
  assert.equal(id.preferred_username, 'alice')
  assert.equal(typeof id.at_hash, 'string')
  assert.deepEqual(
    [tokens.expires_in, tokens.refresh_expires_in, tokens.token_type, tokens['not-before-policy'], tokens.scope],
    [60, 1800, 'Bearer', 0, 'openid email profile'],
  )
})

test('a second login needs no page, keeps the sid and has acr 0', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const first = await obtainTokens(realm, 'alice', {}, browser)
  const answer = await browse(browser, authorizationUrl(realm, { prompt: 'none' }))
  const { json } = await redeem(realm, responseOf(answer).get('code'))
  assert.equal(json.session_state, first.session_state)
  assert.equal(claimsOf(json.id_token).acr, '0')
})

test('prompt=none without a session is login_required', async (t) => {
  const realm = await realmFor(t)
  const response = responseOf(await browse(createBrowser(), authorizationUrl(realm, { prompt: 'none' })))
  assert.equal(response.get('error'), 'login_required')
  assert.equal(response.get('state'), 'state-1')
  assert.equal(response.get('iss'), realm.issuer)
})

for (const changes of [{ prompt: 'login' }, { max_age: '0' }]) {
  test(`${JSON.stringify(changes)} asks again, keeps the sid and moves auth_time`, async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    const realm = await realmFor(t)
    const browser = createBrowser()
    const first = await obtainTokens(realm, 'alice', {}, browser)
    t.mock.timers.setTime(Date.now() + 5000)
    const page = await browse(browser, authorizationUrl(realm, changes))
    assert.equal(page.status, 200)
    assert.doesNotMatch(page.body, /value="bob"/)
    const { json } = await redeem(realm, responseOf(await submit(browser, page, { user: 'alice' })).get('code'))
    assert.equal(json.session_state, first.session_state)
    const authTime = (tokens: Record<string, unknown>) => Number(claimsOf(tokens.id_token).auth_time)
    assert.equal(authTime(json), authTime(first) + 5)
    assert.equal(authTime((await refresh(realm, first.refresh_token)).json), authTime(first) + 5)
  })
}

test('max_age asks again only when the login is older', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const realm = await realmFor(t)
  const browser = createBrowser()
  await obtainTokens(realm, 'alice', {}, browser)
  t.mock.timers.setTime(Date.now() + 5000)
  assert.equal(responseOf(await browse(browser, authorizationUrl(realm, { max_age: '60' }))).has('code'), true)
  const late = await browse(browser, authorizationUrl(realm, { max_age: '3', prompt: 'none' }))
  assert.equal(responseOf(late).get('error'), 'login_required')
})

test('somebody else can take over a confirmation: the old session ends', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const first = await obtainTokens(realm, 'alice', {}, browser)
  const confirmation = await browse(browser, authorizationUrl(realm, { prompt: 'login' }))
  const page = await submit(browser, confirmation, { restart: 'true' })
  const { json } = await redeem(realm, responseOf(await submit(browser, page, { user: 'bob' })).get('code'))
  assert.equal(claimsOf(json.id_token).preferred_username, 'bob')
  assert.notEqual(json.session_state, first.session_state)
  assert.equal((await refresh(realm, first.refresh_token)).json.error, 'invalid_grant')
})

test('login_hint puts the person first, kc_idp_hint is shown and escaped', async (t) => {
  const realm = await realmFor(t)
  const url = authorizationUrl(realm, { login_hint: 'carol@example.test', kc_idp_hint: '<b>"google"' })
  const page = await browse(createBrowser(), url)
  assert.match(page.body, /value="carol" class="suggested" autofocus/)
  assert.ok(page.body.indexOf('value="carol"') < page.body.indexOf('value="alice"'))
  assert.match(page.body, /&lt;b&gt;&quot;google&quot;/)
  assert.equal(realm.calls.list('auth')[0]?.parameters.kc_idp_hint, '<b>"google"')
})

test('unknown prompts and acr_values are ignored', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm, 'alice', { prompt: 'select_account', acr_values: 'platinum' })
  assert.equal(claimsOf(tokens.id_token).acr, '1')
})

test('a stronger acr asks again and stands in the token', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  await obtainTokens(realm, 'alice', {}, browser)
  const page = await browse(browser, authorizationUrl(realm, { acr_values: 'gold' }))
  assert.equal(page.status, 200)
  const { json } = await redeem(realm, responseOf(await submit(browser, page, { user: 'alice' })).get('code'))
  assert.equal(claimsOf(json.id_token).acr, 'gold')
  assert.equal(claimsOf((await obtainTokens(realm, 'alice', { acr_values: 'silver' }, browser)).id_token).acr, 'gold')
})

for (const status of ['success', 'cancelled']) {
  test(`an action comes back with a code and the status ${status}`, async (t) => {
    const realm = await realmFor(t)
    const browser = createBrowser()
    const loginPage = await browse(browser, authorizationUrl(realm, { kc_action: 'UPDATE_PASSWORD' }))
    const actionPage = await submit(browser, loginPage, { user: 'alice' })
    const response = responseOf(await submit(browser, actionPage, { kc_action_status: status }))
    assert.equal(response.get('kc_action_status'), status)
    assert.equal((await redeem(realm, response.get('code'))).status, 200)
  })
}

test('an unknown action comes back with a code and the status error, without a page', async (t) => {
  const realm = await realmFor(t)
  const response = await logIn(realm, 'alice', { kc_action: 'DANCE' })
  assert.equal(response.get('kc_action_status'), 'error')
  assert.equal(response.has('code'), true)
})

test('an action cannot be asked for without a page', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  await obtainTokens(realm, 'alice', {}, browser)
  const answer = await browse(browser, authorizationUrl(realm, { kc_action: 'UPDATE_PASSWORD', prompt: 'none' }))
  assert.equal(responseOf(answer).get('error'), 'interaction_required')
})

test('cancel is access_denied', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const page = await browse(browser, authorizationUrl(realm))
  assert.equal(responseOf(await submit(browser, page, { cancel: 'true' })).get('error'), 'access_denied')
})

test('a disabled person is told so on a 400 page', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const page = await browse(browser, authorizationUrl(realm))
  assert.equal((await submit(browser, page, { user: 'dave' })).status, 400)
})

test('somebody who is disabled later has no session any more', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  await obtainTokens(realm, 'alice', {}, browser)
  realm.directory.setUser('alice', { enabled: false })
  const answer = await browse(browser, authorizationUrl(realm, { prompt: 'none' }))
  assert.equal(responseOf(answer).get('error'), 'login_required')
})

test('a form that is posted again after its login asks the application to start again', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const page = await browse(browser, authorizationUrl(realm))
  await submit(browser, page, { user: 'alice' })
  const response = responseOf(await submit(browser, page, { user: 'alice' }))
  assert.equal(response.get('error'), 'temporarily_unavailable')
  assert.equal(response.get('error_description'), 'authentication_expired')
  assert.equal(response.get('state'), 'state-1')
})

test('a form without its cookie is a 400 page', async (t) => {
  const realm = await realmFor(t)
  const page = await browse(createBrowser(), authorizationUrl(realm))
  assert.equal((await submit(createBrowser(), page, { user: 'alice' })).status, 400)
})

for (const [what, changes] of [
  ['an unknown client', { client_id: 'nobody' }],
  ['an unregistered redirect URI', { redirect_uri: 'http://evil.example/' }],
] as const) {
  test(`${what} gets a 400 page and no redirect`, async (t) => {
    const realm = await realmFor(t)
    const answer = await createBrowser().navigate(authorizationUrl(realm, changes))
    assert.equal(answer.status, 400)
    assert.equal(answer.headers.get('location'), null)
    assert.match(answer.headers.get('content-type') ?? '', /text\/html/)
  })
}

for (const [what, changes, error] of [
  ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['an unknown scope', { scope: 'openid dance' }, 'invalid_scope'],
  ['an unknown response type', { response_type: 'dance' }, 'unsupported_response_type'],
] as const) {
  test(`${what} comes back as ${error}`, async (t) => {
    const realm = await realmFor(t)
    const response = responseOf(await createBrowser().navigate(authorizationUrl(realm, changes)))
    assert.equal(response.get('error'), error)
    assert.equal(response.get('iss'), realm.issuer)
  })
}

test('a parameter sent twice comes back as invalid_request', async (t) => {
  const realm = await realmFor(t)
  const answer = await createBrowser().navigate(`${authorizationUrl(realm)}&prompt=none&prompt=login`)
  assert.equal(responseOf(answer).get('error'), 'invalid_request')
})

// A browser keeps the cookies of two tabs apart by their paths; here they are put back by hand.
function snapshot(browser: Browser): () => void {
  const held = browser.cookies.names('localhost').map((name) => [name, browser.cookies.get('localhost', name)] as const)
  return () => {
    for (const [name, value] of held) if (value !== undefined) browser.cookies.set('localhost', name, value)
  }
}

async function openTwoTabs(realm: DevRealm, browser: Browser) {
  const tabs = []
  for (const state of ['one', 'two']) {
    const page = await browse(browser, authorizationUrl(realm, { state }))
    tabs.push({ page, activate: snapshot(browser) })
  }
  return tabs as [(typeof tabs)[0], (typeof tabs)[0]]
}

test('two tabs both finish, each with its own state, in one session', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const tabs = await openTwoTabs(realm, browser)
  const responses = []
  for (const { page, activate } of tabs) {
    activate()
    responses.push(responseOf(await submit(browser, page, { user: 'alice' })))
  }
  assert.deepEqual(
    responses.map((response) => response.get('state')),
    ['one', 'two'],
  )
  for (const response of responses) assert.equal((await redeem(realm, response.get('code'))).status, 200)
  assert.equal(realm.sessions().length, 1)
})

test('a second tab cannot log somebody else in', async (t) => {
  const realm = await realmFor(t)
  const browser = createBrowser()
  const [one, two] = await openTwoTabs(realm, browser)
  one.activate()
  await submit(browser, one.page, { user: 'alice' })
  two.activate()
  assert.equal((await submit(browser, two.page, { user: 'bob' })).status, 400)
  assert.deepEqual(
    realm.sessions().map(({ username }) => username),
    ['alice'],
  )
})

test('a redirect URI with a trailing star covers what begins like it', async (t) => {
  const realm = await realmFor(t)
  realm.directory.setClient({ clientId: 'web-gateway', secret: 's', redirectUris: ['http://localhost:4000/*'] })
  const response = await logIn(realm)
  assert.equal(response.has('code'), true)
})

test('redirect URIs can be changed while the realm runs', async (t) => {
  const realm = await realmFor(t)
  realm.directory.setClient({ clientId: 'web-gateway', secret: 's', redirectUris: ['http://localhost:5000/cb'] })
  assert.equal((await createBrowser().navigate(authorizationUrl(realm))).status, 400)
})

test('offline_access gives a refresh token without an end', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm, 'alice', { scope: 'openid offline_access' })
  assert.equal(tokens.refresh_expires_in, 0)
  assert.equal(claimsOf(tokens.refresh_token).exp, undefined)
})
