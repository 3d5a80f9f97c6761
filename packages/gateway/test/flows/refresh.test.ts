// What happens at the end of an access token: one request to the realm, and nobody is logged out but by the realm.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULTS } from '@doorman/dev-realm'
import type { Browser } from '@doorman/dev-realm/browser'
import {
  assertLaterWithSession,
  assertNoEndedToken,
  createShiftedClock,
  logInExpired,
  nextEvent,
  problemCode,
  refreshes,
  sessionCookieName,
  sessionId,
  setStage,
  statusOf,
  testOnBothFronts,
} from '../support/flow.ts'
import type { Stage } from '../support/stage.ts'

const ROUNDS = 50
const WAITING = 20
const ROTATING = { revokeRefreshToken: true }

const fetchMany = (stage: Stage, browser: Browser) =>
  Promise.all(Array.from({ length: WAITING }, () => browser.fetch(stage.url('/api/x'))))

for (const replicas of [1, 2]) {
  test(`${WAITING} requests at expiry over ${replicas} gateways on one file are one token request and ${WAITING} answers`, async (t) => {
    const stage = await setStage(t, { replicas, realm: ROTATING })
    for (let round = 1; round <= ROUNDS; round += 1) {
      const browser = await logInExpired(stage)
      const answers = await fetchMany(stage, browser)
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
    const answers = fetchMany(stage, browser)
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
    for (const answer of await fetchMany(stage, browser)) assertLaterWithSession(answer)
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

const PASSING = {
  'a 500': FAULTS.serverError,
  'a 502 page of a proxy': FAULTS.badGateway,
  'the 503 of a booting realm': FAULTS.booting,
  'a 429': FAULTS.tooManyRequests,
  'a 401 invalid_client': FAULTS.invalidClient,
  'a 401 unauthorized_client': FAULTS.unauthorizedClient,
  'a 403': FAULTS.realmDisabled,
  'a 404': FAULTS.realmMissing,
  'a page': FAULTS.html,
  'broken JSON': FAULTS.brokenJson,
  'an empty object': FAULTS.emptyObject,
  'a connection cut': FAULTS.cutBefore,
} as const

test('trouble at the realm keeps the session', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { realm: ROTATING, gateway: { clock: clock.now } })
  for (const [trouble, fault] of Object.entries(PASSING)) {
    await t.test(trouble, async () => {
      const browser = await logInExpired(stage)
      const before = sessionId(stage, browser)
      const end = stage.realm.faults.every('token', fault)
      const answer = await browser.fetch(stage.url('/api/x'))
      assertLaterWithSession(answer)
      end()
      clock.advance(Number(answer.headers.get('retry-after')))
      assert.equal(await statusOf(stage, browser), 200)
      assert.equal(sessionId(stage, browser), before)
      assertNoEndedToken(stage)
    })
  }
})

test('no trouble is waited out longer than a few seconds, whatever the realm says', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { gateway: { clock: clock.now } })
  const browser = await logInExpired(stage)
  stage.realm.faults.once('token', FAULTS.booting)
  stage.realm.faults.once('token', FAULTS.booting)
  assertLaterWithSession(await browser.fetch(stage.url('/api/x')))
  assertLaterWithSession(await browser.fetch(stage.url('/api/x')))
  assert.equal(refreshes(stage), 2, 'in the pause the realm is left alone')
  clock.advance(5.1)
  assert.equal(await statusOf(stage, browser), 200)
})

for (const [setting, realm] of [
  ['rotation off', {}],
  ['one reuse allowed', { revokeRefreshToken: true, refreshTokenMaxReuse: 1 }],
] as const) {
  for (const [loss, fault] of [
    ['is lost', FAULTS.cutAfter],
    ['is a 500', FAULTS.serverErrorAfter],
  ] as const) {
    testOnBothFronts(
      `with ${setting} an answer that ${loss} after the realm has done its work costs one repetition`,
      async (stage) => {
        const browser = await logInExpired(stage)
        stage.realm.faults.once('token', fault)
        const answers = await fetchMany(stage, browser)
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
        assert.equal(refreshes(stage), 2)
        assertNoEndedToken(stage)
      },
      { realm },
    )
  }
}

testOnBothFronts(
  'with no reuse allowed a lost answer ends the session once, and the spent token is not sent again',
  async (stage) => {
    const browser = await logInExpired(stage)
    stage.realm.faults.once('token', FAULTS.cutAfter)
    const answers = await fetchMany(stage, browser)
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]))
    assert.equal(await statusOf(stage, browser), 401)
    assert.equal(refreshes(stage), 2)
    assert.equal(stage.events.filter(({ kind }) => kind === 'session.ended').length, 1)
    assert.deepEqual(stage.upstream.received, [])
  },
  { realm: ROTATING },
)

