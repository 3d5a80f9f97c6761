// Logging out while the store is out of reach.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeUser } from '../../src/account/user.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { loggedOut } from '../../src/logout/logged-out.ts'
import { logout } from '../../src/logout/logout.ts'
import { sessionKey } from '../../src/session/session-id.ts'
import { createCookieJar, FETCH, locationOf, NAVIGATION } from '../support/cookie-jar.ts'
import { createFrontDoor, logIn, SESSION_COOKIE } from '../support/front-door.ts'
import { eventually } from '../support/store-changes.ts'

const METHODS = ['read', 'delete', 'touch', 'claim', 'readDocument', 'writeDocument'] as const

/** A door, and the switch of its store. */
function createSwitchedDoor() {
  const line = { isDown: false, replacing: Promise.resolve() }
  const refuse = () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE'))
  const door = createFrontDoor(true, (store) => ({
    ...store,
    replace: async (...args) => {
      await line.replacing
      return store.replace(...args)
    },
    unreachableSince: () => (line.isDown ? store.now() : null),
    ...Object.fromEntries(
      METHODS.map((method) => [
        method,
        (...args: readonly never[]) =>
          line.isDown ? refuse() : (store[method] as (...args: readonly never[]) => unknown)(...args),
      ]),
    ),
  }))
  return { ...door, line }
}

async function logInAndLoseStore() {
  const door = createSwitchedDoor()
  const jar = await logIn(door)
  const id = jar.cookies.get(SESSION_COOKIE) ?? ''
  await describeUser(jar.request('/auth/user', FETCH), door.user)
  door.line.isDown = true
  return { door, jar, id }
}

test('ends the realm’s session and the cookie, and serves the session no more', async () => {
  const { door, jar, id } = await logInAndLoseStore()
  const reply = jar.take(await logout(jar.request('/auth/logout', NAVIGATION, 'POST'), door.logout))
  assert.deepEqual(door.realm.ended, ['refresh-token-1'])
  assert.ok(!jar.cookies.has(SESSION_COOKIE))
  const lookup = await door.sessions.find(id)
  assert.equal(lookup.kind, 'none', 'though the store still cannot be asked')
  assert.deepEqual(door.told, [sessionKey(id)], 'what is open is told')
  const page = await loggedOut(jar.request(locationOf(reply)), door.logout)
  assert.equal(page.status, 200)
  assert.match(page.body, /as soon as possible/)
})

test('a fetch is told that it is not complete', async () => {
  const { door, jar } = await logInAndLoseStore()
  const reply = jar.take(await logout(jar.request('/auth/logout', FETCH, 'POST'), door.logout))
  assert.equal(reply.status, 200)
  assert.deepEqual(JSON.parse(reply.body), { logout_url: '/auth/logged-out?store=away', complete: false })
  assert.ok(!jar.cookies.has(SESSION_COOKIE))
})

test('it is told at once, and as an end once the record has been deleted', async () => {
  const { door, jar, id } = await logInAndLoseStore()
  await logout(jar.request('/auth/logout', FETCH, 'POST'), door.logout)
  const kinds = () => door.events.map(({ kind }) => kind).filter((kind) => kind.startsWith('session.end'))
  assert.deepEqual(kinds(), ['session.end-delayed'])
  door.line.isDown = false
  assert.equal((await door.sessions.find(id)).kind, 'none', 'though the record is still there')
  await door.sessions.close()
  assert.equal(await door.store.read(sessionKey(id)), undefined)
  assert.deepEqual(kinds(), ['session.end-delayed', 'session.ended'])
})

test('a store that comes back is told without anybody asking', async () => {
  const { door, jar, id } = await logInAndLoseStore()
  await logout(jar.request('/auth/logout', FETCH, 'POST'), door.logout)
  door.line.isDown = false
  await eventually(async () => (await door.store.read(sessionKey(id))) === undefined)
})

test('a refresh that finishes meanwhile does not bring it back', async () => {
  const { door, jar, id } = await logInAndLoseStore()
  const lookup = await door.sessions.find(id)
  assert.ok(lookup.kind === 'active')
  const answer = Promise.withResolvers<void>()
  door.line.replacing = answer.promise
  const writing = door.sessions.replace(lookup.live, lookup.live.session)
  await logout(jar.request('/auth/logout', FETCH, 'POST'), door.logout)
  door.line.isDown = false
  answer.resolve()
  assert.equal((await writing).outcome, 'replaced')
  assert.equal((await door.sessions.find(id)).kind, 'none')
})

test('a realm that is down as well is said, and asked again later', async () => {
  const { door, jar } = await logInAndLoseStore()
  door.realm.onEndSession(async () => false)
  const reply = await logout(jar.request('/auth/logout', FETCH, 'POST'), door.logout)
  assert.equal(JSON.parse(reply.body).logout_url, '/auth/logged-out?realm=unconfirmed&store=away')
  assert.ok(door.events.some(({ kind }) => kind === 'realm-session.pending'))
})

test('a session that this replica does not know lives on, with its cookie', async () => {
  const { door, jar } = await logInAndLoseStore()
  const stranger = createCookieJar()
  stranger.cookies.set(SESSION_COOKIE, 'A'.repeat(43))
  await assert.rejects(logout(stranger.request('/auth/logout', NAVIGATION, 'POST'), door.logout), {
    code: 'ERR_STORE_UNAVAILABLE',
  })
  assert.ok(jar.cookies.has(SESSION_COOKIE))
  assert.deepEqual(door.realm.ended, [])
})

test('a GET without the proof ends nothing then, either', async () => {
  const { door, jar, id } = await logInAndLoseStore()
  for (const proof of ['', 'x']) {
    await assert.rejects(logout(jar.request(`/auth/logout?proof=${proof}`), door.logout), {
      code: 'ERR_LOGOUT_PROOF_INVALID',
    })
  }
  assert.equal((await door.sessions.find(id)).kind, 'active')
})

test('a session as old as its cache is known well enough to be ended', async () => {
  const { door, jar } = await logInAndLoseStore()
  door.clock.advance(600)
  const reply = await logout(jar.request('/auth/logout', FETCH, 'POST'), door.logout)
  assert.equal(JSON.parse(reply.body).complete, false)
})
