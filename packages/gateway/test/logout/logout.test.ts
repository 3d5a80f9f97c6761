import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeUser } from '../../src/account/user.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { loggedOut } from '../../src/logout/logged-out.ts'
import { logout } from '../../src/logout/logout.ts'
import {
  type CookieJar,
  createCookieJar,
  FETCH,
  FROM_REALM,
  locationOf,
  NAVIGATION,
  setCookies,
} from '../support/cookie-jar.ts'
import { createFrontDoor, type FrontDoor, logIn, SESSION_COOKIE } from '../support/front-door.ts'
import { buildRedeemed } from '../support/scripted-party.ts'
import { buildTokens } from '../support/sessions.ts'

const POST = 'POST'
const LOGOUT_COOKIE = `${SESSION_COOKIE}-logout`

async function post(door: FrontDoor, jar: CookieJar, query = '', headers = NAVIGATION) {
  return jar.take(await logout(jar.request(`/auth/logout${query}`, headers, POST), door.logout))
}

async function logoutUrl(door: FrontDoor, jar: CookieJar): Promise<string> {
  return JSON.parse((await describeUser(jar.request('/auth/user', FETCH), door.user)).body).logout_url
}

async function comeBack(door: FrontDoor, jar: CookieJar, state: string | null) {
  const url = `/auth/logged-out?${new URLSearchParams({ state: state ?? '' })}`
  return jar.take(await loggedOut(jar.request(url, FROM_REALM), door.logout))
}

async function isLoggedIn(door: FrontDoor, sessionId: string | undefined): Promise<boolean> {
  return (await door.sessions.find(sessionId)).kind === 'active'
}

test('ends the session here, then at the realm, then in the browser, and comes back to return_to', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const sessionId = jar.cookies.get(SESSION_COOKIE)
  door.realm.onEndSession(async () => {
    assert.equal(await isLoggedIn(door, sessionId), false, 'ours ends first')
    return true
  })
  const location = new URL(locationOf(await post(door, jar, '?return_to=/bye')))
  assert.equal(location.searchParams.get('id_token_hint'), 'id-token-1')
  assert.equal(location.searchParams.get('post_logout_redirect_uri'), 'https://app.example/auth/logged-out')
  assert.deepEqual(door.realm.ended, ['refresh-token-1'])
  assert.ok(!jar.cookies.has(SESSION_COOKIE))
  assert.equal(locationOf(await comeBack(door, jar, location.searchParams.get('state'))), '/bye')
  assert.ok(!jar.cookies.has(LOGOUT_COOKIE))
  const told = door.events.filter(({ kind }) => kind === 'session.ended' || kind === 'logout.finished')
  assert.deepEqual(
    told.map((event) => event.kind),
    ['session.ended', 'logout.finished'],
  )
})

test('where to come back to is not told to the realm, and only front ends of ours are taken', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const location = locationOf(await post(door, jar, '?return_to=https%3A%2F%2Fevil.example%2F'))
  assert.ok(!location.includes('evil'))
  assert.equal(locationOf(await comeBack(door, jar, new URL(location).searchParams.get('state'))), '/')
})

for (const returnTo of ['///evil.com', '/\\evil.com', '/%09/evil.com', 'https://evil.com']) {
  test(`CVE-2019-14857, CVE-2022-23527: ${returnTo} leads to the front page after logout`, async () => {
    const door = createFrontDoor()
    const query = `?${new URLSearchParams({ return_to: returnTo })}`
    assert.equal(locationOf(await post(door, createCookieJar(), query)), '/')
  })
}

test('a GET with the proof of logout_url ends the session', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const sessionId = jar.cookies.get(SESSION_COOKIE)
  const reply = await logout(jar.request(await logoutUrl(door, jar)), door.logout)
  assert.match(locationOf(reply), /^https:\/\/sso\.example\//)
  assert.equal(await isLoggedIn(door, sessionId), false)
})

