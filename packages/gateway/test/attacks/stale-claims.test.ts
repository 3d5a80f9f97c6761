// What the realm takes away is gone with the next refresh, and what somebody else's tokens say never counts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createShiftedClock, setStage, statusOf, userOf } from '../support/flow.ts'

test('a role that was taken away is gone after the next refresh (CVE-2021-41230, GHSA-x883)', async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { gateway: { clock: clock.now } })
  const carol = await stage.loggedIn('carol')
  assert.equal(await statusOf(stage, carol, '/admin/x'), 200)
  stage.realm.directory.setUser('carol', { realmRoles: ['user'] })
  clock.advance(60)
  assert.equal(await statusOf(stage, carol, '/admin/x'), 403)
  assert.doesNotMatch(JSON.stringify(await userOf(stage, carol)), /admin/)
  assert.equal(await statusOf(stage, carol, '/api/x'), 200)
})
