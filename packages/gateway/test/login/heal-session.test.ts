// A silent login in the place of a session whose tokens are lost, step by step.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/kernel/errors.ts'
import { finishLogin } from '../../src/login/finish-login.ts'
import { startLogin, startLoginFor } from '../../src/login/start-login.ts'
import { heldSession } from '../../src/session/find-session.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import { type CookieJar, FROM_REALM, locationOf, setCookies } from '../support/cookie-jar.ts'
import {
  begin,
  callbackUrl,
  createFrontDoor,
  type FrontDoor,
  finish,
  logIn,
  SESSION_COOKIE,
} from '../support/front-door.ts'
import { buildRedeemed } from '../support/scripted-party.ts'

const find = async (door: FrontDoor, jar: CookieJar) => door.sessions.find(jar.cookies.get(SESSION_COOKIE))
const endings = ({ events }: FrontDoor) => events.flatMap((event) => (event.kind === 'session.ended' ? [event.by] : []))

/** A browser whose session has lost its tokens. */
async function lose(door: FrontDoor): Promise<{ readonly jar: CookieJar; readonly lost: LiveSession }> {
  const jar = await logIn(door)
  const live = heldSession(await find(door, jar))
  assert.ok(live)
  await door.sessions.lose(live, 'reuse')
  const lost = heldSession(await find(door, jar))
  assert.ok(lost)
  return { jar, lost }
}

test('the realm is asked silently, for a page and for a plain login, and the absolute end stays', async () => {
  const door = createFrontDoor()
  const { jar, lost } = await lose(door)
  door.clock.advance(100)
  const page = jar.request('/orders?x=1')
  assert.match(locationOf(jar.take(await startLoginFor(page, '/orders?x=1', {}, door.login))), /prompt=none/)
  assert.equal(locationOf(await finish(door, jar)), '/orders?x=1')
  const healed = heldSession(await find(door, jar))
  assert.equal(healed?.session.absoluteEndAt, lost.session.absoluteEndAt)
  assert.equal(healed?.session.createdAt, lost.session.createdAt)
  assert.equal(healed?.session.healedAt, door.clock.now())
  assert.equal(healed?.session.lost, null)
  assert.notEqual(healed?.session.handle, lost.session.handle)
  assert.equal(await door.store.read(lost.key), undefined)
})

test('the old session ends only once the new one is there', async () => {
  const door = createFrontDoor()
  const { jar, lost } = await lose(door)
  await begin(door, jar)
  const order: string[] = []
  const sessions = {
    ...door.sessions,
    async open(...opened: Parameters<typeof door.sessions.open>) {
      const result = await door.sessions.open(...opened)
      order.push('opened')
      return result
    },
    async end(...ended: Parameters<typeof door.sessions.end>) {
      order.push(`${ended[0].key === lost.key ? 'old' : 'new'} ended`)
      return door.sessions.end(...ended)
    },
  }
  await finishLogin(jar.request(callbackUrl(door), FROM_REALM), { ...door.login, sessions })
  assert.deepEqual(order, ['opened', 'old ended'])
})

test('when the old session goes in the very moment the new one is made, nobody is logged in', async () => {
  const door = createFrontDoor()
  const { jar, lost } = await lose(door)
  await begin(door, jar)
  const sessions = {
    ...door.sessions,
    async open(...opened: Parameters<typeof door.sessions.open>) {
      const result = await door.sessions.open(...opened)
      await door.sessions.end(lost, 'administrator', 'by an operator')
      return result
    },
  }
  const reply = await finishLogin(jar.request(callbackUrl(door), FROM_REALM), { ...door.login, sessions })
  assert.ok(!setCookies(reply).some((line) => line.startsWith(`${SESSION_COOKIE}=`)))
  assert.deepEqual((await door.sessions.list(null, 10)).sessions, [])
  assert.deepEqual(endings(door), ['administrator', 'healed'])
})

test('a session that a replica still remembers, and another one has ended, is not healed', async () => {
  const door = createFrontDoor()
  const { jar, lost } = await lose(door)
  await begin(door, jar)
  const remembered = { kind: 'lost', live: lost } as const
  await door.sessions.end(lost, 'user', 'logged out')
  const sessions = { ...door.sessions, find: () => remembered }
  const reply = await finishLogin(jar.request(callbackUrl(door), FROM_REALM), { ...door.login, sessions })
  assert.deepEqual(
    setCookies(reply).map((line) => /Max-Age=0/.test(line)),
    [true],
    'the attempt’s cookie alone',
  )
  assert.deepEqual((await door.sessions.list(null, 10)).sessions, [])
})

for (const error of [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'access_denied',
  'invalid_request',
  'something_new',
]) {
  test(`${error} ends the lost session, and the page offers a login that leads back`, async () => {
    const door = createFrontDoor()
    const { jar } = await lose(door)
    await begin(door, jar, '?return_to=/orders')
    const reply = await finish(door, jar, callbackUrl(door, { error }))
    assert.equal(reply.status, 401)
    assert.ok(reply.body.includes('href="/auth/login?return_to=%2Forders"'))
    assert.equal(jar.cookies.size, 0)
    assert.deepEqual(endings(door), ['realm'])
    const told = door.events.at(-1)
    assert.equal(told?.kind === 'login.refused' && told.code, 'ERR_SESSION_LOST')
    assert.doesNotMatch(await begin(door, jar), /prompt=/)
  })
}

