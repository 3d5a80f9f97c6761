import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { createStoreFile } from '../../src/stores/sqlite-file.ts'
import { MIGRATIONS, type Migration, migrate } from '../../src/stores/sqlite-schema.ts'
import { buildRecord } from '../contracts/session-store.ts'
import { openTestStore } from '../support/sqlite-stores.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()
const KNOWN = MIGRATIONS.length

const ADDITION: Migration = { minReaderVersion: 1, sql: 'ALTER TABLE session ADD COLUMN tenant TEXT' }
const BREAK: Migration = { minReaderVersion: KNOWN + 1, sql: 'ALTER TABLE session RENAME COLUMN sealed TO box' }
const SECOND_ADDITION: Migration = { minReaderVersion: 1, sql: 'ALTER TABLE session ADD COLUMN region TEXT' }

function newerSchema(error: unknown): boolean {
  return isGatewayError(error, 'ERR_STORE_REFUSED') && error.detail.reason === 'newer-schema'
}

function withStore(migrations: readonly Migration[], work: (database: DatabaseSync, path: string) => void): string {
  const path = join(folder, randomUUID())
  createStoreFile(path, migrations)
  const database = new DatabaseSync(path)
  try {
    work(database, path)
  } finally {
    database.close()
  }
  return path
}

function versions(database: DatabaseSync): readonly unknown[] {
  const version = database.prepare('PRAGMA user_version').get()?.user_version
  return [version, database.prepare(`SELECT value FROM meta WHERE name = 'min_reader_version'`).get()?.value]
}

test('a new store has the newest schema', () => {
  withStore(MIGRATIONS, (database) =>
    assert.deepEqual(versions(database), [KNOWN, MIGRATIONS.at(-1)?.minReaderVersion]),
  )
})

test('an older store is brought up to date and keeps its sessions', async () => {
  const path = join(folder, randomUUID())
  const store = await openTestStore(path)
  await store.create(buildRecord('a'))
  const database = new DatabaseSync(path)
  migrate(database, [...MIGRATIONS, ADDITION])
  assert.deepEqual(versions(database), [KNOWN + 1, 1])
  assert.deepEqual({ ...database.prepare('SELECT key, tenant FROM session').get() }, { key: 'a', tenant: null })
  // The older program runs on, and so does its next start.
  assert.equal(await store.replace('a', 1, buildRecord('a')), 'replaced')
  await store.close()
  const restarted = await openTestStore(path)
  assert.equal((await restarted.read('a'))?.version, 2)
  await restarted.close()
  database.close()
})

test('a store of the first version gets its table of documents and keeps its sessions', async () => {
  const path = withStore(MIGRATIONS.slice(0, 1), (database) => {
    database.exec(`INSERT INTO session VALUES ('a', 4, x'00', 'h', 's', NULL, 1, 9e9)`)
  })
  const store = await openTestStore(path)
  assert.equal((await store.read('a'))?.version, 4)
  assert.equal(await store.writeDocument('keys', Buffer.from('sealed'), 0), true)
  await store.close()
})

test('migrating twice is migrating once', () => {
  withStore(MIGRATIONS, (database) => {
    migrate(database, [...MIGRATIONS, ADDITION])
    migrate(database, [...MIGRATIONS, ADDITION])
    assert.deepEqual(versions(database), [KNOWN + 1, 1])
  })
})

test('a migration that fails changes nothing', () => {
  withStore(MIGRATIONS, (database) => {
    const broken: Migration = { minReaderVersion: 1, sql: 'ALTER TABLE session ADD COLUMN a TEXT; SELECT nonsense' }
    assert.throws(() => migrate(database, [...MIGRATIONS, ADDITION, broken]))
    assert.deepEqual(versions(database), [KNOWN, 1])
    migrate(database, [...MIGRATIONS, ADDITION])
  })
})

test('a store of the next version that only adds is worked on', async () => {
  const path = withStore([...MIGRATIONS, ADDITION], () => {})
  await (await openTestStore(path)).close()
})

test('a store of the next version that breaks with this one is refused', async () => {
  const path = withStore([...MIGRATIONS, BREAK], () => {})
  await assert.rejects(openTestStore(path), newerSchema)
})

test('a store two versions ahead is refused, even if it only adds', async () => {
  const path = withStore([...MIGRATIONS, ADDITION, SECOND_ADDITION], () => {})
  await assert.rejects(openTestStore(path), newerSchema)
})
