// What a realm can do wrong when it is asked for new tokens: none of it logs anybody out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULTS } from '@doorman/dev-realm'
import {
  assertLaterWithSession,
  assertNoEndedToken,
  createShiftedClock,
  fetchMany,
  logInExpired,
  refreshes,
  sessionId,
  setStage,
  statusOf,
  testOnBothFronts,
} from '../support/flow.ts'

const WAITING = 20
const ROTATING = { revokeRefreshToken: true }

/** And how often the realm is then asked: once more after silence and after a 5xx, never after a refusal. */
const PASSING = {
  'a 500': [FAULTS.serverError, 2],
  'a 502 page of a proxy': [FAULTS.badGateway, 2],
  'the 503 of a booting realm': [FAULTS.booting, 2],
  'a 429': [FAULTS.tooManyRequests, 1],
  'a 401 invalid_client': [FAULTS.invalidClient, 1],
  'a 401 unauthorized_client': [FAULTS.unauthorizedClient, 1],
  'a 403': [FAULTS.realmDisabled, 1],
  'a 404': [FAULTS.realmMissing, 1],
  'a page': [FAULTS.html, 1],
  'broken JSON': [FAULTS.brokenJson, 1],
  'an empty object': [FAULTS.emptyObject, 1],
  'a connection cut': [FAULTS.cutBefore, 2],
} as const

test('trouble at the realm keeps the session', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { realm: ROTATING, gateway: { clock: clock.now } })
  for (const [trouble, [fault, calls]] of Object.entries(PASSING)) {
    await t.test(trouble, async () => {
      const browser = await logInExpired(stage)
      const before = sessionId(stage, browser)
      stage.realm.calls.clear()
      const end = stage.realm.faults.every('token', fault)
      const answer = await browser.fetch(stage.url('/api/x'))
      assertLaterWithSession(answer)
      assert.equal(refreshes(stage), calls)
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
        const answers = await fetchMany(stage, browser, WAITING)
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
        assert.equal(refreshes(stage), 2)
        assertNoEndedToken(stage)
      },
      { realm },
    )
  }
}

testOnBothFronts(
  'with no reuse allowed a lost answer costs the tokens, said once, and the spent token is not sent again',
  async (stage) => {
    const browser = await logInExpired(stage)
    stage.realm.faults.once('token', FAULTS.cutAfter)
    const answers = await fetchMany(stage, browser, WAITING)
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]))
    assert.equal(await statusOf(stage, browser), 401)
    assert.equal(refreshes(stage), 2)
    const told = stage.events.filter(({ kind }) => kind === 'session.ended' || kind === 'session.lost')
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['session.lost'],
    )
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