for (const error of ['server_error', 'temporarily_unavailable']) {
  test(`${error} is the realm's trouble and leaves the session lost`, async () => {
    const door = createFrontDoor()
    const { jar } = await lose(door)
    await begin(door, jar)
    await finish(door, jar, callbackUrl(door, { error }))
    assert.equal((await find(door, jar)).kind, 'lost')
    assert.deepEqual(endings(door), [])
  })
}

test('a second tab that is refused says so as well, and ends nothing more', async () => {
  const door = createFrontDoor()
  const { jar } = await lose(door)
  await begin(door, jar)
  const first = callbackUrl(door, { error: 'login_required' })
  await begin(door, jar)
  const second = callbackUrl(door, { error: 'login_required' })
  assert.equal((await finish(door, jar, first)).status, 401)
  assert.equal((await finish(door, jar, second)).status, 401)
  assert.deepEqual(endings(door), ['realm'])
})

test('a refusal that comes to a browser that is logged in by now ends nothing', async () => {
  const door = createFrontDoor()
  const { jar } = await lose(door)
  await begin(door, jar, '?return_to=/orders')
  const late = callbackUrl(door, { error: 'login_required' })
  await begin(door, jar)
  await finish(door, jar)
  assert.equal(locationOf(await finish(door, jar, late)), '/orders')
  assert.equal((await find(door, jar)).kind, 'active')
})

test('another person is not let in, and what the first one had opened at second realms ends', async () => {
  const door = createFrontDoor()
  const { jar } = await lose(door)
  await begin(door, jar)
  const { claims } = buildRedeemed()
  door.realm.onRedeem(async () => buildRedeemed({ claims: { ...claims, sub: 'bob-id' } }))
  assert.equal((await finish(door, jar)).status, 401)
  assert.equal(jar.cookies.has(SESSION_COOKIE), false)
  assert.deepEqual((await door.sessions.list(null, 10)).sessions, [])
  assert.deepEqual(endings(door), ['realm'])
})

test('tenants are compared as sets, whichever token names them', async () => {
  for (const [tenants, status] of [
    [['b', 'a'], 303],
    [['a'], 401],
    [['a', 'b', 'c'], 401],
    [[], 401],
  ] as const) {
    const door = createFrontDoor()
    const login = {
      ...door.login,
      tenantsOf: ({ accessClaims }: { readonly accessClaims: Readonly<Record<string, unknown>> }) =>
        accessClaims.tenants as readonly string[],
    }
    door.realm.onRedeem(async () => buildRedeemed({ accessClaims: { tenants: ['a', 'b'] } }))
    const { jar } = await lose(door)
    await begin(door, jar)
    door.realm.onRedeem(async () => buildRedeemed({ accessClaims: { tenants } }))
    const reply = await finishLogin(jar.request(callbackUrl(door), FROM_REALM), login)
    assert.equal(reply.status, status, tenants.join())
  }
})

test('a code that was lost on its way is tried again, silently and for the same session', async () => {
  const door = createFrontDoor()
  const { jar } = await lose(door)
  await begin(door, jar, '?return_to=/orders')
  door.realm.onRedeem(() => Promise.reject(new GatewayError('ERR_REALM_TIMEOUT')))
  assert.match(locationOf(await finish(door, jar)), /prompt=none/)
  door.realm.onRedeem(async () => buildRedeemed())
  assert.equal(locationOf(await finish(door, jar)), '/orders')
  assert.deepEqual(endings(door), ['healed'])
})

test('a realm that has never been reached is a 503 that leaves the session as it is', async () => {
  const door = createFrontDoor()
  const { jar } = await lose(door)
  door.realm.onAuthorize(() => {
    throw new GatewayError('ERR_REALM_UNREACHABLE')
  })
  const reply = jar.take(await startLogin(jar.request('/auth/login'), door.login))
  assert.equal(reply.status, 503)
  assert.equal((await find(door, jar)).kind, 'lost')
})

test('a store that fails before the old session has ended leaves it lost, and answers no login', async () => {
  const door = createFrontDoor()
  const { jar } = await lose(door)
  await begin(door, jar)
  const sessions = { ...door.sessions, end: () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE')) }
  const request = jar.request(callbackUrl(door), FROM_REALM)
  await assert.rejects(finishLogin(request, { ...door.login, sessions }), { code: 'ERR_STORE_UNAVAILABLE' })
  assert.equal((await find(door, jar)).kind, 'lost')
})

test('a page that asks for a silent login itself is told as ever, and heals nothing', async () => {
  const door = createFrontDoor()
  const { jar } = await lose(door)
  await begin(door, jar, '?prompt=none&return_to=/orders')
  assert.equal(locationOf(await finish(door, jar, callbackUrl(door, { error: 'login_required' }))), '/orders')
  assert.equal((await find(door, jar)).kind, 'lost')
})

test('a session planted in a browser is not healed for whoever logs in there anew', async () => {
  const door = createFrontDoor()
  const { jar, lost } = await lose(door)
  await begin(door, jar, '?force=true')
  await finish(door, jar)
  assert.equal(await door.store.read(lost.key), undefined)
  assert.deepEqual(endings(door), ['new-login'])
})
