import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newPrefix } from '../support/network-stores.ts'
import { startRedis } from '../support/servers/redis.ts'
import { openStage } from '../support/stage.ts'

const redis = await startRedis()
after(() => redis.close())

async function openLimited(limit: string) {
  return openStage({
    front: 'direct',
    replicas: 2,
    store: redis.url,
    session: `prefix: ${newPrefix()}`,
    config: '',
    routes: `
  - { path: "/public/*", service: api, require: none, credential: none, limit: ${limit} }
`,
  })
}

test('two replicas count one limit together, and each for itself while the store is down', async (t) => {
  const stage = await openLimited('{ rate: 6/d, by: ip, shared: true }')
  t.after(() => stage.close())
  const ask = async () => (await stage.browser().fetch(stage.url('/public/x'))).status
  const statuses = []
  for (let at = 0; at < 8; at += 1) statuses.push(await ask())
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200, 429, 429])
  const keys = (await redis.ask('KEYS', '*:limit:*')) as readonly string[]
  assert.equal(keys.length, 1)
  assert.doesNotMatch(keys.join(), /127\.0\.0\.1/)
  await redis.stop()
  assert.equal(await ask(), 200)
  const said = stage.events.flatMap((event) => (event.kind === 'gateway.warned' ? [event.warning] : []))
  assert.ok(said.includes('the limit of /public/* is counted locally'), said.join())
  await redis.start()
})
