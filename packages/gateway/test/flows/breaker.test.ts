// A realm that fails again and again is left alone for a while, and nobody is logged out for it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULTS } from '@doorman/dev-realm'
import { request } from 'undici'
import {
  assertLaterWithSession,
  assertNoEndedToken,
  createShiftedClock,
  eventsOf,
  isReady,
  logInExpired,
  refreshes,
  setStage,
  statusOf,
} from '../support/flow.ts'
import type { Stage } from '../support/stage.ts'

const FAILURES = 5
const PAUSE_SECONDS = 3

async function breakerGauge({ gateways }: Stage): Promise<string | undefined> {
  const { port } = gateways[0]!.operatorAddress
  const { body } = await request(`http://127.0.0.1:${port}/metrics`)
  return /^doorman_realm_breaker\{realm="main"\} (\d)$/m.exec(await body.text())?.[1]
}

test('a realm in trouble is spared, living tokens go on, and one request finds out that it is well', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { realm: { revokeRefreshToken: true }, gateway: { clock: clock.now } })
  const living = await stage.loggedIn()
  const waiting = []
  for (let person = 0; person <= FAILURES; person += 1) waiting.push(await logInExpired(stage))
  const well = stage.realm.faults.every('token', FAULTS.badGateway)
  for (const browser of waiting.slice(0, FAILURES)) {
    assertLaterWithSession(await browser.fetch(stage.url('/api/x')))
  }
  const asked = refreshes(stage)
  assert.equal(asked, 2 * FAILURES)
  for (const browser of waiting) assertLaterWithSession(await browser.fetch(stage.url('/api/x')))
  assert.equal(refreshes(stage), asked)
  assert.equal(await statusOf(stage, living), 200)
  assert.equal(await isReady(stage), true)
  assert.equal(await breakerGauge(stage), '2')

  clock.advance(PAUSE_SECONDS)
  assertLaterWithSession(await waiting[0]!.fetch(stage.url('/api/x')))
  assert.equal(refreshes(stage), asked + 2)

  well()
  clock.advance(PAUSE_SECONDS)
  for (const browser of waiting) assert.equal(await statusOf(stage, browser), 200)
  assert.equal(await breakerGauge(stage), '0')
  assert.deepEqual(
    eventsOf(stage, 'realm.breaker').map(({ state }) => state),
    ['open', 'half-open', 'open', 'half-open', 'closed'],
  )
  assert.deepEqual(eventsOf(stage, 'session.ended'), [])
  assertNoEndedToken(stage)
})
