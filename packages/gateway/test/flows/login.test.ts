// Logging in, as a browser sees it: from a link to the page it asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBrowser } from '@doorman/dev-realm/browser'
import { request } from 'undici'
import {
  createShiftedClock,
  eventsOf,
  locationOf,
  nextEvent,
  problemCode,
  sessionCookieName,
  sessionId,
  setStage,
  statusOf,
  testOnBothFronts,
} from '../support/flow.ts'
import { bring, callbackUrl, choosePerson, openLogin, redemptions } from '../support/login-steps.ts'

const ALICE = { username: 'alice', password: '' }

testOnBothFronts('a deep link to a page logs in and comes back to it', async (stage) => {
  const browser = stage.browser()
  const answers = await browser.logIn(stage.url('/page/x?a=1&b=%2F'), ALICE)
  const last = answers.at(-1)
  assert.equal(last?.status, 200)
  assert.equal(last?.url, stage.url('/page/x?a=1&b=%2F'))
  const own = answers.filter(({ url, status }) => url.startsWith(stage.publicUrl) && status !== 200)
  assert.equal(own.length, 2, 'the page and the callback')
  for (const answer of own) {
    assert.equal(answer.status, 303)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('referrer-policy'), 'no-referrer')
  }
})

testOnBothFronts('a fetch without a session is told where to log in, and is never sent there', async (stage) => {
  const answer = await stage.browser().fetch(stage.url('/page/x'))
  assert.equal(answer.status, 401)
  assert.equal(problemCode(answer), 'login_required')
  assert.equal(JSON.parse(answer.body).login_url, stage.url('/auth/login'))
  assert.equal(answer.headers.get('location'), null)
  assert.deepEqual(answer.cookiesSet, [])
  assert.equal(stage.realm.calls.count('auth'), 0)
})

test('a browser without Fetch Metadata that wants a page is sent to log in', async (t) => {
  const stage = await setStage(t)
  for (const [accept, status] of [
    ['text/html,*/*;q=0.8', 303],
    ['application/json', 401],
  ] as const) {
    const answer = await request(stage.url('/page/x'), { headers: { accept } })
    assert.equal(answer.statusCode, status)
    await answer.body.dump()
  }
})

testOnBothFronts('every cookie is closed to scripts and to other sites', async (stage) => {
  const browser = stage.browser()
  const answers = await browser.logIn(stage.url('/auth/login?return_to=/page/x'), ALICE)
  const isTls = stage.publicUrl.startsWith('https:')
  const own = answers.filter(({ url }) => url.startsWith(stage.publicUrl))
  const lines = own.flatMap(({ headers }) => headers.getSetCookie())
  assert.ok(lines.length >= 4)
  for (const line of lines) {
    assert.equal(line.startsWith('__Host-Http-doorman'), isTls)
    const attributes = line.split('; ').slice(1)
    const fixed = attributes.filter((attribute) => !attribute.startsWith('Max-Age='))
    assert.deepEqual(fixed, ['Path=/', 'HttpOnly', ...(isTls ? ['Secure'] : []), 'SameSite=Lax'])
  }
  for (const { cookiesSet } of own) assert.equal(new Set(cookiesSet).size, cookiesSet.length)
  assert.match(sessionId(stage, browser) ?? '', /^[\w-]{43}$/)
})

testOnBothFronts('two tabs log in at once, and each comes back to its own page', async (stage) => {
  const browser = stage.browser()
  const first = await openLogin(stage, browser, '/page/one')
  const second = await openLogin(stage, browser, '/page/two')
  const back = await bring(browser, await choosePerson(browser, second))
  assert.equal(locationOf(back).pathname, '/page/two')
  const late = await bring(browser, await choosePerson(browser, first))
  assert.equal(locationOf(late).pathname, '/page/one')
  assert.equal(await statusOf(stage, browser), 200)
})

