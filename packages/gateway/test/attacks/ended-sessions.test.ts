// Whoever has logged out is not spoken for any more, not even by a request that was under way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { problemCode, statusOf } from '../support/flow.ts'
import { type PairStage, setPairStage, testPairOnBothFronts } from '../support/pair-stage.ts'

/** Another tab: the same cookies on connections of its own. */
function anotherTab(stage: PairStage, browser: Browser): Browser {
  const tab = stage.browser()
  for (const name of browser.cookies.names('localhost')) {
    tab.cookies.set('localhost', name, browser.cookies.get('localhost', name) ?? '')
  }
  return tab
}

for (const service of ['billing', 'grants', 'jobs', 'robots']) {
  testPairOnBothFronts(`a logout while a token for ${service} is on its way stops the request`, async (stage) => {
    const alice = await stage.loggedIn()
    const other = anotherTab(stage, alice)
    const realm = service === 'robots' ? stage.models : stage.realm
    const gate = realm.faults.hold('token', 'after')
    const waiting = alice.fetch(stage.url(`/${service}/x`), {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    await gate.arrived()
    assert.equal((await other.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
    gate.release()
    const answer = await waiting
    assert.equal(answer.status, 401)
    assert.equal(problemCode(answer), 'login_required')
    assert.deepEqual(stage.upstream.received, [])
  })
}

test('a session that lives gets through, however long its token takes', async (t) => {
  const stage = await setPairStage(t)
  const alice = await stage.loggedIn()
  const gate = stage.realm.faults.hold('token', 'after')
  const waiting = statusOf(stage, alice, '/billing/x')
  await gate.arrived()
  gate.release()
  assert.equal(await waiting, 200)
})
