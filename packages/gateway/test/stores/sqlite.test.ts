import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { createSealer } from '../../src/kernel/seal.ts'
import { createTextKeyRing } from '../../src/stores/key-ring.ts'
import { createStoreFile } from '../../src/stores/sqlite-file.ts'
import { MIGRATIONS } from '../../src/stores/sqlite-schema.ts'
import { buildRecord, sessionStoreContract } from '../contracts/session-store.ts'
import { openTestStore } from '../support/sqlite-stores.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()

sessionStoreContract('the SQLite store', (clock) => openTestStore(join(folder, randomUUID()), { clock }))

/** What the next version of the program may do to the schema: add. */
const ADDITION = {
  minReaderVersion: 1,
  sql: `
    ALTER TABLE session ADD COLUMN tenant TEXT;
    ALTER TABLE lease ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX session_by_tenant ON session (tenant);
    CREATE TABLE region (id TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
  `,
}

sessionStoreContract('the SQLite store on the schema of the next version', (clock) => {
  const path = join(folder, randomUUID())
  createStoreFile(path, [...MIGRATIONS, ADDITION])
  return openTestStore(path, { clock })
})

test('sessions and documents are counted by the key that sealed them', async () => {
  const older = Buffer.alloc(32, 1).toString('base64url')
  const newer = Buffer.alloc(32, 2).toString('base64url')
  const olderRing = createTextKeyRing([older])
  const bothRing = createTextKeyRing([older, newer])
  const store = await openTestStore(join(folder, randomUUID()))
  const seal = (ring: typeof olderRing, key: string) => createSealer(ring, 'session').seal(Buffer.from('{}'), key)
  await store.create(buildRecord('a', { sealed: seal(olderRing, 'a') }))
  await store.create(buildRecord('b', { sealed: seal(olderRing, 'b') }))
  await store.create(buildRecord('c', { sealed: seal(bothRing, 'c') }))
  await store.writeDocument('keys', seal(olderRing, 'keys'), 0)
  const counts = await Promise.all(bothRing.keys().map((key) => store.countSealedBy(key.id)))
  assert.deepEqual(counts, [3, 1])
  assert.equal(await store.countSealedBy('0123456789abcdef'), 0)
  await store.close()
})