testOnBothFronts(
  'the same answer brought twice at once to two gateways is one login',
  async (stage) => {
    const browser = stage.browser()
    const callback = await callbackUrl(stage, browser, '/page/x')
    const gate = stage.realm.faults.holdToken()
    const answered = stage.gateways.map((_, index) =>
      nextEvent({ gateways: stage.gateways.slice(index, index + 1) }, 'request.answered'),
    )
    const both = Promise.all([bring(browser, callback), bring(browser, callback)])
    await gate.arrived()
    gate.release()
    for (const answer of await both) {
      assert.equal(answer.status, 303)
      assert.equal(locationOf(answer).pathname, '/page/x')
    }
    for (const { route } of await Promise.all(answered)) assert.equal(route, 'callback')
    assert.equal(redemptions(stage), 1)
    assert.equal(eventsOf(stage, 'login.finished').length, 1)
    assert.equal(await statusOf(stage, browser), 200)
  },
  { replicas: 2 },
)

testOnBothFronts(
  'an answer brought again later goes to the application and leaves the session alone',
  async (stage) => {
    const browser = stage.browser()
    const callback = await callbackUrl(stage, browser, '/page/x')
    await bring(browser, callback)
    const session = sessionId(stage, browser)
    const again = await bring(browser, callback)
    assert.equal(again.status, 303)
    assert.ok(locationOf(again).href.startsWith(stage.publicUrl))
    assert.equal(redemptions(stage), 1)
    assert.equal(sessionId(stage, browser), session)
    assert.equal(await statusOf(stage, browser), 200)
  },
)

test('whoever reloads while the login is being finished ends logged in', async (t) => {
  const stage = await setStage(t, { replicas: 2 })
  const browser = stage.browser()
  const callback = await callbackUrl(stage, browser, '/page/x')
  const gate = stage.realm.faults.holdToken()
  const closedTab = new AbortController()
  const lost = browser.navigate(callback, { signal: closedTab.signal })
  await gate.arrived()
  closedTab.abort()
  await assert.rejects(lost)
  gate.release()
  const last = (await browser.follow(callback)).at(-1)
  assert.equal(last?.status, 200)
  assert.equal(last?.url, stage.url('/page/x'))
})

testOnBothFronts('a login always makes a new session and ends the one that was planted', async (stage) => {
  const attacker = await stage.loggedIn('bob')
  const planted = sessionId(stage, attacker) ?? ''
  const victim = stage.browser()
  victim.cookies.set('localhost', sessionCookieName(stage), planted)
  await bring(victim, await callbackUrl(stage, victim, '/auth/login?force=true', 'alice'))
  assert.notEqual(sessionId(stage, victim), planted)
  assert.equal(await statusOf(stage, victim), 200)
  assert.equal(await statusOf(stage, attacker), 401)
})

test('an unknown planted id is not taken over', async (t) => {
  const stage = await setStage(t)
  const victim = stage.browser()
  const planted = 'A'.repeat(43)
  victim.cookies.set('localhost', sessionCookieName(stage), planted)
  await victim.logIn(stage.url('/auth/login'), ALICE)
  assert.notEqual(sessionId(stage, victim), planted)
  assert.equal(await statusOf(stage, victim), 200)
})

testOnBothFronts('somebody logged in goes straight to the page, unless more is asked for', async (stage) => {
  const browser = await stage.loggedIn()
  stage.realm.calls.clear()
  const straight = await browser.navigate(stage.url('/auth/login?return_to=/page/y'))
  assert.equal(locationOf(straight).href, stage.url('/page/y'))
  assert.equal(stage.realm.calls.count('auth'), 0)
  const forced = await browser.navigate(stage.url('/auth/login?return_to=/page/y&force=true'))
  assert.ok(locationOf(forced).href.startsWith(stage.realm.issuer))
})

test('a login after the realm has changed its keys works', async (t) => {
  const stage = await setStage(t)
  await stage.loggedIn()
  await stage.realm.rotateKeys('remove')
  assert.equal(await statusOf(stage, await stage.loggedIn('bob')), 200)
})

test('a realm that was down when the gateway started is found when it is back', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { gateway: { clock: clock.now } })
  await stage.realm.stopListening()
  await stage.restart(0)
  const page = await stage.browser().navigate(stage.url('/auth/login'))
  assert.equal(page.status, 503)
  assert.ok(Number(page.headers.get('retry-after')) > 0)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  const operator = stage.gateways[0]?.operatorAddress
  const ready = () => createBrowser().fetch(`http://${operator?.host}:${operator?.port}/readyz`)
  assert.equal((await ready()).status, 503)
  await stage.realm.startListening()
  clock.advance(2)
  assert.equal(await statusOf(stage, await stage.loggedIn()), 200)
})
