// A new sealing key reaches machines one after the other.
import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import type { Gateway } from '../../src/gateway.ts'
import { askGateway } from '../support/flow.ts'
import { newPrefix } from '../support/network-stores.ts'
import { startRedis } from '../support/servers/redis.ts'
import { openGround } from '../support/stage.ts'
import { openGateways } from '../support/stage-gateways.ts'

const redis = await startRedis()
after(() => redis.close())

const [OLD, NEW] = ['11'.repeat(32), '22'.repeat(32)]

test('a key that is known everywhere before it seals costs nobody a request; another one only until it is known', async (t) => {
  const ground = await openGround({ front: 'direct', store: redis.url, session: `prefix: ${newPrefix()}` })
  const opened: Gateway[] = []
  t.after(async () => {
    await ground.disconnect()
    await Promise.all(opened.map((gateway) => gateway.close()))
    await ground.close()
  })
  const fileOf = (machine: string) => join(ground.folder, `${machine}-keys`)
  // As Kubernetes changes what it has mounted: at once.
  const mount = (machine: string, ...keys: readonly string[]) => {
    writeFileSync(`${fileOf(machine)}.next`, `${keys.join('\n')}\n`, { mode: 0o640 })
    renameSync(`${fileOf(machine)}.next`, fileOf(machine))
  }
  const open = async (machine: string) => {
    mount(machine, OLD)
    const yaml = ground.yaml.replace(/^keys: .*$/m, `keys: ["\${file:${machine}-keys}"]`)
    const { gateways } = await openGateways(ground, yaml, {}, {})
    opened.push(...gateways)
  }
  await open('first')
  await open('second')
  const gateways = opened
  const statusAt = async (gateway: number, browser: Browser) => {
    const cookie = browser.cookies.header(ground.publicUrl) ?? ''
    return (await askGateway({ ...ground, gateways }, '/api/x', { gateway, headers: { cookie } })).status
  }
  const logInAt = async (gateway: number) => {
    ground.aim([gateways[gateway]?.publicAddress.port ?? 0])
    return ground.loggedIn()
  }

  const early = await logInAt(0)
  assert.deepEqual([await statusAt(0, early), await statusAt(1, early)], [200, 200])
  mount('first', NEW, OLD)
  mount('second', NEW, OLD)
  mount('first', OLD, NEW)
  // The newest key seals within a second of its being there.
  const late = await logInAt(0)
  assert.deepEqual([await statusAt(0, late), await statusAt(1, late)], [200, 200])
  mount('second', OLD, NEW)
  assert.deepEqual([await statusAt(0, early), await statusAt(1, early)], [200, 200])

  mount('first', OLD, '33'.repeat(32))
  for (;;) {
    const unknown = await logInAt(0)
    const status = await statusAt(1, unknown)
    if (status === 200) continue
    assert.equal(status, 503)
    mount('second', OLD, '33'.repeat(32))
    while ((await statusAt(1, unknown)) === 503);
    assert.equal(await statusAt(1, unknown), 200)
    return
  }
})
