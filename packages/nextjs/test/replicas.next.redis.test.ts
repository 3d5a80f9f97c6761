// Two servers of an application, each with the gateway inside, on one Redis.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { request } from 'undici'
import type { RunningNext } from '../../../scripts/support/next-application.ts'
import { logInExpired, refreshes } from '../../gateway/test/support/flow.ts'
import { startRedis } from '../../gateway/test/support/servers/redis.ts'
import { type NextStage, openNextStage } from './support/next-stage.ts'

const redis = await startRedis()
let stage: NextStage
let second: RunningNext
before(async () => {
  stage = await openNextStage('embedded', { store: redis.url })
  second = await stage.startAnother()
})
after(async () => {
  await second?.close()
  await stage?.close()
  await redis.close()
})

/** From now on browsers reach one server alone. */
function turnTo({ port }: RunningNext): void {
  stage.front.aim([port])
}

test('whoever has logged in at one is known at the other, and whoever has logged out is nobody at both', async () => {
  const alice = await stage.loggedIn()
  turnTo(second)
  assert.equal((await alice.fetch(stage.url('/api/me'))).status, 200)
  const { status } = await alice.fetch(stage.url('/auth/logout'), { method: 'POST' })
  assert.equal(status, 200)
  for (const server of [second, stage.next]) {
    turnTo(server)
    assert.equal((await alice.fetch(stage.url('/api/me'))).status, 401)
  }
})

test('an ended token that both meet at once costs one request', async () => {
  const browser = await logInExpired(stage)
  const cookie = browser.cookies.header(stage.publicUrl) ?? ''
  const before = refreshes(stage)
  const headers = { cookie, host: new URL(stage.publicUrl).host, 'sec-fetch-site': 'same-origin' }
  const ask = async ({ port }: RunningNext) => {
    const { statusCode, body } = await request(`http://127.0.0.1:${port}/api/agent/x`, { headers })
    await body.dump()
    return statusCode
  }
  const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => ask(at % 2 === 0 ? stage.next : second)))
  assert.deepEqual(new Set(answers), new Set([200]))
  assert.equal(refreshes(stage) - before, 1)
})
