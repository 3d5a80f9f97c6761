// Backup and restore, as docs/storage-format.md has them.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { chmodSync, copyFileSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { buildRecord } from '../contracts/session-store.ts'
import { openTestStore } from '../support/sqlite-stores.ts'
import { startStoreProcess } from '../support/store-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()
const page = readFileSync(new URL('../../../../docs/storage-format.md', import.meta.url), 'utf8')

function newPath(): string {
  return join(folder, randomUUID(), 'doorman.db')
}

/** The statement of the page, on these files. */
function backUp(path: string, copy: string): void {
  const statement = /VACUUM INTO '[^']+'/.exec(page)?.[0] ?? ''
  const database = new DatabaseSync(path)
  database.exec(statement.replace(/'[^']+'/, `'${copy}'`))
  database.close()
}

function restore(copy: string, path: string): void {
  for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true })
  copyFileSync(copy, path)
  chmodSync(path, 0o600)
}

test('a copy that was made while others write holds all that was written before it, and opens', async () => {
  const path = newPath()
  const store = await openTestStore(path)
  const writer = await startStoreProcess(path)
  const acknowledged: string[] = []
  writer.run('flood').catch(() => undefined)
  await new Promise<void>((resolve) => {
    writer.child.on('message', (told: { acknowledged?: string }) => {
      if (told.acknowledged !== undefined) acknowledged.push(told.acknowledged)
      if (acknowledged.length === 50) resolve()
    })
  })
  const before = acknowledged.slice()
  const copy = join(folder, randomUUID())
  backUp(path, copy)
  await writer.kill()
  await store.close()

  restore(copy, path)
  const restored = await openTestStore(path)
  const records = await Promise.all(before.map((key) => restored.read(key)))
  assert.ok(records.every((record) => record?.version === 1))
  assert.equal(await restored.create(buildRecord('new')), true)
  await restored.close()
})

test('what ended after the copy was made is back with it, and what began has gone', async () => {
  const path = newPath()
  const store = await openTestStore(path)
  for (const key of ['a', 'b']) await store.create(buildRecord(key))
  const copy = join(folder, randomUUID())
  backUp(path, copy)
  await store.delete('a', 'user')
  await store.create(buildRecord('c'))
  await store.close()
  restore(copy, path)
  const restored = await openTestStore(path)
  assert.deepEqual((await restored.list(null, 10)).keys, ['a', 'b'])
  await restored.close()
})

test('a restored store has its log written ahead again: readers wait for no writer', async () => {
  const path = newPath()
  const store = await openTestStore(path)
  await store.create(buildRecord('a'))
  const copy = join(folder, randomUUID())
  backUp(path, copy)
  await store.close()
  restore(copy, path)
  const restored = await openTestStore(path, { busyMillis: 0 })
  const writer = new DatabaseSync(path)
  // A commit under way, as others see it.
  writer.exec('PRAGMA cache_size = 0; PRAGMA cache_spill = 1; BEGIN IMMEDIATE; DELETE FROM session')
  for (let row = 0; row < 2000; row += 1) writer.exec(`INSERT INTO tombstone VALUES ('${'x'.repeat(100)}${row}', 1)`)
  assert.equal((await restored.read('a'))?.version, 1)
  writer.close()
  await restored.close()
})