test('a GET without the proof, with a wrong one or with somebody else’s leaves the session unharmed', async () => {
  const door = createFrontDoor()
  const [jar, other] = [await logIn(door), await logIn(door)]
  for (const url of ['/auth/logout', '/auth/logout?proof=', '/auth/logout?proof=x', await logoutUrl(door, other)]) {
    const image = { ...FETCH, 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' }
    for (const headers of [NAVIGATION, image]) {
      await assert.rejects(logout(jar.request(url, headers), door.logout), { code: 'ERR_LOGOUT_PROOF_INVALID' })
    }
  }
  assert.ok(await isLoggedIn(door, jar.cookies.get(SESSION_COOKIE)))
  assert.deepEqual(door.realm.ended, [])
})

test('one browser logs out and another one of the same person stays', async () => {
  const door = createFrontDoor()
  const [jar, other] = [await logIn(door), await logIn(door)]
  await post(door, jar)
  assert.ok(await isLoggedIn(door, other.cookies.get(SESSION_COOKIE)))
})

test('logging out twice is logging out once', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const stale = createCookieJar()
  stale.cookies.set(SESSION_COOKIE, jar.cookies.get(SESSION_COOKIE) ?? '')
  await post(door, jar)
  assert.equal(locationOf(await post(door, stale, '?return_to=/bye')), '/bye')
  assert.equal(stale.cookies.size, 0)
  assert.equal((await post(door, stale, '', FETCH)).status, 204)
  assert.equal(locationOf(await logout(createCookieJar().request('/auth/logout?proof=x'), door.logout)), '/')
  assert.equal(door.realm.ended.length, 1)
})

test('a fetch gets an address of ours to navigate to, without a token, that works once', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const reply = await post(door, jar, '?return_to=/bye', FETCH)
  assert.equal(reply.status, 200)
  assert.ok(!JSON.stringify([reply.body, reply.headers]).includes('id-token-1'))
  const { logout_url } = JSON.parse(reply.body)
  assert.match(logout_url, /^\/auth\/logout\?ticket=[\w-]{22}$/)
  const request = jar.request(logout_url)
  const location = new URL(locationOf(jar.take(await logout(request, door.logout))))
  assert.equal(location.searchParams.get('id_token_hint'), 'id-token-1')
  assert.equal(locationOf(await logout(request, door.logout)), '/bye', 'the second time it only goes back')
  assert.equal(locationOf(await comeBack(door, jar, location.searchParams.get('state'))), '/bye')
})

test('the ticket of another browser, a wrong one and an old one lead nowhere', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const { logout_url } = JSON.parse((await post(door, jar, '', FETCH)).body)
  const stranger = createCookieJar()
  assert.equal(locationOf(await logout(stranger.request(logout_url), door.logout)), '/auth/logged-out')
  assert.equal(locationOf(await logout(jar.request('/auth/logout?ticket=x'), door.logout)), '/auth/logged-out')
  door.clock.advance(300)
  assert.equal(locationOf(await logout(jar.request(logout_url), door.logout)), '/auth/logged-out')
})

test('the realm being down does not keep anybody logged in', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const sessionId = jar.cookies.get(SESSION_COOKIE)
  door.realm.onEndSession(async () => false)
  const location = locationOf(await post(door, jar))
  assert.equal(location, '/auth/logged-out?realm=unconfirmed')
  assert.equal(await isLoggedIn(door, sessionId), false)
  assert.ok(!jar.cookies.has(SESSION_COOKIE))
  const page = await loggedOut(jar.request(location), door.logout)
  assert.equal(page.status, 200)
  assert.ok(page.body.includes('href="https://sso.example/realms/main/logout?'))
  assert.ok(!page.body.includes('id_token_hint'))
  const event = door.events.at(-1)
  assert.equal(event?.kind === 'logout.finished' && event.realmSession, 'unknown')
})

test('a fetch while the realm is down gets the page that says so', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  door.realm.onEndSession(async () => false)
  const reply = await post(door, jar, '', FETCH)
  assert.equal(JSON.parse(reply.body).logout_url, '/auth/logged-out?realm=unconfirmed')
})

