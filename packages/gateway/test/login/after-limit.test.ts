// `session.afterLimit: reauthenticate`: whoever had a session enters credentials before the next one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { finishLogin } from '../../src/login/finish-login.ts'
import { startLogin, startLoginFor } from '../../src/login/start-login.ts'
import { logout } from '../../src/logout/logout.ts'
import { heldSession } from '../../src/session/find-session.ts'
import {
  type CookieJar,
  createCookieJar,
  FETCH,
  FROM_REALM,
  locationOf,
  NAVIGATION,
  setCookies,
} from '../support/cookie-jar.ts'
import { callbackUrl, createFrontDoor, type FrontDoor, logIn, SESSION_COOKIE } from '../support/front-door.ts'
import { LIMITS } from '../support/lifecycle.ts'
import { buildRedeemed } from '../support/scripted-party.ts'

const strict = (door: FrontDoor) => ({ ...door.login, afterLimit: 'reauthenticate' }) as const

async function begin(door: FrontDoor, jar: CookieJar, query = ''): Promise<URL> {
  const reply = jar.take(await startLogin(jar.request(`/auth/login${query}`), strict(door)))
  return new URL(locationOf(reply), 'https://app.example')
}

const finish = async (door: FrontDoor, jar: CookieJar, url = callbackUrl(door)) =>
  jar.take(await finishLogin(jar.request(url, FROM_REALM), strict(door)))

/** A browser whose session has reached its idle limit. */
async function logInIdle(door: FrontDoor): Promise<CookieJar> {
  const jar = await logIn(door)
  door.clock.advance(LIMITS.idleSeconds)
  return jar
}

const promptOf = (url: URL) => url.searchParams.get('prompt')

test('after an idle limit the realm asks for credentials, at a login and at a page', async () => {
  const door = createFrontDoor()
  const jar = await logInIdle(door)
  assert.equal(promptOf(await begin(door, jar, '?return_to=/orders')), 'login')
  const page = await startLoginFor(jar.request('/orders'), '/orders', {}, strict(door))
  assert.equal(promptOf(new URL(locationOf(page))), 'login')
})

test('after an absolute limit too', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const live = heldSession(await door.sessions.find(jar.cookies.get(SESSION_COOKIE)))
  for (let second = 0; second < LIMITS.absoluteSeconds; second += 1000) {
    door.clock.advance(1000)
    door.sessions.use(live!)
  }
  assert.equal(promptOf(await begin(door, jar)), 'login')
})

test('a record that has been deleted meanwhile opens no other way', async () => {
  const door = createFrontDoor()
  const jar = await logInIdle(door)
  const [key = ''] = (await door.store.list(null, 1)).keys
  await door.store.delete(key, 'idle')
  assert.equal(promptOf(await begin(door, jar)), 'login')
})

test('whatever else is asked for is asked for beside the credentials', async () => {
  const door = createFrontDoor()
  for (const [query, prompt] of [
    ['?prompt=login', 'login'],
    ['?prompt=consent', 'login consent'],
    ['?force=true', 'login'],
    ['?ui_locales=de', 'login'],
  ]) {
    assert.equal(promptOf(await begin(door, await logInIdle(door), query)), prompt, query)
  }
})

test('a silent login is refused without asking the realm', async () => {
  const door = createFrontDoor()
  const jar = await logInIdle(door)
  const { length } = door.realm.asked
  assert.equal((await begin(door, jar, '?prompt=none&return_to=/orders')).pathname, '/orders')
  assert.equal(door.realm.asked.length, length)
})

test('the credentials must be newer than the login: its age is what the token may show at most', async () => {
  const door = createFrontDoor()
  const jar = await logInIdle(door)
  await begin(door, jar)
  door.clock.advance(40)
  await finish(door, jar)
  assert.equal(door.realm.redeemed.at(-1)?.maxAgeSeconds, 40)
})

