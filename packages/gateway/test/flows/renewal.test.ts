// Tokens that are renewed though nobody asks.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { createShiftedClock, eventsOf, nextEvent, refreshes, setStage, statusOf } from '../support/flow.ts'
import { closeOf, openSocket, setSocketStage } from '../support/websockets.ts'

/** Of the realm's access tokens, which are due after two thirds of it. */
const LIFE_SECONDS = 60
const IDLE_SECONDS = 300

test('the tokens of an open WebSocket are renewed again and again, until the idle limit ends it', async (t) => {
  const clock = createShiftedClock()
  const { stage, cookie } = await setSocketStage(t, {
    gateway: { clock: clock.now },
    session: `idle: ${IDLE_SECONDS}s`,
    realm: { revokeRefreshToken: true },
  })
  const socket = await openSocket(stage, '/ws/room', { headers: { cookie } })
  for (let lives = 1; lives <= 3; lives += 1) {
    const refreshed = nextEvent(stage, 'tokens.refreshed')
    clock.advance(LIFE_SECONDS)
    assert.equal((await refreshed).outcome, 'success')
    assert.equal(refreshes(stage), lives)
  }
  socket.send('still open')
  assert.equal(String((await once(socket, 'message'))[0]), 'still open')
  const closed = closeOf(socket)
  clock.advance(IDLE_SECONDS - 3 * LIFE_SECONDS)
  assert.deepEqual(await closed, { code: 4401, reason: 'session ended: idle' })
  assert.equal(refreshes(stage), 3)
})

test('where it is asked for, the tokens of a session in use are renewed before anybody finds them due', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { gateway: { clock: clock.now }, config: 'refresh: { ahead: true }' })
  const browser = await stage.loggedIn()
  assert.equal(await statusOf(stage, browser), 200)
  const refreshed = nextEvent(stage, 'tokens.refreshed')
  clock.advance(LIFE_SECONDS)
  assert.equal((await refreshed).outcome, 'success')
  assert.equal(await statusOf(stage, browser), 200)
  assert.equal(refreshes(stage), 1)
  assert.deepEqual(eventsOf(stage, 'session.ended'), [])
})
