import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { createSqliteStore } from '../../src/stores/sqlite.ts'
import { openDatabase, prepareStoreFile } from '../../src/stores/sqlite-file.ts'
import { MIGRATIONS } from '../../src/stores/sqlite-schema.ts'
import { buildRecord, START, unavailable } from '../contracts/session-store.ts'
import { openTestStore } from '../support/sqlite-stores.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()

function failsBecause(reason: string): (error: unknown) => boolean {
  return (error) => isGatewayError(error, 'ERR_STORE_UNAVAILABLE') && error.detail.reason === reason
}

/** A second connection of this process that holds the write lock. */
function lock(t: TestContext, path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  t.after(() => database.close())
  database.exec('BEGIN IMMEDIATE')
  return database
}

test('a writer waits for the lock without holding up the event loop', async (t) => {
  const path = join(folder, randomUUID())
  const store = await openTestStore(path, { busyMillis: 20_000 })
  t.after(() => store.close())
  const holder = lock(t, path)
  const created = store.create(buildRecord('a'))
  await new Promise((resolve) => setImmediate(resolve))
  holder.exec('ROLLBACK')
  assert.equal(await created, true)
})

test('a reader does not wait for a writer', async (t) => {
  const path = join(folder, randomUUID())
  const store = await openTestStore(path, { busyMillis: 0 })
  t.after(() => store.close())
  await store.create(buildRecord('a'))
  lock(t, path)
  assert.equal((await store.read('a'))?.version, 1)
  await store.ping()
})

test('a writer that does not get the lock in time is told so', async (t) => {
  const path = join(folder, randomUUID())
  const store = await openTestStore(path, { busyMillis: 5 })
  t.after(() => store.close())
  lock(t, path)
  await assert.rejects(store.create(buildRecord('a')), failsBecause('busy'))
  await assert.rejects(store.touch('a', START), failsBecause('busy'))
})

test('a store that is closed while a writer waits refuses it', async (t) => {
  const path = join(folder, randomUUID())
  const store = await openTestStore(path, { busyMillis: 20_000 })
  lock(t, path)
  const created = store.create(buildRecord('a'))
  await store.close()
  await assert.rejects(created, failsBecause('closed'))
})

test('a full disk loses nothing, tells nothing and takes what fits', async (t) => {
  const path = join(folder, randomUUID())
  prepareStoreFile(path)
  const database = openDatabase(path)
  const store = createSqliteStore(database, { path, clock: () => START, pollMillis: 1000, busyMillis: 0 })
  t.after(() => store.close())
  const told: unknown[] = []
  store.onChange((change) => told.push(change))
  await store.create(buildRecord('a'))
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() ?? {}
  database.exec(`PRAGMA max_page_count = ${pages}`)
  const large = Buffer.alloc(100_000, 1)
  await assert.rejects(store.create(buildRecord('b', { sealed: large })), failsBecause('full'))
  await assert.rejects(store.replace('a', 1, buildRecord('a', { sealed: large })), failsBecause('full'))
  assert.deepEqual(told, [])
  assert.deepEqual(await store.read('a'), { ...buildRecord('a'), version: 1 })
  assert.equal(await store.replace('a', 1, buildRecord('a')), 'replaced')
})

test('a newer program that leaves this version behind stops its writes and its readiness', async (t) => {
  const path = join(folder, randomUUID())
  const store = await openTestStore(path)
  t.after(() => store.close())
  await store.create(buildRecord('a'))
  const newer = new DatabaseSync(path)
  t.after(() => newer.close())
  newer.exec(`UPDATE meta SET value = ${MIGRATIONS.length + 1} WHERE name = 'min_reader_version'`)
  await assert.rejects(store.delete('a', 'user'), failsBecause('newer-schema'))
  await assert.rejects(store.ping(), unavailable)
  assert.equal((await store.read('a'))?.version, 1)
  newer.exec(`UPDATE meta SET value = 1 WHERE name = 'min_reader_version'`)
  assert.equal(await store.delete('a', 'user'), true)
})
