// Sessions whose tokens are lost: a page comes back logged in and nobody notices; what cannot be healed ends once.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { FAULTS } from '@doorman/dev-realm'
import { type Browser, findLoginForm } from '@doorman/dev-realm/browser'
import {
  createShiftedClock,
  eventsOf,
  locationOf,
  logInExpired,
  problemCode,
  sessionCookieName,
  sessionId,
  setStage,
  statusOf,
  testOnBothFronts,
  userOf,
} from '../support/flow.ts'
import { bring } from '../support/login-steps.ts'
import {
  logInLost,
  loseNextRefresh,
  loseTokens,
  pagesSeen,
  ROTATING,
  silentCallback,
  silentLogins,
} from '../support/lost-session.ts'
import { REALMS, setPairStage } from '../support/pair-stage.ts'
import type { Stage } from '../support/stage.ts'

const OPTIONS = { realm: ROTATING }
const setRotating = (t: TestContext, replicas = 1) => setStage(t, { ...OPTIONS, replicas })
const endings = (stage: Stage) => eventsOf(stage, 'session.ended').map(({ by }) => by)

/** A browser with the same cookies: what another tab sends that has not heard of anything. */
function anotherTab(stage: Stage, browser: Browser): Browser {
  const tab = stage.browser()
  for (const name of browser.cookies.names('localhost')) {
    tab.cookies.set('localhost', name, browser.cookies.get('localhost', name) ?? '')
  }
  return tab
}

testOnBothFronts(
  'a page that finds its tokens lost comes back logged in, under a new id, without a page shown',
  async (stage) => {
    const browser = await logInExpired(stage)
    const before = sessionId(stage, browser)
    loseNextRefresh(stage)
    const answers = await browser.follow(stage.url('/page/x?y=1'))
    assert.deepEqual(pagesSeen(answers), [stage.url('/page/x?y=1')])
    assert.equal(answers.at(-1)?.status, 200)
    assert.notEqual(sessionId(stage, browser), before)
    assert.equal((await userOf(stage, browser)).name, 'Alice Test')
    assert.deepEqual(endings(stage), ['healed'])
    assert.equal(silentLogins(stage), 1)
  },
  OPTIONS,
)

testOnBothFronts(
  'a fetch with lost tokens is a 401 whose login_url brings the session back',
  async (stage) => {
    const browser = await stage.loggedIn()
    const told = [await loseTokens(stage, browser)]
    for (const path of ['/api/x', '/auth/user', '/auth/refresh']) {
      const method = path === '/auth/refresh' ? 'POST' : 'GET'
      told.push(await browser.fetch(stage.url(path), { method }))
    }
    for (const answer of told) {
      assert.deepEqual([answer.status, problemCode(answer)], [401, 'login_required'])
      assert.deepEqual(answer.cookiesSet, [])
    }
    const loginUrl = JSON.parse(told.at(-2)?.body ?? '').login_url
    const answers = await browser.follow(`${loginUrl}?return_to=/page/x`)
    assert.deepEqual(pagesSeen(answers), [stage.url('/page/x')])
    assert.equal(await statusOf(stage, browser), 200)
    assert.deepEqual(endings(stage), ['healed'])
  },
  OPTIONS,
)

test('a lost session opens nothing until then, on no replica, and is asked about nowhere', async (t) => {
  const stage = await setRotating(t, 2)
  const browser = await logInLost(stage)
  const { length } = stage.realm.calls.list('token')
  for (let round = 0; round < 4; round += 1) {
    for (const path of ['/api/x', '/auth/user?slide=false', '/auth/sessions']) {
      assert.equal(await statusOf(stage, browser, path), 401, path)
    }
    assert.equal((await browser.fetch(stage.url('/api/x'), { method: 'POST' })).status, 401)
  }
  assert.deepEqual(stage.upstream.received, [])
  assert.equal(stage.realm.calls.list('token').length, length)
  assert.equal(eventsOf(stage, 'session.lost').length, 1)
})

test('a healed session goes on as if nothing had happened: it renews its tokens, and logs out', async (t) => {
  const stage = await setRotating(t)
  const browser = await logInLost(stage)
  await browser.follow(stage.url('/page/x'))
  assert.equal((await browser.fetch(stage.url('/auth/refresh'), { method: 'POST' })).status, 200)
  await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
  assert.equal(await statusOf(stage, browser), 401)
  assert.deepEqual(stage.realm.sessions(), [])
  assert.deepEqual(endings(stage), ['healed', 'user'])
})

