import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/kernel/errors.ts'
import { startLogin, startLoginFor } from '../../src/login/start-login.ts'
import { createCookieJar, FETCH, headerOf, locationOf, NAVIGATION, setCookies } from '../support/cookie-jar.ts'
import { begin, createFrontDoor, logIn, SESSION_COOKIE } from '../support/front-door.ts'

test('sends the browser to the realm with state, nonce and verifier of its own, and the attempt in a cookie', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  const location = await begin(door, jar, '?return_to=/orders')
  const [asked] = door.realm.asked
  assert.equal(new URL(location).searchParams.get('state'), asked?.state)
  assert.equal(asked?.redirectUri, 'https://app.example/auth/callback')
  assert.match([...jar.cookies.keys()].join(), /^__Host-Http-doorman-login-[\w-]{16}$/)
  assert.equal(door.events.at(-1)?.kind, 'login.started')
})

test('the attempt is kept ten minutes', async () => {
  const { login } = createFrontDoor()
  const reply = await startLogin(createCookieJar().request('/auth/login'), login)
  assert.match(setCookies(reply)[0] ?? '', /; Max-Age=600;/)
  assert.equal(headerOf(reply, 'referrer-policy'), 'no-referrer')
  assert.equal(headerOf(reply, 'cache-control'), 'no-store')
})

test('what was asked for reaches the realm as parameters, never as text', async () => {
  const door = createFrontDoor()
  const hint = encodeURIComponent('alice&redirect_uri=https://evil.example')
  await begin(door, createCookieJar(), `?force=true&login_hint=${hint}`)
  assert.deepEqual(door.realm.asked[0]?.parameters, {
    prompt: 'login',
    login_hint: 'alice&redirect_uri=https://evil.example',
  })
})

test('nothing tells the realm where the browser goes afterwards', async () => {
  assert.ok(!(await begin(createFrontDoor(), createCookieJar(), '?return_to=/secret-page')).includes('secret-page'))
})

test('somebody logged in goes straight to where they wanted', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const reply = await startLogin(jar.request('/auth/login?return_to=/orders'), door.login)
  assert.equal(locationOf(reply), '/orders')
  assert.deepEqual(setCookies(reply), [])
  assert.equal(door.realm.asked.length, 1)
})

for (const query of ['?force=true', '?prompt=none', '?max_age=60', '?acr_values=gold', '?kc_action=UPDATE_PASSWORD']) {
  test(`somebody logged in goes to the realm for ${query}`, async () => {
    const door = createFrontDoor()
    assert.match(await begin(door, await logIn(door), query), /^https:\/\/sso\.example\//)
  })
}

const hidden: ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> = [
  [
    'an iframe of another site',
    { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' },
  ],
  [
    'an image of another site',
    { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', 'sec-fetch-site': 'cross-site' },
  ],
  [
    'an iframe of our own',
    { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin' },
  ],
  ['a fetch', FETCH],
]
for (const [what, headers] of hidden) {
  test(`${what} starts no login`, async () => {
    const door = createFrontDoor()
    const request = createCookieJar().request('/auth/login', headers)
    await assert.rejects(startLogin(request, door.login), { code: 'ERR_POLICY_CSRF' })
    await assert.rejects(startLoginFor(request, '/', {}, door.login), { code: 'ERR_POLICY_CSRF' })
    assert.equal(door.realm.asked.length, 0)
  })
}

test('a link on another site and a browser without Fetch Metadata may start one', async () => {
  for (const headers of [{ ...NAVIGATION, 'sec-fetch-site': 'cross-site' }, {}, { accept: 'text/html' }]) {
    const reply = await startLogin(createCookieJar().request('/auth/login', headers), createFrontDoor().login)
    assert.equal(reply.status, 303)
  }
})

test('a deep link starts a login and returns there', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  jar.take(await startLoginFor(jar.request('/reports/7?tab=2'), '/reports/7?tab=2', {}, door.login))
  assert.equal(door.realm.asked.length, 1)
  assert.equal(jar.cookies.size, 1)
})

test('a browser never holds more than five attempts', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  for (let tab = 0; tab < 12; tab += 1) {
    await begin(door, jar)
    door.clock.advance(1)
  }
  assert.equal(jar.cookies.size, 5)
})

test('while the realm is down a navigation gets a page with a way back, and nothing is left behind', async () => {
  const door = createFrontDoor()
  door.realm.onAuthorize(() => {
    throw new GatewayError('ERR_REALM_UNREACHABLE', { reason: 'refused' })
  })
  const reply = await startLogin(createCookieJar().request('/auth/login?return_to=/orders'), door.login)
  assert.equal(reply.status, 503)
  assert.equal(headerOf(reply, 'retry-after'), '5')
  assert.match(headerOf(reply, 'content-type') ?? '', /^text\/html/)
  assert.ok(reply.body.includes('href="/auth/login?return_to=%2Forders"'))
  assert.deepEqual(setCookies(reply), [])
  assert.equal(door.events.at(-1)?.kind, 'request.failed')
})

test('while the realm is down a command line gets a problem document', async () => {
  const door = createFrontDoor()
  door.realm.onAuthorize(() => {
    throw new GatewayError('ERR_REALM_TIMEOUT')
  })
  const reply = await startLogin(createCookieJar().request('/auth/login', { accept: '*/*' }), door.login)
  assert.equal(headerOf(reply, 'content-type'), 'application/problem+json')
  assert.equal(headerOf(reply, 'retry-after'), '5')
})

test('a session that cannot be read does not lock its owner out', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const sessions = { ...door.sessions, find: () => Promise.reject(new GatewayError('ERR_SESSION_UNREADABLE')) }
  const reply = await startLogin(jar.request('/auth/login'), { ...door.login, sessions })
  assert.match(locationOf(reply), /^https:\/\/sso\.example\//)
})

test('a store that is down is not taken for a logout', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const sessions = { ...door.sessions, find: () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE')) }
  await assert.rejects(startLogin(jar.request('/auth/login'), { ...door.login, sessions }), {
    code: 'ERR_STORE_UNAVAILABLE',
  })
  assert.ok(jar.cookies.has(SESSION_COOKIE))
})
