// The version before this one and this one on one store: while one takes the other's place, in both directions.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { SessionStore } from '../../src/session/session-store.ts'
import { buildRecord } from '../contracts/session-store.ts'
import { createOlderStoreFile, type OlderProgram, openOlderProgram } from '../support/older-sqlite-program.ts'
import { openTestStore } from '../support/sqlite-stores.ts'
import { eventually, hearChanges } from '../support/store-changes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const TIMES = 100
const folder = temporaryFolder()
let path: string
let older: OlderProgram
let newer: SessionStore

beforeEach(async () => {
  path = join(folder, randomUUID())
  createOlderStoreFile(path)
  older = openOlderProgram(path)
  await older.create(buildRecord('a', { sealed: Buffer.from('0') }))
  newer = await openTestStore(path, { busyMillis: 20_000 })
})
afterEach(async () => {
  older.close()
  await newer.close()
})

/** Adds one to the number in a record so many times, as a refresh writes new tokens. */
async function countAsOlder(): Promise<void> {
  for (let done = 0; done < TIMES; ) {
    const record = await older.read('a')
    if (record === undefined) throw new TypeError('the record has gone')
    if (await older.replace('a', record.version, String(Number(record.sealed) + 1))) done += 1
  }
}

async function countAsNewer(): Promise<void> {
  for (let done = 0; done < TIMES; ) {
    const record = await newer.read('a')
    if (record === undefined) throw new TypeError('the record has gone')
    const sealed = Buffer.from(String(Number(record.sealed.toString()) + 1))
    if ((await newer.replace('a', record.version, { ...record, sealed })) === 'replaced') done += 1
  }
}

test('both write at the same time, and no write is lost', async () => {
  await Promise.all([countAsOlder(), countAsNewer()])
  assert.deepEqual(await older.read('a'), { sealed: String(2 * TIMES), version: 2 * TIMES + 1 })
})

test('a session that the older program ended has gone, and is told', async () => {
  const { changes } = hearChanges(newer)
  await older.remove('a')
  assert.equal(await newer.read('a'), undefined)
  await eventually(() => changes.length > 0)
  assert.deepEqual(changes, [{ kind: 'sessions', keys: ['a'] }])
})

test('a session that this program ended has gone for the older one, which can see that it changed', async () => {
  await newer.delete('a', 'user')
  assert.equal(await older.read('a'), undefined)
  assert.deepEqual(await older.changedKeys(), ['a'])
})

test('going back to the older program loses nothing, nor does coming again', async () => {
  await countAsNewer()
  await newer.create(buildRecord('b'))
  older.close()
  await newer.close()
  older = openOlderProgram(path)
  await countAsOlder()
  assert.equal((await older.read('b'))?.version, 1)
  await older.create(buildRecord('c'))
  newer = await openTestStore(path)
  assert.equal((await newer.read('a'))?.sealed.toString(), String(2 * TIMES))
  assert.deepEqual((await newer.list(null, 10)).keys, ['a', 'b', 'c'])
})