test('a stricter max_age stays the stricter one', async () => {
  const door = createFrontDoor()
  const jar = await logInIdle(door)
  await begin(door, jar, '?max_age=10')
  door.clock.advance(40)
  await finish(door, jar)
  assert.equal(door.realm.redeemed.at(-1)?.maxAgeSeconds, 10)
})

test('after the login with credentials everything is as before', async () => {
  const door = createFrontDoor()
  const jar = await logInIdle(door)
  await begin(door, jar)
  await finish(door, jar)
  assert.equal((await door.sessions.find(jar.cookies.get(SESSION_COOKIE))).kind, 'active')
  assert.equal((await begin(door, jar, '?return_to=/orders')).pathname, '/orders')
})

test('a login that was on its way when the limit was reached begins anew, with credentials', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  await begin(door, jar, '?ui_locales=de&return_to=/orders')
  const early = callbackUrl(door)
  const login = { ...strict(door), attemptSeconds: 4000 }
  door.clock.advance(LIMITS.idleSeconds)
  const reply = jar.take(await finishLogin(jar.request(early, FROM_REALM), login))
  assert.equal(promptOf(new URL(locationOf(reply))), 'login')
  assert.equal(door.realm.redeemed.length, 1, 'the first login’s code alone')
})

test('whoever never had a session, or logged out, is let in by what the realm remembers', async () => {
  const door = createFrontDoor()
  assert.equal(promptOf(await begin(door, createCookieJar())), null)
})

test('with `sso` the realm is asked as at any login', async () => {
  const door = createFrontDoor()
  const jar = await logInIdle(door)
  const reply = jar.take(await startLogin(jar.request('/auth/login'), door.login))
  assert.equal(promptOf(new URL(locationOf(reply))), null)
})

test('lost tokens are no limit: the session heals silently', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const live = heldSession(await door.sessions.find(jar.cookies.get(SESSION_COOKIE)))
  await door.sessions.lose(live!, 'reuse')
  assert.equal(promptOf(await begin(door, jar)), 'none')
  await finish(door, jar)
  assert.equal(door.realm.redeemed.at(-1)?.maxAgeSeconds, null)
  assert.equal((await door.sessions.find(jar.cookies.get(SESSION_COOKIE))).kind, 'active')
})

test('a lost session that reaches its limit before it heals is not healed', async () => {
  const door = createFrontDoor()
  const jar = await logIn(door)
  const live = heldSession(await door.sessions.find(jar.cookies.get(SESSION_COOKIE)))
  await door.sessions.lose(live!, 'reuse')
  door.clock.advance(LIMITS.idleSeconds - 1)
  await begin(door, jar)
  door.clock.advance(1)
  const reply = await finish(door, jar)
  assert.ok(!setCookies(reply).some((line) => line.startsWith(`${SESSION_COOKIE}=`)))
  assert.equal(promptOf(await begin(door, jar)), 'login')
})

test('a silent login does not move the absolute end, entered credentials do', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  const absoluteEnd = async () =>
    heldSession(await door.sessions.find(jar.cookies.get(SESSION_COOKIE)))?.session.absoluteEndAt
  await begin(door, jar)
  await finish(door, jar)
  const first = await absoluteEnd()
  door.clock.advance(100)
  await begin(door, jar, '?prompt=none')
  await finish(door, jar)
  assert.ok(first !== undefined && (await absoluteEnd()) === first)
  door.clock.advance(100)
  await begin(door, jar, '?prompt=login')
  const redeemed = buildRedeemed()
  const authTime = { auth_time: door.clock.now() }
  door.realm.onRedeem(async () => ({ ...redeemed, claims: { ...redeemed.claims, ...authTime } }))
  await finish(door, jar)
  assert.equal(await absoluteEnd(), first + 200)
})

test('a logout after the limit does not make the browser forget it', async () => {
  const door = createFrontDoor()
  const jar = await logInIdle(door)
  for (const headers of [NAVIGATION, FETCH]) {
    jar.take(await logout(jar.request('/auth/logout', headers, 'POST'), { ...door.logout, keepsCookieOfEnded: true }))
    assert.equal(promptOf(await begin(door, jar)), 'login')
  }
})
