// Replicas whose machines disagree about what time it is, over one store: its clock is the one that counts.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { systemClock } from '../../src/kernel/time.ts'
import {
  askGateway,
  assertNoEndedToken,
  cookieOf,
  eventsOf,
  logInExpired,
  refreshes,
  setStage,
} from '../support/flow.ts'
import { newPrefix } from '../support/network-stores.ts'
import { startRedis } from '../support/servers/redis.ts'

const server = await startRedis()
after(() => server.close())

for (const skewSeconds of [60, -60]) {
  test(`a gateway whose clock is off by ${skewSeconds} seconds serves, renews and ends as the others do`, async (t) => {
    const clocks = [() => systemClock() + skewSeconds, systemClock]
    const stage = await setStage(t, {
      replicas: 2,
      clocks,
      store: server.url,
      session: `prefix: ${newPrefix()}, idle: 30s`,
      realm: { revokeRefreshToken: true },
    })
    for (let round = 1; round <= 6; round += 1) {
      const browser = await logInExpired(stage)
      const headers = { cookie: cookieOf(stage, browser) }
      const asked = [0, 1, 0, 1, 0, 1].map((gateway) => askGateway(stage, '/api/x', { gateway, headers }))
      assert.deepEqual(new Set((await Promise.all(asked)).map(({ status }) => status)), new Set([200]))
      assert.equal(refreshes(stage), round)
    }
    assertNoEndedToken(stage)
    assert.deepEqual(eventsOf(stage, 'session.ended'), [])
  })
}
