// The end of an access token: one request to the realm for everybody who waits, whatever becomes of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertLaterWithSession,
  assertNoEndedToken,
  createShiftedClock,
  fetchMany,
  logInExpired,
  nextEvent,
  refreshes,
  sessionCookieName,
  sessionId,
  setStage,
  statusOf,
  testOnBothFronts,
} from '../support/flow.ts'

const WAITING = 20
const ROTATING = { revokeRefreshToken: true }

// Fifty rounds over two processes: processes.test.ts.
for (const [replicas, rounds] of [
  [1, 50],
  [2, 10],
] as const) {
  test(`${WAITING} requests at expiry over ${replicas} gateways on one file are one token request and ${WAITING} answers`, async (t) => {
    const stage = await setStage(t, { replicas, realm: ROTATING })
    for (let round = 1; round <= rounds; round += 1) {
      const browser = await logInExpired(stage)
      const answers = await fetchMany(stage, browser, WAITING)
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
      assert.equal(refreshes(stage), round)
    }
    assertNoEndedToken(stage)
  })
}

testOnBothFronts(
  'a browser that goes away in the middle of a refresh keeps its session',
  async (stage) => {
    const browser = await logInExpired(stage)
    const gate = stage.realm.faults.holdToken()
    const closedTab = new AbortController()
    const lost = browser.fetch(stage.url('/api/x'), { signal: closedTab.signal })
    await gate.arrived()
    closedTab.abort()
    await assert.rejects(lost)
    const refreshed = nextEvent(stage, 'tokens.refreshed')
    gate.release()
    assert.equal((await refreshed).outcome, 'success')
    assert.equal(await statusOf(stage, browser), 200)
    assert.equal(refreshes(stage), 1)
    assertNoEndedToken(stage)
  },
  { realm: ROTATING },
)

testOnBothFronts(
  `while the realm takes its time ${WAITING} requests wait for its one answer`,
  async (stage) => {
    const browser = await logInExpired(stage)
    const gate = stage.realm.faults.holdToken()
    const answers = fetchMany(stage, browser, WAITING)
    await gate.arrived()
    const late = browser.fetch(stage.url('/api/late'))
    assert.equal(stage.upstream.received.length, 0)
    gate.release()
    assert.deepEqual(new Set((await answers).map(({ status }) => status)), new Set([200]))
    assert.equal((await late).status, 200)
    assert.equal(refreshes(stage), 1)
    assertNoEndedToken(stage)
  },
  { realm: ROTATING },
)

testOnBothFronts(
  'a realm that hangs is waited for within bounds, and its late answer is used',
  async (stage) => {
    const { config } = stage
    assert.equal(config.refresh.waitSeconds, 0.2)
    const browser = await logInExpired(stage)
    const gate = stage.realm.faults.holdToken()
    const startedAt = performance.now()
    assertLaterWithSession(await browser.fetch(stage.url('/api/x')))
    assert.ok(performance.now() - startedAt < 3000)
    assert.deepEqual(
      stage.upstream.received.map(({ target }) => target),
      [],
    )
    const refreshed = nextEvent(stage, 'tokens.refreshed')
    gate.release()
    assert.equal((await refreshed).outcome, 'success')
    assert.equal(await statusOf(stage, browser), 200)
    assert.equal(refreshes(stage), 1)
  },
  { config: 'refresh: { wait: 200ms }' },
)

const clock = createShiftedClock()

testOnBothFronts(
  'a realm that is down at expiry keeps everybody logged in until it is back',
  async (stage) => {
    const browser = await logInExpired(stage)
    await stage.realm.stopListening()
    for (const answer of await fetchMany(stage, browser, WAITING)) assertLaterWithSession(answer)
    assert.equal((await browser.fetch(stage.url('/auth/user'))).status, 200)
    assert.deepEqual(stage.upstream.received, [])
    await stage.realm.startListening()
    clock.advance(2)
    assert.equal(await statusOf(stage, browser), 200)
    assertNoEndedToken(stage)
  },
  { realm: ROTATING, gateway: { clock: clock.now } },
)

test('while the access token lives, a realm that is down is not noticed', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { gateway: { clock: clock.now } })
  const browser = await stage.loggedIn()
  await stage.realm.stopListening()
  // Due: within thirty seconds or the last third of its life.
  clock.advance(45)
  const asked = nextEvent(stage, 'tokens.refreshed')
  assert.equal(await statusOf(stage, browser), 200)
  assert.equal((await asked).outcome, 'unavailable')
  assert.equal(await statusOf(stage, browser), 200)
  clock.advance(16)
  assertLaterWithSession(await browser.fetch(stage.url('/api/x')))
  assert.equal(stage.upstream.received.length, 2)
})

test('a logout in the middle of a refresh stays a logout', async (t) => {
  const stage = await setStage(t, { replicas: 2, realm: ROTATING })
  const browser = await logInExpired(stage)
  const gate = stage.realm.faults.hold('token', 'after')
  const waiting = browser.fetch(stage.url('/api/x'))
  await gate.arrived()
  const id = sessionId(stage, browser) ?? ''
  assert.equal((await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
  gate.release()
  assert.equal((await waiting).status, 401)
  browser.cookies.set('localhost', sessionCookieName(stage), id)
  for (const path of ['/api/x', '/auth/user', '/api/x', '/auth/user']) {
    assert.equal(await statusOf(stage, browser, path), 401)
  }
  assert.deepEqual(stage.upstream.received, [])
})

testOnBothFronts('a page may ask for a refresh, and the realm is asked at most once in ten seconds', async (stage) => {
  const browser = await stage.loggedIn()
  for (let asked = 0; asked < 3; asked += 1) {
    const answer = await browser.fetch(stage.url('/auth/refresh'), { method: 'POST' })
    assert.equal(answer.status, 200)
    assert.deepEqual(Object.keys(JSON.parse(answer.body)), ['expires_in'])
  }
  assert.equal(refreshes(stage), 1)
  assert.equal((await browser.fetch(stage.url('/auth/refresh'))).status, 405)
  const foreign = await browser.fetch(stage.url('/auth/refresh'), {
    method: 'POST',
    headers: { 'sec-fetch-site': 'cross-site' },
  })
  assert.equal(foreign.status, 403)
  assert.equal((await stage.browser().fetch(stage.url('/auth/refresh'), { method: 'POST' })).status, 401)
})
