// Several real processes on one file.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildRecord } from '../contracts/session-store.ts'
import { openTestStore } from '../support/sqlite-stores.ts'
import { type StoreProcess, startStoreProcess } from '../support/store-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const PROCESSES = 3
const folder = temporaryFolder()
const path = join(folder, 'doorman.db')

// All at once, on a file that does not exist yet.
const processes: readonly StoreProcess[] = await Promise.all(
  Array.from({ length: PROCESSES }, () => startStoreProcess(path)),
)

test('processes that start at once make one store', async () => {
  const created = await Promise.all(processes.map((process, index) => process.run('create', `start ${index}`)))
  assert.deepEqual(created, [true, true, true])
  const store = await openTestStore(path)
  assert.equal((await store.find('subject', 'alice')).length, PROCESSES)
  await store.close()
  const left = readdirSync(folder).filter((file) => !file.startsWith('doorman.db'))
  assert.deepEqual(left, ['.gitignore'])
})

test('processes that start at once make one key ring', async () => {
  const ring = join(folder, 'keys')
  const ids = await Promise.all(processes.map((process) => process.run('keyIds', ring)))
  assert.equal(ids[0]?.length, 1)
  assert.deepEqual(new Set(ids.flat()).size, 1)
})

test('of all processes exactly one has a claim', async () => {
  const names = Array.from({ length: 50 }, () => randomUUID())
  const outcomes = await Promise.all(processes.map((process) => process.run('claim', names)))
  for (const index of names.keys()) {
    const claimed = outcomes.filter((outcome) => outcome[index] === 'claimed')
    assert.equal(claimed.length, 1)
  }
})

test('no compare-and-set of one process undoes that of another', async () => {
  const store = await openTestStore(path)
  await store.create(buildRecord('counter', { sealed: Buffer.from('0') }))
  await Promise.all(processes.map((process) => process.run('count', 'counter', 40)))
  const record = await store.read('counter')
  assert.deepEqual([record?.sealed.toString(), record?.version], ['120', 121])
  await store.close()
})

test('whoever has the lease meets no other writer', async () => {
  const store = await openTestStore(path)
  await store.create(buildRecord('leased', { sealed: Buffer.from('0') }))
  const conflicts = await Promise.all(processes.map((process) => process.run('countUnderLease', 'leased', 15)))
  assert.deepEqual(conflicts, [0, 0, 0])
  assert.equal((await store.read('leased'))?.sealed.toString(), '45')
  await store.close()
})

test('a deletion by another process is told', async () => {
  const store = await openTestStore(path)
  await store.create(buildRecord('told'))
  const change = new Promise((resolve) => store.onChange(resolve))
  assert.equal(await processes[0]?.run('remove', 'told'), true)
  assert.deepEqual(await change, { kind: 'ended', key: 'told', by: 'user' })
  await store.close()
})

test('SIGKILL loses nothing that was acknowledged', async () => {
  const writer = await startStoreProcess(path)
  const acknowledged: string[] = []
  writer.run('flood').catch(() => undefined)
  await new Promise<void>((resolve) => {
    writer.child.on('message', (told: { acknowledged?: string }) => {
      if (told.acknowledged !== undefined) acknowledged.push(told.acknowledged)
      if (acknowledged.length === 100) resolve()
    })
  })
  await writer.kill()
  const store = await openTestStore(path)
  for (const key of acknowledged) assert.notEqual(await store.read(key), undefined)
  await store.close()
})

test('a writer killed in the middle of a transaction leaves nothing behind and frees the lock', async () => {
  const writer = await startStoreProcess(path)
  const store = await openTestStore(path, { busyMillis: 20_000 })
  await writer.run('hang')
  const created = store.create(buildRecord('after the dead'))
  await writer.kill()
  assert.equal(await created, true)
  assert.equal(await store.hasTombstone('of the dead'), false)
  await store.close()
})