test('a realm that hangs is waited for no longer than the bound', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  door.realm.onEndSession(() => new Promise(() => {}))
  const waited: number[] = []
  const wait = async (seconds: number) => void waited.push(seconds)
  const reply = await logout(jar.request('/auth/logout', NAVIGATION, POST), { ...door.logout, wait })
  assert.equal(locationOf(reply), '/auth/logged-out?realm=unconfirmed')
  assert.deepEqual(waited, [3])
})

test('without a refresh token the browser ends the session of the realm', async () => {
  const door = createFrontDoor()
  const tokens = buildTokens({ refreshToken: null, refreshTokenExpiresAt: null })
  door.realm.onRedeem(async () => buildRedeemed({ tokens }))
  assert.match(locationOf(await post(door, await logIn(door))), /id_token_hint=id-token-1/)
  assert.deepEqual(door.realm.ended, [])
})

test('a realm without an end-session endpoint ends the session here and says what it could', async () => {
  const door = createFrontDoor()
  door.realm.withoutEndSession()
  assert.equal(locationOf(await post(door, await logIn(door), '?return_to=/bye')), '/bye')
})

test('an ID token too long for an address or a cookie does not stop the logout', async () => {
  for (const headers of [NAVIGATION, FETCH]) {
    const door = createFrontDoor()
    door.realm.onRedeem(async () => buildRedeemed({ tokens: buildTokens({ idToken: 'x'.repeat(5000) }) }))
    const jar = await logIn(door)
    const reply = await post(door, jar, '?return_to=/bye', headers)
    assert.equal(reply.status === 303 ? locationOf(reply) : JSON.parse(reply.body).logout_url, '/bye')
    assert.ok(!jar.cookies.has(SESSION_COOKIE))
  }
})

test('a store that is down leaves the cookie of a session alone that this replica does not know', async () => {
  for (const method of ['find', 'reread', 'end'] as const) {
    const door = createFrontDoor()
    const jar = await logIn(door)
    const fail = () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE'))
    const sessions = { ...door.sessions, findHeld: () => undefined, [method]: fail }
    const request = jar.request('/auth/logout', NAVIGATION, POST)
    await assert.rejects(logout(request, { ...door.logout, sessions }), { code: 'ERR_STORE_UNAVAILABLE' })
    assert.deepEqual(door.realm.ended, [])
  }
})

test('the newest tokens are those that end, though this replica remembers older ones', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const reread: typeof door.sessions.reread = async (live) => ({
    ...live,
    session: { ...live.session, tokens: buildTokens({ refreshToken: 'refresh-token-2', idToken: 'id-token-2' }) },
  })
  const request = jar.request('/auth/logout', NAVIGATION, POST)
  const reply = await logout(request, { ...door.logout, sessions: { ...door.sessions, reread } })
  assert.match(locationOf(reply), /id-token-2/)
  assert.deepEqual(door.realm.ended, ['refresh-token-2'])
})

for (const query of ['?return_to=/a&return_to=/b', '?post_logout_redirect_uri=https://evil.example', '?state=x']) {
  test(`refuses ${query}`, async () => {
    const door = createFrontDoor()
    const jar = await logIn(door)
    await assert.rejects(post(door, jar, query), { code: 'ERR_REQUEST_MALFORMED' })
    assert.ok(await isLoggedIn(door, jar.cookies.get(SESSION_COOKIE)))
  })
}

test('a wrong, doubled or absent state ends on a page of ours', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const state = new URL(locationOf(await post(door, jar, '?return_to=/bye'))).searchParams.get('state')
  for (const query of [
    '',
    '?state=x',
    '?state=',
    `?state=${state}&state=${state}`,
    '?state=%3Cscript%3E',
    '?realm=%3Cscript%3E',
  ]) {
    const reply = await loggedOut(jar.request(`/auth/logged-out${query}`, FROM_REALM), door.logout)
    assert.equal(reply.status, 200)
    assert.ok(!reply.body.includes('script'))
    assert.deepEqual(setCookies(reply), [])
  }
})

test('the state of another browser ends on a page of ours', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const state = new URL(locationOf(await post(door, jar, '?return_to=/bye'))).searchParams.get('state')
  assert.equal((await comeBack(door, createCookieJar(), state)).status, 200)
})