test('a healed session keeps its absolute end', async (t) => {
  const clock = createShiftedClock()
  const gateway = { clock: clock.now }
  const stage = await setStage(t, {
    gateway,
    realm: { ...ROTATING, accessTokenSeconds: 3600 },
    session: 'idle: 5m, absolute: 9m',
  })
  const browser = await stage.loggedIn()
  clock.advance(290)
  await loseTokens(stage, browser)
  await browser.follow(stage.url('/page/x'))
  clock.advance(240)
  assert.equal(await statusOf(stage, browser), 200)
  clock.advance(11)
  assert.equal(await statusOf(stage, browser), 401)
  assert.deepEqual(endings(stage), ['healed', 'absolute'])
})

testOnBothFronts(
  'a lost session whose login at the realm has ended ends once, on a page that says so, and tries nothing more',
  async (stage) => {
    const browser = await logInLost(stage)
    stage.realm.endSessionsOf('alice')
    const answers = await browser.follow(stage.url('/page/x?y=1'))
    const page = answers.at(-1)
    assert.equal(page?.status, 401)
    assert.match(page?.body ?? '', /could not be continued/)
    assert.ok(page?.body.includes('href="/auth/login?return_to=%2Fpage%2Fx%3Fy%3D1"'))
    assert.ok(page?.cookiesSet.includes(sessionCookieName(stage)))
    assert.equal(sessionId(stage, browser), undefined)
    assert.deepEqual(endings(stage), ['realm'])
    const again = (await browser.follow(stage.url('/page/x?y=1'))).at(-1)
    assert.ok(again !== undefined && findLoginForm(again) !== undefined, "the realm's login page, at the next click")
    assert.equal(silentLogins(stage), 1)
    const done = await browser.logIn(stage.url('/auth/login?return_to=/page/x'), { username: 'alice', password: '' })
    assert.equal(done.at(-1)?.url, stage.url('/page/x'))
  },
  OPTIONS,
)

test('a silent login that comes back as another person ends the session and logs nobody in', async (t) => {
  const stage = await setRotating(t)
  const browser = await logInLost(stage)
  stage.realm.faults.idToken('other-subject')
  const page = (await browser.follow(stage.url('/page/x'))).at(-1)
  assert.equal(page?.status, 401)
  assert.equal(sessionId(stage, browser), undefined)
  assert.deepEqual(endings(stage), ['realm'])
  assert.equal(eventsOf(stage, 'login.finished').length, 1)
})

const WITH_TENANTS = {
  realms: REALMS.replace('clientId: web-gateway', 'clientId: web-gateway\n    scopes: [openid, organization]'),
  config: 'tenant: { claim: organization }',
}
for (const [organizations, outcome] of [
  [['globex', 'acme'], 'healed'],
  [['acme'], 'realm'],
  [['acme', 'globex', 'initech'], 'realm'],
] as const) {
  test(`a person of acme and globex who comes back with ${organizations}: the session ends, by ${outcome}`, async (t) => {
    const stage = await setPairStage(t, WITH_TENANTS)
    Object.assign(stage.realm.settings, ROTATING)
    const bob = await logInLost(stage, 'bob')
    stage.realm.directory.setUser('bob', { organizations })
    const page = (await bob.follow(stage.url('/reports/x'))).at(-1)
    assert.equal(page?.status, outcome === 'healed' ? 200 : 401)
    assert.deepEqual(endings(stage), [outcome])
  })
}

test('a healed session keeps what the person has logged in to at a second realm', async (t) => {
  const stage = await setPairStage(t)
  const alice = await stage.loggedIn()
  assert.equal((await alice.follow(stage.url('/models/x'))).at(-1)?.status, 200)
  Object.assign(stage.realm.settings, ROTATING)
  await loseTokens(stage, alice)
  assert.deepEqual(pagesSeen(await alice.follow(stage.url('/reports/x'))), [stage.url('/reports/x')])
  stage.models.calls.clear()
  assert.equal(await statusOf(stage, alice, '/models/y'), 200)
  assert.equal(stage.models.calls.count('auth'), 0)
  assert.equal(stage.models.sessions().length, 1)
})

test('of several tabs the first heals, and the others go where they wanted to', async (t) => {
  const stage = await setRotating(t)
  const browser = await logInLost(stage)
  const callbacks = []
  for (const page of ['/page/1', '/page/2', '/page/3']) callbacks.push(await silentCallback(stage, browser, page))
  for (const [index, callback] of callbacks.entries()) {
    const answer = await bring(browser, callback)
    assert.equal(locationOf(answer).pathname, `/page/${index + 1}`)
    assert.equal(answer.cookiesSet.includes(sessionCookieName(stage)), index === 0)
  }
  assert.equal(await statusOf(stage, browser), 200)
  assert.deepEqual(endings(stage), ['healed'])
  assert.equal(stage.realm.calls.count('token', 'authorization_code'), 2)
})

