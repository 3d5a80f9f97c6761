// What is really in Redis, and what docs/storage-format.md says of it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import type { SessionStore } from '../../src/session/session-store.ts'
import { buildRecord, unavailable } from '../contracts/session-store.ts'
import { newPrefix, openTestRedis } from '../support/network-stores.ts'
import { startRedis, startRedisAcl, startRedisCluster } from '../support/servers/redis.ts'

const page = readFileSync(new URL('../../../../docs/storage-format.md', import.meta.url), 'utf8')
const section = page.split(/^## /m).find((part) => part.startsWith('Redis')) ?? ''
const server = await startRedis()
after(server.close)

/** Everything that a store can be asked to keep. */
async function fill(store: SessionStore): Promise<void> {
  const at = store.now()
  const record = buildRecord('a', { lastUsedAt: at, expiresAt: at + 600 })
  await store.create(record)
  await store.create(buildRecord('b', { lastUsedAt: at, expiresAt: at + 600 }))
  await store.replace('a', 1, { ...record, indexes: { handle: 'h', subject: 'bob', sid: null }, expiresAt: at + 900 })
  await store.replace('a', 2, { ...record, expiresAt: at + 900 })
  await store.touch('a', at + 5)
  await store.claim('state', at + 300)
  await store.settleClaim('state')
  await store.putTombstone('sid', at + 300)
  await store.acquireLease('refresh', 'owner', 10)
  await store.writeDocument('keys', Buffer.from('sealed'), 0)
  await store.ping()
}

async function filled(): Promise<readonly [prefix: string, keys: readonly string[]]> {
  const prefix = newPrefix()
  const store = await openTestRedis(server.url, { prefix })
  await fill(store)
  await store.close()
  return [prefix, (await server.ask('KEYS', `${prefix}*`)) as unknown as string[]]
}

async function secondsLeft(key: string): Promise<number> {
  return Number(await server.ask('PTTL', key)) / 1000
}

test('every key ends by itself but those of documents and of the version', async () => {
  const [prefix, keys] = await filled()
  const endless: string[] = []
  for (const key of keys) if ((await secondsLeft(key)) < 0) endless.push(key)
  assert.deepEqual(endless.toSorted(), [`${prefix}:document:keys`, `${prefix}:meta`])
})

test('a key lives a minute longer than what is in it', async () => {
  const [prefix] = await filled()
  for (const [key, seconds] of [
    ['session:a', 900],
    ['session:b', 600],
    ['subject:alice', 900],
    ['claim:state', 300],
    ['tombstone:sid', 300],
    ['lease:refresh', 10],
  ] as const) {
    const left = await secondsLeft(`${prefix}:${key}`)
    assert.ok(left > seconds + 50 && left <= seconds + 61, `${key}: ${left}`)
  }
})

test('the page names every kind of key, and every field', async () => {
  const [prefix, keys] = await filled()
  const real: Record<string, string[]> = {}
  for (const key of keys) {
    const kind = key.slice(prefix.length + 1).split(':')[0] ?? ''
    if ((await server.ask('TYPE', key)) !== 'hash') continue
    const fields = (await server.ask('HKEYS', key)) as unknown as string[]
    real[kind] = [...new Set([...(real[kind] ?? []), ...fields])].toSorted()
  }
  assert.deepEqual(documentedHashes(), real)
  for (const key of keys) assert.match(section, new RegExp(`\`${key.slice(prefix.length + 1).split(':')[0]}`))
})

function documentedHashes(): Record<string, string[]> {
  const [, hashes = ''] = /^- Hashes:(.*?)^- /ms.exec(section) ?? []
  const kinds = hashes.matchAll(/`(\w+)(?::[A-Z]+)?` \(([^)]*)\)/g)
  return Object.fromEntries(
    [...kinds].map(([, kind, fields = '']) => [
      kind,
      [...fields.matchAll(/`(\w+)`/g)].map(([, field]) => field).toSorted(),
    ]),
  )
}

test('what a process that died in between left behind is not believed', async () => {
  const prefix = newPrefix()
  const store = await openTestRedis(server.url, { prefix })
  await store.create(buildRecord('a', { expiresAt: store.now() + 60 }))
  for (const index of ['handle', 'subject', 'sid']) {
    await server.ask(
      'ZADD',
      `${prefix}:${index}:left`,
      String(store.now() + 60),
      'a',
      String(store.now() + 60),
      'never',
    )
    assert.deepEqual(await store.find(index as 'sid', 'left'), [])
  }
  await store.close()
})

test('a server without room is unavailable, and forgets nobody', async () => {
  const full = await startRedis()
  after(full.close)
  const store = await openTestRedis(full.url)
  await store.create(buildRecord('a', { expiresAt: store.now() + 60 }))
  await full.ask('CONFIG', 'SET', 'maxmemory', '1')
  await assert.rejects(store.create(buildRecord('b', { expiresAt: store.now() + 60 })), unavailable)
  assert.equal((await store.read('a'))?.version, 1)
  assert.equal(store.unreachableSince(), null)
  await store.close()
})

const [, rights = ''] = /The user needs[^`]*`([^`]*)`/s.exec(section) ?? []
const [, clusterRight = ''] = /in a cluster[^`]*`([^`]*)`/.exec(section) ?? []

test('the rights that the page names are enough on one server', async () => {
  const prefix = newPrefix()
  const secured = await startRedisAcl(rightsFor(prefix, rights))
  after(secured.close)
  const store = await openTestRedis(secured.url, { prefix })
  await fill(store)
  assert.equal(await store.countSealedBy('0011223344556677'), 0)
  assert.deepEqual((await store.list(null, 100)).keys.toSorted(), ['a', 'b'])
  await store.delete('a', 'user')
  await store.close()
  await assert.rejects(openTestRedis(secured.url), (error: { code: string }) => error.code === 'ERR_STORE_REFUSED')
})

test('the rights that the page names are enough in a cluster', async () => {
  const prefix = newPrefix()
  const cluster = await startRedisCluster({ isTls: false })
  after(cluster.close)
  for (const node of cluster.nodes) {
    await node.ask('ACL', 'SETUSER', 'few', 'on', '>canary', ...rightsFor(prefix, `${rights} ${clusterRight}`))
  }
  const store = await openTestRedis(cluster.url.replace(/\/\/:[^@]*@/, '//few:canary@'), { prefix })
  await fill(store)
  const pages = await Promise.all([null, '1:0', '2:0'].map((after) => store.list(after, 100)))
  assert.deepEqual(pages.flatMap((page) => page.keys).toSorted(), ['a', 'b'])
  await store.delete('a', 'user')
  await store.close()
})

function rightsFor(prefix: string, words: string): readonly string[] {
  return words.replaceAll('PREFIX', prefix).split(/\s+/).filter(Boolean)
}
