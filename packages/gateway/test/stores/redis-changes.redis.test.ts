// Two stores on one server, as two processes have them.
import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, test } from 'node:test'
import type { SessionStore, StoreChange } from '../../src/session/session-store.ts'
import { buildRecord } from '../contracts/session-store.ts'
import { newPrefix, openTestRedis } from '../support/network-stores.ts'
import { startRedis, startRedisCluster, startRedisSentinel } from '../support/servers/redis.ts'
import { eventually, type HeardChanges, hearChanges } from '../support/store-changes.ts'

const single = await startRedis()
const cluster = await startRedisCluster({ isTls: false })
const sentinels = await startRedisSentinel()
after(() => Promise.all([single.close(), cluster.close(), sentinels.close()]))

let prefix: string
let ours: SessionStore
let theirs: SessionStore
let heard: HeardChanges

async function openBoth(url: string): Promise<void> {
  prefix = newPrefix()
  ours = await openTestRedis(url, { prefix })
  theirs = await openTestRedis(url, { prefix })
  heard = hearChanges(ours)
}

const SERVERS = [
  ['one server', single.url],
  ['a cluster', cluster.url],
  ['a master behind Sentinels', sentinels.url],
] as const

for (const [name, url] of SERVERS) {
  describe(`two stores on ${name}`, () => {
    beforeEach(() => openBoth(url))
    afterEach(() => Promise.all([ours.close(), theirs.close()]))

    test('what one of them wrote the other reads at once', async () => {
      await ours.create(buildRecord('a', { expiresAt: ours.now() + 60 }))
      assert.equal((await theirs.read('a'))?.version, 1)
      await theirs.delete('a', 'user')
      assert.equal(await ours.read('a'), undefined)
    })
    test('each hears at once what the other replaces and deletes, and how it ended', async () => {
      for (const key of ['a', 'b', 'c']) await ours.create(buildRecord(key, { expiresAt: ours.now() + 60 }))
      await theirs.replace('a', 1, buildRecord('a', { expiresAt: ours.now() + 60 }))
      await theirs.delete('b', 'other-login')
      await theirs.delete('c', 'user')
      // In any order: each node of a cluster tells of its own.
      await eventually(() => heard.changes.length >= 3)
      assert.deepEqual(
        new Set(heard.changes),
        new Set<StoreChange>([
          { kind: 'sessions', keys: ['a'] },
          { kind: 'ended', key: 'b', by: 'other-login' },
          { kind: 'ended', key: 'c', by: 'user' },
        ]),
      )
    })
    test('an own change is told once', async () => {
      for (const key of ['own', 'foreign', 'last']) await ours.create(buildRecord(key, { expiresAt: ours.now() + 60 }))
      await ours.delete('own', 'user')
      await theirs.delete('foreign', 'user')
      await theirs.delete('last', 'user')
      await Promise.all(['foreign', 'last'].map((key) => heard.until('ended', key)))
      assert.deepEqual(heard.changes.filter((change) => change.kind === 'ended' && change.key === 'own').length, 1)
    })
    test('no record is created or replaced past a tombstone unseen', async () => {
      const sids = Array.from({ length: 50 }, (_, number) => `sid ${number}`)
      const left = await Promise.all(sids.map((sid, number) => raceTombstone(sid, number)))
      assert.deepEqual(left.flat(), [])
    })
  })
}

/** Those records that are there though nobody found them. */
async function raceTombstone(sid: string, number: number): Promise<readonly string[]> {
  const expiresAt = ours.now() + 60
  const indexes = { handle: sid, subject: 'alice', sid }
  const before = buildRecord(`before ${sid}`, { indexes: { ...indexes, sid: `other ${sid}` }, expiresAt })
  await ours.create(before)
  const writes = [
    ours.create(buildRecord(`new ${sid}`, { indexes, expiresAt })),
    ours.replace(before.key, 1, { ...before, indexes }),
  ]
  // So that they meet at every point of the way.
  for (let turn = 0; turn < number; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  await theirs.putTombstone(sid, expiresAt)
  const found = await theirs.find('sid', sid)
  await Promise.all(found.map((key) => theirs.delete(key, 'realm')))
  await Promise.all(writes)
  const records = await Promise.all([before.key, `new ${sid}`].map((key) => theirs.read(key)))
  return records.flatMap((record) => (record?.indexes.sid === sid ? [record.key] : []))
}

describe('when the way of changes breaks', () => {
  beforeEach(() => openBoth(single.url))
  afterEach(() => Promise.all([ours.close(), theirs.close()]))

  test('a store that hears again is told that everything may have changed', async () => {
    const all = heard.until('all')
    await single.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await all
    await ours.create(buildRecord('a', { expiresAt: ours.now() + 60 }))
    const ended = heard.until('ended', 'a')
    await theirs.delete('a', 'user')
    await ended
  })
  test('a message of a newer version of the program means everything', async () => {
    const all = heard.until('all')
    await single.ask('PUBLISH', `${prefix}:changes`, '2:whatever')
    await all
  })
  test('what another prefix does is not heard', async () => {
    const other = await openTestRedis(single.url)
    await other.create(buildRecord('a', { expiresAt: ours.now() + 60 }))
    await other.delete('a', 'user')
    await other.close()
    await theirs.create(buildRecord('b', { expiresAt: ours.now() + 60 }))
    const done = heard.until('ended', 'b')
    await theirs.delete('b', 'user')
    await done
    assert.deepEqual(heard.changes, [{ kind: 'ended', key: 'b', by: 'user' }])
  })
  test('a deletion whose answer came too late is told when it happens', async () => {
    await ours.create(buildRecord('a', { expiresAt: ours.now() + 60 }))
    single.pause()
    await assert.rejects(ours.delete('a', 'user'))
    assert.deepEqual(heard.changes, [{ kind: 'sessions', keys: ['a'] } satisfies StoreChange])
    single.resume()
    await eventually(() => heard.changes.some((change) => change.kind === 'ended' && change.key === 'a'))
    assert.equal(await theirs.read('a'), undefined)
  })
})
