// Two connections to one file, as two processes have them.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import type { SessionStore, StoreChange } from '../../src/session/session-store.ts'
import { buildRecord, START } from '../contracts/session-store.ts'
import { openTestStore } from '../support/sqlite-stores.ts'
import { eventually } from '../support/store-changes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()
let path: string
let ours: SessionStore
let theirs: SessionStore

beforeEach(async () => {
  path = join(folder, randomUUID())
  ours = await openTestStore(path)
  theirs = await openTestStore(path)
})
afterEach(() => Promise.all([ours.close(), theirs.close()]))

/** The changes up to the one that names the key, or says `all`. */
function changesUpTo(store: SessionStore, last: string): Promise<readonly StoreChange[]> {
  const heard: StoreChange[] = []
  // The store's own timer keeps no process alive.
  const alive = setInterval(() => {}, 60_000)
  return new Promise((resolve) => {
    store.onChange((change) => {
      heard.push(change)
      if (change.kind !== 'all' && !keysOf(change).includes(last)) return
      clearInterval(alive)
      resolve(heard)
    })
  })
}

function keysOf(change: StoreChange): readonly string[] {
  if (change.kind === 'sessions') return change.keys
  return change.kind === 'ended' ? [change.key] : []
}

test('what one connection wrote the other reads at once', async () => {
  await ours.create(buildRecord('a'))
  assert.equal((await theirs.read('a'))?.version, 1)
  await theirs.delete('a', 'user')
  assert.equal(await ours.read('a'), undefined)
})

test('one connection refuses what the other made stale', async () => {
  await ours.create(buildRecord('a'))
  await theirs.replace('a', 1, buildRecord('a'))
  assert.equal(await ours.replace('a', 1, buildRecord('a')), 'conflict')
  await theirs.putTombstone('sid of a', ours.now() + 300)
  assert.equal(await ours.replace('a', 2, buildRecord('a')), 'tombstoned')
})

test('replacements, deletions and sweeps by the other connection are told', async () => {
  await ours.create(buildRecord('swept', { expiresAt: ours.now() }))
  for (const key of ['a', 'b', 'c']) await ours.create(buildRecord(key))
  const heard = changesUpTo(ours, 'c')
  await theirs.replace('a', 1, buildRecord('a'))
  await theirs.sweep(10)
  await theirs.delete('b', 'administrator')
  await theirs.delete('c', 'user')
  const changes = await heard
  const changed = changes.flatMap((change) => (change.kind === 'sessions' ? change.keys : []))
  assert.deepEqual(changed, ['a', 'swept'])
  assert.deepEqual(
    changes.filter(({ kind }) => kind === 'ended'),
    [
      { kind: 'ended', key: 'b', by: 'administrator' },
      { kind: 'ended', key: 'c', by: 'user' },
    ],
  )
})

test('an own change is told once', async () => {
  for (const key of ['own', 'foreign']) await ours.create(buildRecord(key))
  const heard = changesUpTo(ours, 'foreign')
  await ours.delete('own', 'user')
  await theirs.delete('foreign', 'user')
  assert.deepEqual(await heard, [
    { kind: 'ended', key: 'own', by: 'user' },
    { kind: 'ended', key: 'foreign', by: 'user' },
  ])
})

test('what happened before anybody listened is not told', async () => {
  for (const key of ['before', 'after']) await ours.create(buildRecord(key))
  await theirs.delete('before', 'user')
  const heard = changesUpTo(ours, 'after')
  await theirs.delete('after', 'user')
  assert.deepEqual(await heard, [{ kind: 'ended', key: 'after', by: 'user' }])
})

test('whoever slept through more changes than are kept is told `all`', async () => {
  await ours.create(buildRecord('a'))
  const heard = changesUpTo(ours, 'a')
  const database = new DatabaseSync(path)
  database.exec(`INSERT INTO change (seq, key, origin) VALUES (20000, 'a', 'somebody')`)
  database.close()
  assert.deepEqual(await heard, [{ kind: 'all' }])
})

test('ten thousand changes are kept and no more', async () => {
  await ours.create(buildRecord('a'))
  const database = new DatabaseSync(path)
  database.exec(`INSERT INTO change (seq, key, origin) VALUES (5, 'x', ''), (6, 'y', ''), (10005, 'z', '')`)
  await ours.delete('a', 'user')
  const kept = database.prepare('SELECT seq FROM change ORDER BY seq').all()
  assert.deepEqual(
    kept.map((row) => row.seq),
    [10_005, 10_006],
  )
  database.close()
})

test('a look that fails is told as out of reach, and what it missed is told afterwards', async () => {
  await ours.create(buildRecord('a'))
  const heard = changesUpTo(ours, 'a')
  const database = new DatabaseSync(path)
  database.exec('ALTER TABLE change RENAME TO away')
  await eventually(() => ours.unreachableSince() === START)
  database.exec('ALTER TABLE away RENAME TO change')
  database.close()
  await eventually(() => ours.unreachableSince() === null)
  await theirs.delete('a', 'user')
  assert.deepEqual(await heard, [{ kind: 'ended', key: 'a', by: 'user' }])
})

test('listening keeps no process alive', async () => {
  const source = `
    import { openSqliteStore } from ${JSON.stringify(new URL('../../src/stores/sqlite.ts', import.meta.url).href)}
    const options = { path: ${JSON.stringify(path)}, clock: () => 0, pollMillis: 10, busyMillis: 100 }
    const store = await openSqliteStore(options)
    store.onChange(() => {})
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: string[] = []
  child.stderr.on('data', (text) => said.push(String(text)))
  const [code] = await once(child, 'close')
  assert.deepEqual([code, said.join('')], [0, ''])
})
