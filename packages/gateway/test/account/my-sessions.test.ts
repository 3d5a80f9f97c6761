import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerSessions, type MySessionsOptions } from '../../src/account/my-sessions.ts'
import type { Reply } from '../../src/http/reply.ts'
import { logOutPage } from '../../src/logout/logout.ts'
import {
  type CookieJar,
  createCookieJar,
  FETCH,
  headerOf,
  locationOf,
  NAVIGATION,
  setCookies,
} from '../support/cookie-jar.ts'
import { createFrontDoor, type FrontDoor, logIn, SESSION_COOKIE } from '../support/front-door.ts'
import { buildRedeemed } from '../support/scripted-party.ts'
import { buildTokens } from '../support/sessions.ts'

const PATH = '/auth/sessions'
const noForm = () => Promise.reject(new Error('no form was sent'))

function optionsOf(door: FrontDoor): MySessionsOptions {
  return {
    sessions: door.sessions,
    cookies: door.cookies,
    origins: ['https://app.example', 'https://admin.example'],
    loginUrl: 'https://app.example/auth/login',
    path: PATH,
    logOut: (request, live) => logOutPage(request, live, door.logout),
  }
}

async function ask(door: FrontDoor, jar: CookieJar, method = 'GET', search = '', headers = FETCH): Promise<Reply> {
  return jar.take(await answerSessions(jar.request(PATH + search, headers, method), noForm, optionsOf(door)))
}

async function submit(door: FrontDoor, jar: CookieJar, field: readonly [string, string]): Promise<Reply> {
  const readForm = async () => new Map([field])
  return jar.take(await answerSessions(jar.request(PATH, NAVIGATION, 'POST'), readForm, optionsOf(door)))
}

const listOf = async (door: FrontDoor, jar: CookieJar) => JSON.parse((await ask(door, jar)).body).sessions
const isIn = async (door: FrontDoor, jar: CookieJar) => (await ask(door, jar)).status === 200

/** Alice in three browsers and Bob in one; the jars are those of Alice's first and second, and of Bob. */
async function setStage() {
  const door = createFrontDoor()
  const [first, second, third] = [await logIn(door), await logIn(door), await logIn(door)]
  door.realm.onRedeem(async () => buildRedeemed({ claims: { ...buildRedeemed().claims, sub: 'bob-id' } }))
  const bob = await logIn(door)
  return { door, first, second, third, bob }
}

test('lists the sessions of the person who asks, this one first, and nobody else’s', async () => {
  const { door, second, bob } = await setStage()
  door.clock.advance(100)
  const [own, ...others] = await listOf(door, second)
  assert.deepEqual(
    { ...own, id: '' },
    { id: '', device: 'Unknown device', address: '192.0.2.0/24', created_at: 1000, last_used_at: 1100, current: true },
  )
  assert.deepEqual(
    others.map(({ current, last_used_at }: Record<string, unknown>) => [current, last_used_at]),
    [
      [false, 1000],
      [false, 1000],
    ],
  )
  assert.equal((await listOf(door, bob)).length, 1)
})

test('leaves out what has ended by a limit', async () => {
  const { door, first } = await setStage()
  for (let used = 0; used < 3; used += 1) {
    door.clock.advance(700)
    await ask(door, first)
  }
  assert.equal((await listOf(door, first)).length, 1)
})

test('shows no token, no cookie and not the realm’s sid', async () => {
  const { door, first } = await setStage()
  const tokens = Object.values(buildTokens()).filter((value) => typeof value === 'string')
  for (const headers of [FETCH, NAVIGATION]) {
    const { body } = await ask(door, first, 'GET', '', headers)
    for (const secret of [...tokens, 'realm-session-1', first.cookies.get(SESSION_COOKIE)]) {
      assert.ok(!body.includes(String(secret)), String(secret))
    }
  }
})

test('looking at the list counts as activity', async () => {
  const { door, first } = await setStage()
  for (let used = 0; used < 4; used += 1) {
    door.clock.advance(1200)
    assert.equal((await ask(door, first)).status, 200)
  }
})

test('ends one by its handle, and the others stay', async () => {
  const { door, first, second, third } = await setStage()
  const [own] = await listOf(door, second)
  const reply = await ask(door, first, 'DELETE', `?id=${own.id}`)
  assert.deepEqual(JSON.parse(reply.body), { ended: 1, logged_out: false })
  assert.deepEqual([await isIn(door, first), await isIn(door, second), await isIn(door, third)], [true, false, true])
  const told = door.events.findLast(({ kind }) => kind === 'session.ended')
  assert.ok(told?.kind === 'session.ended' && told.by === 'user-elsewhere')
})

test('a handle that is somebody else’s, or nobody’s, is 404 and ends nothing', async () => {
  const { door, first, bob } = await setStage()
  const [foreign] = await listOf(door, bob)
  for (const id of [foreign.id, 'A'.repeat(22), '', '../..', '%00']) {
    assert.equal((await ask(door, first, 'DELETE', `?${new URLSearchParams({ id })}`)).status, 404)
    assert.equal((await submit(door, first, ['id', id])).status, 404)
  }
  assert.ok(await isIn(door, bob))
  assert.equal((await listOf(door, first)).length, 3)
})

test('ends all others', async () => {
  const { door, first, second, third, bob } = await setStage()
  const reply = await ask(door, first, 'DELETE', '?others=true')
  assert.deepEqual(JSON.parse(reply.body), { ended: 2, logged_out: false })
  assert.deepEqual(
    [await isIn(door, first), await isIn(door, second), await isIn(door, third), await isIn(door, bob)],
    [true, false, false, true],
  )
})

