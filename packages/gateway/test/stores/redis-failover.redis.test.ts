// A master that dies, and another one that takes its place.
import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { SessionStore } from '../../src/session/session-store.ts'
import { buildRecord } from '../contracts/session-store.ts'
import { newPrefix, openTestRedis } from '../support/network-stores.ts'
import { type RedisServer, startRedis, startRedisReplica, startRedisSentinel } from '../support/servers/redis.ts'
import { eventually, hearChanges } from '../support/store-changes.ts'

const sentinels = await startRedisSentinel()
after(sentinels.close)

let prefix: string
let ours: SessionStore
let theirs: SessionStore

beforeEach(async () => {
  prefix = newPrefix()
  ours = await openTestRedis(sentinels.url, { prefix })
  theirs = await openTestRedis(sentinels.url, { prefix })
})
afterEach(() => Promise.all([ours.close(), theirs.close()]))

async function areBack(): Promise<void> {
  await eventually(() => [ours, theirs].every((store) => store.unreachableSince() === null))
}

test('no session is lost that was acknowledged, and nothing has to be restarted', async () => {
  const acknowledged: string[] = []
  let isOver = false
  const write = async (store: SessionStore, name: string) => {
    for (let number = 0; !isOver; number += 1) {
      const key = `${name} ${number}`
      const isCreated = await store.create(buildRecord(key, { expiresAt: store.now() + 600 })).catch(() => false)
      if (isCreated) acknowledged.push(key)
      else await setTimeout(10)
    }
  }
  const writing = Promise.all([write(ours, 'ours'), write(theirs, 'theirs')])
  await eventually(() => acknowledged.length > 20)
  await sentinels.failover()
  const before = acknowledged.length
  await eventually(() => acknowledged.length > before + 20)
  isOver = true
  await writing
  const records = await Promise.all(acknowledged.map((key) => ours.read(key)))
  assert.deepEqual(
    acknowledged.filter((_, index) => records[index] === undefined),
    [],
  )
})

test('every process is told that everything may have changed, and hears the others again', async () => {
  const heard = hearChanges(ours)
  const all = heard.until('all')
  await sentinels.failover()
  await all
  await areBack()
  await theirs.create(buildRecord('a', { expiresAt: theirs.now() + 60 }))
  const ended = heard.until('ended', 'a')
  await theirs.delete('a', 'user')
  await ended
})

test('a lease is still its owner’s', async () => {
  await ours.acquireLease('refresh', 'first', 60)
  await sentinels.failover()
  await areBack()
  assert.equal(await theirs.acquireLease('refresh', 'second', 60), false)
  assert.equal(await ours.renewLease('refresh', 'first', 60), true)
})

test('when all servers are gone and come back, sessions go on', async () => {
  await ours.create(buildRecord('a', { expiresAt: ours.now() + 600 }))
  await sentinels.stop()
  await eventually(() => ours.unreachableSince() !== null)
  await sentinels.start()
  await areBack()
  assert.equal((await theirs.read('a'))?.version, 1)
})

test('a write waits for a replica, but not for ever, and not the next ones', async () => {
  const master = await startRedis()
  const replica = await startRedisReplica(master)
  after(() => Promise.all([master.close(), replica.close()]))
  const [first, second] = await Promise.all([openTestRedis(master.url), openTestRedis(master.url)])
  after(() => Promise.all([first.close(), second.close()]))
  const waitsToCreate = async (store: SessionStore, key: string) => {
    const before = await countWaits(master)
    assert.equal(await store.create(buildRecord(key, { expiresAt: store.now() + 600 })), true)
    return (await countWaits(master)) - before
  }
  assert.equal(await waitsToCreate(first, 'a'), 1)
  replica.pause()
  // The second store: whether the first one was answered in time is the machine's affair.
  assert.equal(await waitsToCreate(second, 'b'), 1)
  assert.equal(await waitsToCreate(second, 'c'), 0)
  replica.resume()
})

async function countWaits(server: RedisServer): Promise<number> {
  const stats = String(await server.ask('INFO', 'commandstats'))
  return Number(/^cmdstat_wait:calls=(\d+)/m.exec(stats)?.[1] ?? 0)
}
