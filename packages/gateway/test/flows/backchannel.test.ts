// The realm says that sessions have ended: they end on every replica, whatever is being refreshed or logged in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { postLogout, sidOf, tellGateways } from '../support/back-channel-logout.ts'
import { askGateway, cookieOf, eventsOf, logInExpired, nextEvent, setStage, statusOf } from '../support/flow.ts'
import type { Stage } from '../support/stage.ts'

/** So that only the word of the store can end a session in time. */
const LONG_CACHE = 'cacheAge: 1h'
const WITHIN_MILLISECONDS = 10_000

/** What each replica says to this cookie. */
async function statuses(stage: Stage, cookie: string): Promise<readonly number[]> {
  const asked = stage.gateways.map((_, gateway) => askGateway(stage, '/api/x', { gateway, headers: { cookie } }))
  return (await Promise.all(asked)).map(({ status }) => status)
}

/** Asks until all replicas refuse it. Without the word of the store that would take an hour. */
async function untilOut(stage: Stage, cookie: string): Promise<void> {
  const giveUpAt = performance.now() + WITHIN_MILLISECONDS
  for (;;) {
    const found = await statuses(stage, cookie)
    if (found.every((status) => status === 401)) return
    assert.ok(performance.now() < giveUpAt, `still ${found}`)
  }
}

for (const tells of ['with sid', 'without sid'] as const) {
  test(`an administrator’s end ${tells} is the end on every replica`, async (t) => {
    const stage = await setStage(t, { replicas: 2, session: LONG_CACHE })
    tellGateways(stage, tells)
    const [alice, bob] = [await stage.loggedIn(), await stage.loggedIn('bob')]
    const [aliceCookie, bobCookie] = [cookieOf(stage, alice), cookieOf(stage, bob)]
    assert.deepEqual(await statuses(stage, aliceCookie), [200, 200])
    await stage.realm.endSession(sidOf(stage.realm, 'alice'))
    await untilOut(stage, aliceCookie)
    assert.deepEqual(await statuses(stage, bobCookie), [200, 200])
    const [ended] = eventsOf(stage, 'session.ended')
    assert.equal(ended?.by, 'back-channel')
    assert.equal(eventsOf(stage, 'back-channel.received')[0]?.sessions, 1)
  })
}

test('with a sid the person’s other sessions stay; without one all of them end', async (t) => {
  const stage = await setStage(t)
  tellGateways(stage, 'with sid')
  const [first, second] = [await stage.loggedIn(), await stage.loggedIn()]
  await stage.realm.endSession(sidOf(stage.realm, 'alice'))
  assert.deepEqual([await statusOf(stage, first), await statusOf(stage, second)], [401, 200])
  tellGateways(stage, 'without sid')
  const third = await stage.loggedIn()
  await stage.realm.endSession(sidOf(stage.realm, 'alice'))
  assert.deepEqual([await statusOf(stage, second), await statusOf(stage, third)], [401, 401])
})

test('a burst about all of a person’s sessions is taken', async (t) => {
  const stage = await setStage(t, { replicas: 2 })
  tellGateways(stage, 'with sid')
  const browsers: Browser[] = []
  for (let count = 0; count < 10; count += 1) browsers.push(await stage.loggedIn())
  await stage.realm.endSessionsOf('alice')
  for (const browser of browsers) assert.equal(await statusOf(stage, browser), 401)
  assert.equal(eventsOf(stage, 'session.ended').length, 10)
})

test('a burst is taken that is more than people may ask for', async (t) => {
  const stage = await setStage(t, { config: 'limit: { rate: 50/min, by: ip }' })
  tellGateways(stage, 'with sid')
  const browser = await stage.loggedIn()
  const answers = await Promise.all(Array.from({ length: 100 }, () => postLogout(stage, 'logout_token=x')))
  assert.ok(answers.every(({ status }) => status === 400))
  await stage.realm.endSessionsOf('alice')
  assert.equal(eventsOf(stage, 'session.ended').length, 1)
  assert.equal(await statusOf(stage, browser), 401)
})