test('a new refresh token in an answer of no other use is kept: the old one may be spent', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { realm: ROTATING, gateway: { clock: clock.now } })
  const browser = await logInExpired(stage)
  stage.realm.faults.tokenResponse({ access_token: undefined })
  assertLaterWithSession(await browser.fetch(stage.url('/api/x')))
  clock.advance(2)
  assert.equal(await statusOf(stage, browser), 200)
  assert.equal(refreshes(stage), 2)
})

testOnBothFronts('a session the realm has ended is a 401 for a fetch and a login for a page', async (stage) => {
  const browser = await logInExpired(stage)
  stage.realm.endSessionsOf('alice')
  const answer = await browser.fetch(stage.url('/api/x'))
  assert.equal(answer.status, 401)
  assert.equal(problemCode(answer), 'login_required')
  const page = await browser.navigate(stage.url('/page/x'))
  assert.equal(page.status, 303)
  assert.ok(page.headers.get('location')?.startsWith(stage.realm.issuer))
  assert.equal((await browser.fetch(stage.url('/auth/user'))).status, 401)
  assert.equal(refreshes(stage), 1)
  assert.deepEqual(stage.upstream.received, [])
})

testOnBothFronts('a page that meets the end of its session goes to log in at once', async (stage) => {
  const browser = await logInExpired(stage)
  stage.realm.endSessionsOf('alice')
  const page = await browser.navigate(stage.url('/page/x?y=1'))
  assert.equal(page.status, 303)
  assert.ok(page.headers.get('location')?.startsWith(stage.realm.issuer))
})

for (const [whose, fault] of [
  ['another person', 'other-subject'],
  ['another issuer', 'wrong-issuer'],
] as const) {
  test(`a verified ID token of ${whose} ends the session`, async (t) => {
    const stage = await setStage(t)
    const browser = await logInExpired(stage)
    stage.realm.faults.idToken(fault)
    assert.equal(await statusOf(stage, browser), 401)
    assert.equal(await statusOf(stage, browser), 401)
    assert.equal(refreshes(stage), 1)
    assert.deepEqual(stage.upstream.received, [])
  })
}

const UNUSABLE_ID_TOKENS = [
  'absent',
  'not-a-token',
  'bad-signature',
  'unknown-key',
  'algorithm-none',
  'algorithm-hs256',
  'expired',
  'wrong-audience',
  'wrong-access-token-hash',
] as const

test('a refreshed ID token that proves nothing keeps the session and its claims', async (t) => {
  const stage = await setStage(t, { realm: ROTATING })
  for (const fault of UNUSABLE_ID_TOKENS) {
    await t.test(fault, async () => {
      const browser = await logInExpired(stage)
      stage.realm.directory.setUser('alice', { firstName: 'Mallory' })
      stage.realm.faults.idToken(fault)
      assert.equal(await statusOf(stage, browser), 200)
      stage.realm.directory.setUser('alice', { firstName: 'Alice' })
      assert.equal((await userOf(stage, browser)).name, 'Alice Test')
      assertNoEndedToken(stage)
    })
  }
})

testOnBothFronts('roles and names changed at the realm count from the next refresh', async (stage) => {
  const browser = await logInExpired(stage)
  stage.realm.directory.setUser('alice', { firstName: 'Alicia', realmRoles: ['user', 'admin'] })
  assert.equal(await statusOf(stage, browser, '/admin/x'), 200)
  const user = await userOf(stage, browser)
  assert.equal(user.name, 'Alicia Test')
  assert.ok((user.roles as string[]).includes('admin'))
})

test('a role taken away at the realm is gone with the next refresh', async (t) => {
  const stage = await setStage(t)
  const carol = await logInExpired(stage, 'carol')
  stage.realm.directory.setUser('carol', { realmRoles: ['user'] })
  assert.equal(await statusOf(stage, carol, '/admin/x'), 403)
  assert.equal(await statusOf(stage, carol), 200)
})

for (const old of ['keep', 'remove'] as const) {
  test(`a key rotated just before a refresh is found (old keys: ${old})`, async (t) => {
    const stage = await setStage(t, { realm: ROTATING })
    const browser = await logInExpired(stage)
    await stage.realm.rotateKeys(old)
    stage.realm.directory.setUser('alice', { firstName: 'Alicia' })
    assert.equal(await statusOf(stage, browser), 200)
    assert.equal((await userOf(stage, browser)).name, 'Alicia Test', 'the new ID token was verified')
  })
}

test('a key that cannot be fetched keeps the session with its new tokens and its old claims', async (t) => {
  const stage = await setStage(t, { realm: ROTATING })
  const browser = await logInExpired(stage)
  await stage.realm.rotateKeys('remove')
  stage.realm.directory.setUser('alice', { firstName: 'Alicia' })
  stage.realm.faults.every('certs', FAULTS.serverError)
  assert.equal(await statusOf(stage, browser), 200)
  assert.equal((await userOf(stage, browser)).name, 'Alice Test')
  assertNoEndedToken(stage)
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

async function userOf(stage: Stage, browser: Browser): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse((await browser.fetch(stage.url('/auth/user'))).body)
}
