// What limits do that all processes count together, whatever store counts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newPrefix } from './network-stores.ts'
import { openStage } from './stage.ts'

export interface CountingServer {
  readonly url: string
  stop(): Promise<void>
  start(): Promise<void>
}

/** `namesOf`: how the server names the counters that it has. */
export function sharedLimitTest(server: CountingServer, namesOf: (prefix: string) => Promise<readonly string[]>): void {
  test('two replicas count one limit together, and each for itself while the store is down', async (t) => {
    const prefix = newPrefix()
    const stage = await openStage({
      front: 'direct',
      replicas: 2,
      store: server.url,
      session: `prefix: ${prefix}`,
      routes: `
  - { path: "/public/*", service: api, require: none, credential: none, limit: { rate: 6/d, by: ip, shared: true } }
`,
    })
    t.after(() => stage.close())
    const ask = async () => (await stage.browser().fetch(stage.url('/public/x'))).status
    const statuses = []
    for (let at = 0; at < 8; at += 1) statuses.push(await ask())
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200, 429, 429])
    const names = await namesOf(prefix)
    assert.equal(names.length, 1)
    assert.doesNotMatch(names.join(), /127\.0\.0\.1/)
    await server.stop()
    assert.equal(await ask(), 200)
    const said = stage.events.flatMap((event) => (event.kind === 'gateway.warned' ? [event.warning] : []))
    assert.ok(said.includes('the limit of /public/* is counted locally'), said.join())
    await server.start()
  })
}