test('ends all, this one at the realm, too, and says where to go on', async () => {
  const { door, first, second } = await setStage()
  const reply = await ask(door, first, 'DELETE', '?all=true')
  const { logout_url, ...said } = JSON.parse(reply.body)
  assert.deepEqual(said, { ended: 3, logged_out: true })
  assert.match(logout_url, /^\/auth\/logout\?ticket=[\w-]+$/)
  assert.equal(first.cookies.get(SESSION_COOKIE), undefined)
  assert.equal(await isIn(door, second), false)
  const told = door.events.flatMap((event) => (event.kind === 'session.ended' ? [event.by] : []))
  assert.deepEqual(told.toSorted(), ['user', 'user-elsewhere', 'user-elsewhere'])
})

test('a form goes back to the page after it has ended another one', async () => {
  const { door, first, second } = await setStage()
  const [own] = await listOf(door, second)
  assert.equal(locationOf(await submit(door, first, ['id', own.id])), '/auth/sessions?ended=true')
  assert.equal(await isIn(door, second), false)
  assert.equal(locationOf(await submit(door, first, ['others', 'true'])), '/auth/sessions?ended=true')
  assert.equal((await listOf(door, first)).length, 1)
})

test('a form that ends this one clears the cookie and leads on to the realm without a redirect', async () => {
  for (const field of ['id', 'all']) {
    const { door, first } = await setStage()
    const [own] = await listOf(door, first)
    const reply = await submit(door, first, [field, field === 'id' ? own.id : 'true'])
    assert.equal(reply.status, 200)
    assert.match(headerOf(reply, 'refresh') ?? '', /^0;url=\/auth\/logout\?ticket=[\w-]+$/)
    assert.equal(first.cookies.get(SESSION_COOKIE), undefined)
  }
})

test('nobody is sent to the login and back, or gets a 401 with the way there', async () => {
  const door = createFrontDoor()
  const jar = createCookieJar()
  const page = await ask(door, jar, 'GET', '', NAVIGATION)
  assert.equal(locationOf(page), 'https://app.example/auth/login?return_to=%2Fauth%2Fsessions')
  const fetched = await ask(door, jar)
  assert.equal(fetched.status, 401)
  assert.equal(JSON.parse(fetched.body).login_url, 'https://app.example/auth/login')
  assert.deepEqual(setCookies(fetched), [])
})

test('a page of another origin reads nothing, a link from there finds the page', async () => {
  const { door, first } = await setStage()
  const foreign = { ...FETCH, 'sec-fetch-site': 'cross-site' }
  await assert.rejects(ask(door, first, 'GET', '', foreign), { code: 'ERR_POLICY_CSRF' })
  assert.equal((await ask(door, first, 'GET', '', { ...NAVIGATION, 'sec-fetch-site': 'cross-site' })).status, 200)
})

for (const search of ['', '?id=a&others=true', '?others=false', '?all=1', '?all=true&all=true', '?user=bob']) {
  test(`ends nothing for DELETE ${search}`, async () => {
    const { door, first } = await setStage()
    await assert.rejects(ask(door, first, 'DELETE', search), { code: 'ERR_REQUEST_MALFORMED' })
    assert.equal((await listOf(door, first)).length, 3)
  })
}

test('a form’s fields do not count in the address', async () => {
  const { door, first } = await setStage()
  await assert.rejects(ask(door, first, 'POST', '?all=true'), { code: 'ERR_REQUEST_MALFORMED' })
})

test('a store that is down ends nothing and leaves the cookie alone', async () => {
  const { door, first } = await setStage()
  Object.assign(door.store, {
    find: () => Promise.reject(Object.assign(new Error(), { code: 'ERR_STORE_UNAVAILABLE' })),
  })
  await assert.rejects(ask(door, first, 'DELETE', '?all=true'), { code: 'ERR_STORE_UNAVAILABLE' })
  assert.ok(first.cookies.has(SESSION_COOKIE))
})

test('a page shows the device by a name of ours, and everything that varies escaped', async () => {
  const door = createFrontDoor()
  const hostile = '"><script>alert(1)</script> Firefox/1.0 Linux'
  const jar = await logIn(door)
  const request = jar.request(PATH, NAVIGATION)
  const found = await answerSessions(request, noForm, {
    ...optionsOf(door),
    sessions: {
      ...door.sessions,
      findAll: async (index, value) =>
        (await door.sessions.findAll(index, value)).map((each) => ({
          ...each,
          session: { ...each.session, device: { userAgent: hostile, address: hostile } },
        })),
    },
  })
  assert.ok(!found.body.includes('<script'))
  assert.ok(found.body.includes('Firefox on Linux'))
  assert.ok(found.body.includes('&lt;script&gt;'))
})

test('the page sends its forms to itself alone, and says from where', async () => {
  const { door, first } = await setStage()
  const page = await ask(door, first, 'GET', '', NAVIGATION)
  assert.match(headerOf(page, 'content-security-policy') ?? '', /form-action 'self'$/)
  // With `no-referrer` browsers would send `Origin: null`, which is nobody's.
  assert.equal(headerOf(page, 'referrer-policy'), 'same-origin')
  assert.doesNotMatch(page.body, /<script|\son\w+=|src=/)
})