test('ended by back channel, the browser is asked who it is, and is in again as anybody', async (t) => {
  const stage = await setStage(t)
  tellGateways(stage, 'with sid')
  const browser = await stage.loggedIn()
  await stage.realm.endSessionsOf('alice')
  assert.equal(await statusOf(stage, browser), 401)
  const again = await stage.loggedIn('bob')
  assert.equal(await statusOf(stage, again), 200)
})

for (const tells of ['with sid', 'without sid'] as const) {
  test(`what a refresh brings that finishes after the end is thrown away (${tells})`, async (t) => {
    const stage = await setStage(t)
    tellGateways(stage, tells)
    const browser = await logInExpired(stage)
    const cookie = cookieOf(stage, browser)
    const gate = stage.realm.faults.hold('token', 'after')
    const waiting = browser.fetch(stage.url('/api/x'))
    await gate.arrived()
    await stage.realm.endSession(sidOf(stage.realm, 'alice'))
    gate.release()
    assert.equal((await waiting).status, 401)
    assert.deepEqual(await statuses(stage, cookie), [401])
    assert.deepEqual(stage.upstream.received, [])
  })

  test(`a login that the end overtakes does not come to be (${tells})`, async (t) => {
    const stage = await setStage(t)
    tellGateways(stage, tells)
    const browser = stage.browser()
    const gate = stage.realm.faults.hold('token', 'after')
    const answers = browser.logIn(stage.url('/auth/login'), { username: 'alice', password: 'alice' })
    await gate.arrived()
    const sid = sidOf(stage.realm, 'alice')
    await stage.realm.endSession(sid)
    stage.realm.faults.hold('token', 'before')
    gate.release()
    // The person is asked again, and by now another session of the realm begins.
    await nextEvent(stage, 'login.refused')
    assert.equal(eventsOf(stage, 'login.refused')[0]?.code, 'ERR_SESSION_REVOKED')
    assert.equal(eventsOf(stage, 'login.finished').length, 0)
    assert.ok(stage.realm.sessions().every((session) => session.sid !== sid))
    stage.realm.faults.clear()
    await answers
  })
}

test('no call comes for what the realm ends in silence: the next refresh ends it', async (t) => {
  const stage = await setStage(t)
  const browser = await logInExpired(stage)
  await stage.realm.endSessionsOf('alice')
  assert.equal(await statusOf(stage, browser), 401)
})

test('the address takes forms of realms and nothing else, without cookies and whatever the origin', async (t) => {
  const stage = await setStage(t)
  tellGateways(stage, 'with sid')
  const browser = await stage.loggedIn()
  const cookie = cookieOf(stage, browser)
  const refused = [
    [405, await askGateway(stage, '/auth/backchannel-logout')],
    [405, await askGateway(stage, '/auth/backchannel-logout', { method: 'PUT' })],
    [400, await postLogout(stage, '{"logout_token":"x"}', { 'content-type': 'application/json' })],
    [400, await postLogout(stage, 'logout_token=x', { cookie })],
    [
      400,
      await postLogout(stage, 'logout_token=x', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }),
    ],
    [400, await postLogout(stage, 'logout_token=a&logout_token=b')],
    [400, await postLogout(stage, '')],
    [413, await postLogout(stage, `logout_token=${'x'.repeat(17_000)}`)],
    [413, await postLogout(stage, `logout_token=${'x'.repeat(300_000)}`)],
  ] as const
  for (const [status, answer] of refused) {
    assert.equal(answer.status, status)
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.headers['set-cookie'], undefined)
    if (status !== 405) assert.equal(JSON.parse(answer.body).error, 'invalid_request')
  }
  assert.equal(await statusOf(stage, browser), 200)
})
