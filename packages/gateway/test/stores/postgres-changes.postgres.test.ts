// Two stores on one server, as two processes have them: that hear of each other, and that look for changes.
import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, test } from 'node:test'
import pg from 'pg'
import type { SessionStore, StoreChange } from '../../src/session/session-store.ts'
import { buildRecord } from '../contracts/session-store.ts'
import { createPostgresConsole } from '../support/postgres-console.ts'
import { newSchema, openPostgresTestStore } from '../support/postgres-stores.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { eventually, type HeardChanges, hearChanges } from '../support/store-changes.ts'

const server = await startPostgres()
after(() => server.close())
const ask = createPostgresConsole(server.url)

let schema: string
let ours: SessionStore
let theirs: SessionStore
let heard: HeardChanges

function newRecord(key: string) {
  return buildRecord(key, { expiresAt: ours.now() + 60 })
}

beforeEach(async () => {
  schema = newSchema()
  ours = await openPostgresTestStore(server.url, { schema, clock: null })
  theirs = await openPostgresTestStore(server.url, { schema, clock: null })
  heard = hearChanges(ours)
})
afterEach(() => Promise.all([ours.close(), theirs.close()]))

describe('two stores on one server', () => {
  test('have the clock of the server', async () => {
    const [row] = await ask('SELECT extract(epoch FROM clock_timestamp())::float8 AS now')
    for (const store of [ours, theirs]) assert.ok(Math.abs(store.now() - Number(row?.now)) < 0.5)
  })
  test('what one of them wrote the other reads at once', async () => {
    await ours.create(newRecord('a'))
    assert.equal((await theirs.read('a'))?.version, 1)
    await theirs.delete('a', 'user')
    assert.equal(await ours.read('a'), undefined)
  })
  test('each hears at once what the other replaces, sweeps and deletes, and how it ended', async () => {
    await ours.create(buildRecord('swept', { expiresAt: ours.now() }))
    for (const key of ['a', 'b', 'c']) await ours.create(newRecord(key))
    const done = heard.until('ended', 'c')
    await theirs.replace('a', 1, newRecord('a'))
    await theirs.sweep(10)
    await theirs.delete('b', 'other-login')
    await theirs.delete('c', 'user')
    await done
    assert.deepEqual(heard.changes, [
      { kind: 'sessions', keys: ['a'] },
      { kind: 'sessions', keys: ['swept'] },
      { kind: 'ended', key: 'b', by: 'other-login' },
      { kind: 'ended', key: 'c', by: 'user' },
    ])
  })
  test('an own change is told once', async () => {
    for (const key of ['own', 'foreign']) await ours.create(newRecord(key))
    await ours.create(buildRecord('swept', { expiresAt: ours.now() }))
    const done = heard.until('ended', 'foreign')
    await ours.replace('own', 1, newRecord('own'))
    await ours.delete('own', 'user')
    await ours.sweep(10)
    await theirs.delete('foreign', 'user')
    await done
    assert.deepEqual(heard.changes, [
      { kind: 'sessions', keys: ['own'] },
      { kind: 'ended', key: 'own', by: 'user' },
      { kind: 'sessions', keys: ['swept'] },
      { kind: 'ended', key: 'foreign', by: 'user' },
    ])
  })
  test('what another schema does is not heard', async () => {
    const other = await openPostgresTestStore(server.url)
    await other.create(buildRecord('a'))
    await other.delete('a', 'user')
    await other.close()
    await theirs.create(newRecord('b'))
    const done = heard.until('ended', 'b')
    await theirs.delete('b', 'user')
    await done
    assert.deepEqual(heard.changes, [{ kind: 'ended', key: 'b', by: 'user' }])
  })
  test('no record is created or replaced past a tombstone unseen', async () => {
    const sids = Array.from({ length: 100 }, (_, number) => `sid ${number}`)
    const left = await Promise.all(sids.map((sid, number) => raceTombstone(sid, number)))
    assert.deepEqual(left.flat(), [])
  })
  test('of what both replace at once, one does', async () => {
    await ours.create(newRecord('a'))
    for (let version = 1; version <= 20; version += 1) {
      const both = [ours, theirs].map((store) => store.replace('a', version, newRecord('a')))
      assert.deepEqual((await Promise.all(both)).toSorted(), ['conflict', 'replaced'])
    }
  })
  test('both sweep at once, and neither waits or counts what the other removed', async () => {
    for (let number = 0; number < 40; number += 1) {
      await ours.create(buildRecord(`${number}`, { expiresAt: ours.now() }))
    }
    let swept = 0
    while (swept < 40) {
      for (const count of await Promise.all([ours.sweep(7), theirs.sweep(7)])) swept += count
    }
    assert.equal(swept, 40)
  })
  test('changes of ten minutes are kept', async () => {
    for (const key of ['a', 'b']) await ours.create(newRecord(key))
    await ours.delete('a', 'user')
    await ask(`UPDATE ${schema}.change SET at = at - 601`)
    await ours.delete('b', 'user')
    await ours.sweep(10)
    assert.deepEqual(await ask(`SELECT key FROM ${schema}.change`), [{ key: 'b' }])
  })
})