test('tabs that come back at the same moment, on two replicas, leave one session and a browser that has it', async (t) => {
  const stage = await setRotating(t, 2)
  const browser = await logInLost(stage)
  const callbacks = [await silentCallback(stage, browser, '/page/1'), await silentCallback(stage, browser, '/page/2')]
  const gate = stage.realm.faults.hold('token')
  const brought = callbacks.map((callback) => bring(browser, callback))
  await gate.arrived(2)
  gate.release()
  for (const answer of await Promise.all(brought)) assert.match(locationOf(answer).pathname, /^\/page\/[12]$/)
  assert.equal(await statusOf(stage, browser), 200)
  assert.deepEqual(new Set(endings(stage)), new Set(['healed']))
  assert.equal(eventsOf(stage, 'login.finished').length, 2, 'the first login, and one that healed')
})

test('whoever logs out while it heals is logged out, in every tab', async (t) => {
  const stage = await setRotating(t)
  const browser = await logInLost(stage)
  const tab = anotherTab(stage, browser)
  const callback = await silentCallback(stage, browser, '/page/x')
  const gate = stage.realm.faults.hold('token', 'after')
  const brought = bring(browser, callback)
  await gate.arrived()
  assert.equal((await tab.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
  gate.release()
  const answer = await brought
  assert.equal(answer.cookiesSet.includes(sessionCookieName(stage)), false)
  assert.equal(await statusOf(stage, browser), 401)
  const page = (await browser.follow(stage.url('/page/x'))).at(-1)
  assert.ok(page !== undefined && findLoginForm(page) !== undefined)
})

test('a silent login that comes back after a logout logs nobody in', async (t) => {
  const stage = await setRotating(t)
  const browser = await logInLost(stage)
  const tab = anotherTab(stage, browser)
  const callback = await silentCallback(stage, browser, '/page/x')
  await tab.fetch(stage.url('/auth/logout'), { method: 'POST' })
  const codes = stage.realm.calls.count('token', 'authorization_code')
  const answer = await bring(browser, callback)
  assert.equal(locationOf(answer).pathname, '/page/x')
  assert.equal(stage.realm.calls.count('token', 'authorization_code'), codes, 'its code is not even sent')
  assert.equal(await statusOf(stage, browser), 401)
})

test('logging out of a lost session ends it, and the session at the realm', async (t) => {
  const stage = await setRotating(t)
  const browser = await logInLost(stage)
  assert.equal((await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
  assert.equal(sessionId(stage, browser), undefined)
  assert.deepEqual(endings(stage), ['user'])
  assert.deepEqual(stage.realm.sessions(), [])
})

test('a session that loses its tokens again within a minute of healing ends', async (t) => {
  const stage = await setRotating(t)
  const browser = await logInLost(stage)
  await browser.follow(stage.url('/page/x'))
  assert.equal(problemCode(await loseTokens(stage, browser)), 'login_required')
  assert.deepEqual(endings(stage), ['healed', 'realm'])
  const asked = stage.realm.calls.list('auth').length
  await browser.follow(stage.url('/page/x'))
  const login = stage.realm.calls.list('auth')[asked]
  assert.equal(login?.parameters.prompt, undefined, 'an ordinary login')
})

test('a realm that fails while a session heals leaves it as it was, for the next page', async (t) => {
  const stage = await setRotating(t)
  const browser = await logInLost(stage)
  for (let time = 0; time < 3; time += 1) stage.realm.faults.once('token', FAULTS.badGateway)
  const page = (await browser.follow(stage.url('/page/x'))).at(-1)
  assert.equal(page?.status, 400)
  assert.deepEqual(endings(stage), [])
  stage.realm.faults.authorization('server-error')
  assert.equal((await browser.follow(stage.url('/page/x'))).at(-1)?.status, 403)
  assert.deepEqual(endings(stage), [])
  assert.deepEqual(pagesSeen(await browser.follow(stage.url('/page/x'))), [stage.url('/page/x')])
  assert.equal(await statusOf(stage, browser), 200)
})

test('the answer to a silent login is good in the browser that began it alone', async (t) => {
  const stage = await setRotating(t)
  const browser = await logInLost(stage)
  const callback = await silentCallback(stage, browser, '/page/x')
  const mallory = stage.browser()
  assert.equal((await bring(mallory, callback)).status, 400)
  assert.equal(sessionId(stage, mallory), undefined)
  assert.deepEqual(endings(stage), [])
})

test('a login that asks for more takes the place of a lost session as of any other', async (t) => {
  const stage = await setRotating(t)
  const browser = await logInLost(stage)
  const before = sessionId(stage, browser)
  await browser.logIn(stage.url('/auth/login?force=true&return_to=/page/x'), { username: 'alice', password: '' })
  assert.notEqual(sessionId(stage, browser), before)
  assert.deepEqual(endings(stage), ['new-login'])
  assert.equal(silentLogins(stage), 0)
})
