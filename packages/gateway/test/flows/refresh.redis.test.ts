// The end of an access token over replicas that share nothing but a Redis.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  askGateway,
  assertNoEndedToken,
  cookieOf,
  eventsOf,
  fetchMany,
  logInExpired,
  refreshes,
  setStage,
} from '../support/flow.ts'
import { newPrefix } from '../support/network-stores.ts'
import { startRedis } from '../support/servers/redis.ts'

const server = await startRedis()
after(() => server.close())

const ROUNDS = 10

test('100 requests at expiry over 4 replicas are one token request and 100 answers, with rotation and no reuse', async (t) => {
  const stage = await setStage(t, {
    replicas: 4,
    store: server.url,
    session: `prefix: ${newPrefix()}`,
    realm: { revokeRefreshToken: true },
  })
  for (let round = 1; round <= ROUNDS; round += 1) {
    const browser = await logInExpired(stage)
    const answers = await fetchMany(stage, browser, 100)
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.equal(refreshes(stage), round)
  }
  assertNoEndedToken(stage)
  assert.deepEqual(eventsOf(stage, 'session.ended'), [])
})

test('a replica that waits for another one takes its tokens as soon as they are told', async (t) => {
  const stage = await setStage(t, { replicas: 2, store: server.url, session: `prefix: ${newPrefix()}` })
  const browser = await logInExpired(stage)
  const headers = { cookie: cookieOf(stage, browser) }
  const gate = stage.realm.faults.hold('token', 'after')
  const both = [0, 1].map((gateway) => askGateway(stage, '/api/x', { gateway, headers }))
  await gate.arrived()
  gate.release()
  assert.deepEqual(
    (await Promise.all(both)).map(({ status }) => status),
    [200, 200],
  )
  assert.equal(refreshes(stage), 1)
})