describe('a tombstone that is put while a record is being written', () => {
  const indexes = { handle: 'a', subject: 'alice', sid: 'ended' }

  /** Holds up the write until the tombstone is put, or waits for it; returns what is found then. */
  async function putMeanwhile(holdUp: string, write: () => Promise<unknown>): Promise<readonly string[]> {
    const holder = new pg.Client({ connectionString: server.url })
    await holder.connect()
    try {
      await holder.query(`BEGIN; SET search_path TO ${schema}; ${holdUp}`)
      const written = write()
      await eventually(async () => (await countWaiting()) === 1)
      let isPut = false
      const found = theirs.putTombstone('ended', theirs.now() + 60).then(() => {
        isPut = true
        return theirs.find('sid', 'ended')
      })
      await eventually(async () => isPut || (await countWaiting()) === 2)
      await holder.query('ROLLBACK')
      await written
      return await found
    } finally {
      await holder.end()
    }
  }

  async function countWaiting(): Promise<number> {
    const rows = await ask(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'doorman'`,
    )
    return rows.length
  }

  test('finds what is being created', async () => {
    const insert = `INSERT INTO session VALUES ('a', 1, '', '', '', '', NULL, 0, 0)`
    const found = await putMeanwhile(insert, () => ours.create({ ...newRecord('a'), indexes }))
    assert.deepEqual(found, ['a'])
  })
  test('finds what is being moved under its sid', async () => {
    await ours.create(newRecord('a'))
    const move = () => ours.replace('a', 1, { ...newRecord('a'), indexes })
    assert.deepEqual(await putMeanwhile(`SELECT FROM session FOR UPDATE`, move), ['a'])
  })
  test('finds what is being replaced', async () => {
    await ours.create({ ...newRecord('a'), indexes })
    const replace = () => ours.replace('a', 1, { ...newRecord('a'), indexes })
    assert.deepEqual(await putMeanwhile(`SELECT FROM session FOR UPDATE`, replace), ['a'])
  })
})

/** Those records that are there though nobody found them. */
async function raceTombstone(sid: string, number: number): Promise<readonly string[]> {
  const indexes = { handle: sid, subject: 'alice', sid }
  const before = { ...newRecord(`before ${sid}`), indexes: { ...indexes, sid: `other ${sid}` } }
  await ours.create(before)
  const writes = [
    ours.create({ ...newRecord(`new ${sid}`), indexes }),
    ours.replace(before.key, 1, { ...before, indexes }),
  ]
  // So that they meet at every point of the way.
  for (let turn = 0; turn < number; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  await theirs.putTombstone(sid, theirs.now() + 60)
  const found = await theirs.find('sid', sid)
  await Promise.all(found.map((key) => theirs.delete(key, 'realm')))
  await Promise.all(writes)
  const records = await Promise.all([before.key, `new ${sid}`].map((key) => theirs.read(key)))
  return records.flatMap((record) => (record?.indexes.sid === sid ? [record.key] : []))
}

describe('when the way of changes breaks', () => {
  async function breakLines(): Promise<void> {
    await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`)
  }

  test('a store that hears again is told that everything may have changed', async () => {
    const all = heard.until('all')
    await breakLines()
    await all
    await ours.create(newRecord('a'))
    const ended = heard.until('ended', 'a')
    await theirs.delete('a', 'user')
    await ended
  })
  test('a message of a newer version of the program means everything', async () => {
    const all = heard.until('all')
    await ask('SELECT pg_notify($1, $2)', [`${schema}.change`, '2:whatever'])
    await all
  })
  test('every connection may break, and what was asked is answered', async () => {
    await ours.create(newRecord('a'))
    const reads = Array.from({ length: 50 }, () => ours.read('a'))
    await ask(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
    )
    for (let version = 1; version < 20; version += 1) {
      assert.equal(await ours.replace('a', version, newRecord('a')), 'replaced')
    }
    assert.ok((await Promise.all(reads)).every((record) => record !== undefined))
  })
  test('a deletion whose answer came too late is told when it happens, or with everything', async () => {
    await ours.create(newRecord('a'))
    server.pause()
    try {
      await assert.rejects(ours.delete('a', 'user'))
      assert.deepEqual(heard.changes[0], { kind: 'sessions', keys: ['a'] } satisfies StoreChange)
    } finally {
      server.resume()
    }
    await eventually(() => heard.changes.some(({ kind }) => kind !== 'sessions'))
    assert.equal(await theirs.read('a'), undefined)
  })
})
