// Several real processes on one Redis.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { buildRecord } from '../contracts/session-store.ts'
import { newPrefix, openTestRedis } from '../support/network-stores.ts'
import { startRedis } from '../support/servers/redis.ts'
import { eventually } from '../support/store-changes.ts'
import { startStoreProcess } from '../support/store-process.ts'

const server = await startRedis()
after(server.close)
const prefix = newPrefix()
const processes = await Promise.all([1, 2, 3].map(() => startStoreProcess(server.url, prefix)))
const store = await openTestRedis(server.url, { prefix })
after(() => store.close())

function newRecord(key: string, sealed = '0') {
  return buildRecord(key, { sealed: Buffer.from(sealed), expiresAt: store.now() + 600 })
}

test('of all processes exactly one has a claim', async () => {
  const names = Array.from({ length: 50 }, () => randomUUID())
  const outcomes = await Promise.all(processes.map((process) => process.run('claim', names)))
  for (const index of names.keys()) {
    assert.equal(outcomes.filter((outcome) => outcome[index] === 'claimed').length, 1)
  }
})

test('no compare-and-set of one process undoes that of another', async () => {
  await store.create(newRecord('counter'))
  await Promise.all(processes.map((process) => process.run('count', 'counter', 40)))
  const record = await store.read('counter')
  assert.deepEqual([record?.sealed.toString(), record?.version], ['120', 121])
})

test('whoever has the lease meets no other writer', async () => {
  await store.create(newRecord('leased'))
  const conflicts = await Promise.all(processes.map((process) => process.run('countUnderLease', 'leased', 15)))
  assert.deepEqual(conflicts, [0, 0, 0])
  assert.equal((await store.read('leased'))?.sealed.toString(), '45')
})

test('the lease of a process that has died ends, and not before', async () => {
  const dying = await startStoreProcess(server.url, prefix)
  await dying.run('acquire', 'of the dead', 2)
  await dying.kill()
  assert.equal(await store.acquireLease('of the dead', 'heir', 10), false)
  const startedAt = store.now()
  await eventually(() => store.acquireLease('of the dead', 'heir', 10))
  assert.ok(store.now() - startedAt > 0.5)
})

test('SIGKILL loses nothing that was acknowledged', async () => {
  const writer = await startStoreProcess(server.url, prefix)
  const acknowledged: string[] = []
  writer.run('flood').catch(() => undefined)
  await new Promise<void>((resolve) => {
    writer.child.on('message', (told: { acknowledged?: string }) => {
      if (told.acknowledged !== undefined) acknowledged.push(told.acknowledged)
      if (acknowledged.length === 100) resolve()
    })
  })
  await writer.kill()
  for (const key of acknowledged) {
    assert.notEqual(await store.read(key), undefined)
    assert.deepEqual(await store.find('handle', `handle of ${key}`), [key])
  }
})
