// Ends that outlive the process which began them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sidOf, tellGateways } from '../support/back-channel-logout.ts'
import { createShiftedClock, nextEvent, setStage, statusOf } from '../support/flow.ts'
import { setProcessStage } from '../support/gateway-process.ts'

test('a session ended from another one ends at the realm when that is back, whichever process lives then', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { gateway: { clock: clock.now } })
  const [ended, other] = [await stage.loggedIn(), await stage.loggedIn()]
  await stage.realm.stopListening()
  const pending = nextEvent(stage, 'realm-session.pending')
  assert.equal((await other.fetch(stage.url('/auth/sessions?others=true'), { method: 'DELETE' })).status, 200)
  await pending
  assert.equal(await statusOf(stage, ended), 401)
  await stage.realm.startListening()
  assert.equal(stage.realm.sessions().length, 2)
  await stage.restart(0)
  clock.advance(30)
  await nextEvent(stage, 'realm-session.ended')
  assert.equal(stage.realm.sessions().length, 1)
  assert.equal(await statusOf(stage, other), 200)
})

test('a logout that the realm did not confirm is made up for', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { gateway: { clock: clock.now } })
  const browser = await stage.loggedIn()
  await stage.realm.stopListening()
  const answer = await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
  assert.equal(JSON.parse(answer.body).logout_url, '/auth/logged-out?realm=unconfirmed')
  await stage.realm.startListening()
  clock.advance(30)
  await nextEvent(stage, 'realm-session.ended')
  assert.deepEqual(stage.realm.sessions(), [])
})

test('after a 200 to the realm nothing is lost, though the process is killed at once', async (t) => {
  const stage = await setProcessStage(t)
  tellGateways(stage, 'with sid')
  const first = await stage.start()
  const browser = await stage.loggedIn()
  assert.equal(await statusOf(stage, browser), 200)
  await stage.realm.endSession(sidOf(stage.realm, 'alice'))
  await stage.end(first, 'SIGKILL')
  await stage.start()
  assert.equal(await statusOf(stage, browser), 401)
})
