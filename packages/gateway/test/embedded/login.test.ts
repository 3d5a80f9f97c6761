// Login, its session and its end, through a gateway that listens nowhere.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setEmbeddedStage } from '../support/embedded-stage.ts'
import { locationOf, statusOf, userOf } from '../support/flow.ts'

test('somebody logs in, is known to the application, and logs out', async (t) => {
  const stage = await setEmbeddedStage(t)
  const browser = await stage.loggedIn('alice')
  const user = await userOf(stage, browser)
  assert.equal(user.name, 'Alice Test')
  const found = await stage.gateway.findSession(stage.request('/', browser).headers)
  assert.ok(found.kind === 'active')
  assert.equal(found.session.id, user.id)
  assert.equal(await statusOf(stage, browser), 200)
  assert.match(stage.upstream.received[0]!.headers.authorization ?? '', /^Bearer /)
  const answers = await browser.follow(stage.url(String(user.logout_url)))
  assert.equal(locationOf(answers[0]!).origin, new URL(stage.realm.issuer).origin)
  assert.equal(await statusOf(stage, browser), 401)
  assert.deepEqual(await stage.gateway.findSession(stage.request('/', browser).headers), { kind: 'none' })
})
