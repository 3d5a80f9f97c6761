// Ways to outlive the end of a session, or to end one that was not meant.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createShiftedClock, setStage } from '../support/flow.ts'

test('a request that waits for the realm’s word does not go on after a logout, though the realm says nothing', async (t) => {
  const clock = createShiftedClock()
  const realm = { accessTokenSeconds: 3600 }
  const stage = await setStage(t, {
    gateway: { clock: clock.now },
    realm,
    session: 'verifyEvery: 30s',
    config: 'refresh: { wait: 500ms }',
  })
  const alice = await stage.loggedIn()
  const other = stage.browser()
  for (const name of alice.cookies.names('localhost')) {
    other.cookies.set('localhost', name, alice.cookies.get('localhost', name) ?? '')
  }
  clock.advance(31)
  const gate = stage.realm.faults.hold('token')
  const waiting = alice.fetch(stage.url('/api/x'))
  await gate.arrived()
  assert.equal((await other.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
  assert.equal((await waiting).status, 401)
  assert.deepEqual(stage.upstream.received, [])
  gate.release()
})
