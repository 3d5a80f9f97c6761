// A Redis that stops, hangs or is not there, and what becomes of a store on it.
import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { openRedisStore } from '../../src/stores/redis.ts'
import { buildRecord, unavailable } from '../contracts/session-store.ts'
import { openTestRedis, redisOptions } from '../support/network-stores.ts'
import { type RedisServer, startRedis, startRedisCluster, startRedisTls } from '../support/servers/redis.ts'
import { eventually, type HeardChanges, hearChanges } from '../support/store-changes.ts'

let server: RedisServer
let store: SessionStore
let heard: HeardChanges
let told: string[]

function newRecord(key: string) {
  return buildRecord(key, { expiresAt: store.now() + 600 })
}

async function isLost(): Promise<void> {
  await eventually(() => store.unreachableSince() !== null)
}

async function isBack(): Promise<void> {
  await eventually(() => store.unreachableSince() === null)
}

async function secondsOf(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work
  return (performance.now() - startedAt) / 1000
}

describe('a server', () => {
  beforeEach(async () => {
    server = await startRedis()
    told = []
    store = await openTestRedis(server.url, { tell: (state) => told.push(state) })
    heard = hearChanges(store)
    await store.create(newRecord('a'))
  })
  afterEach(async () => {
    await store.close()
    await server.close()
  })

  test('that is stopped and started again is found again, with all that it knew', async () => {
    const before = store.now()
    await server.stop()
    await isLost()
    assert.ok(Math.abs((store.unreachableSince() ?? 0) - before) < 5)
    await assert.rejects(store.read('a'), unavailable)
    await assert.rejects(store.ping(), unavailable)
    const all = heard.until('all')
    await server.start()
    await isBack()
    await all
    assert.equal((await store.read('a'))?.version, 1)
    await store.ping()
    assert.deepEqual(told, ['lost', 'found'])
  })
  test('that is restarted in a moment keeps nobody from an answer', async () => {
    const reads: Array<Promise<unknown>> = []
    const asking = setInterval(() => reads.push(store.read('a')), 20)
    await server.stop()
    await server.start()
    await eventually(() => reads.length > 50)
    clearInterval(asking)
    const records = await Promise.all(reads)
    assert.ok(records.every((record) => record !== undefined))
  })
  test('that hangs is out of reach, and nobody waits in line for it', async () => {
    server.pause()
    await Promise.all([
      isLost(),
      assert.rejects(store.read('a'), (error) => isGatewayError(error) && error.detail.reason === 'timeout'),
    ])
    await eventually(() =>
      store.read('a').then(
        () => false,
        (error) => error.detail.reason === 'unreachable',
      ),
    )
    const calls = Array.from({ length: 1000 }, () => assert.rejects(store.read('a'), unavailable))
    assert.ok((await secondsOf(Promise.all(calls))) < 1)
    server.resume()
    await isBack()
    assert.equal((await store.read('a'))?.version, 1)
    assert.deepEqual(told, ['lost', 'found'])
  })
  test('that hangs for longer than connections are kept is found again', async () => {
    server.pause()
    await isLost()
    await new Promise((resolve) => setTimeout(resolve, 8000))
    server.resume()
    await isBack()
    assert.equal((await store.read('a'))?.version, 1)
  })
  test('that loses the way of changes alone counts as out of reach, and answers', async () => {
    await server.ask('ACL', 'SETUSER', 'default', 'resetchannels', '&nothing')
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await isLost()
    assert.equal((await store.read('a'))?.version, 1)
    await server.ask('ACL', 'SETUSER', 'default', 'allchannels')
    await isBack()
  })
  test('whose data were lost is entered anew', async () => {
    await server.ask('FLUSHALL')
    await store.ping()
    assert.equal(await server.ask('EXISTS', (await metaKeys())[0] ?? ''), 1)
  })
  test('that goes while the store closes is nobody’s loss', async () => {
    await Promise.all([server.stop(), store.close()])
    await new Promise((resolve) => setTimeout(resolve, 700))
    assert.deepEqual(told, [])
  })

  async function metaKeys(): Promise<readonly string[]> {
    return (await server.ask('KEYS', '*:meta')) as string[]
  }
})

describe('at the start', () => {
  test('a server that is not there is unavailable, after five seconds', async () => {
    const gone = await startRedis()
    after(gone.close)
    await gone.stop()
    const seconds = await secondsOf(assert.rejects(openTestRedis(gone.url), unavailable))
    assert.ok(seconds > 4 && seconds < 9, String(seconds))
  })
  test('a server that comes a moment later is waited for', async () => {
    const late = await startRedis()
    after(late.close)
    await late.stop()
    const opening = openTestRedis(late.url)
    await late.start()
    await (await opening).close()
  })
  test('a server that hangs is unavailable', async () => {
    const hanging = await startRedis()
    after(hanging.close)
    hanging.pause()
    await assert.rejects(openTestRedis(hanging.url), unavailable)
  })
})

const CANARY = 'canary-of-a-password'

describe('a password that is wrong', async () => {
  const servers = {
    'one server': await startRedisTls(),
    'a cluster': await startRedisCluster({ isTls: false }),
  }
  after(() => Promise.all(Object.values(servers).map((each) => each.close())))

  for (const [name, { url }] of Object.entries(servers)) {
    for (const [wrong, address] of [
      ['wrong', url.replace(/:[^:@]*@/, `:${CANARY}@`)],
      ['missing', url.replace(/:[^:@]*@/, '')],
    ] as const) {
      test(`is refused at once by ${name} when it is ${wrong}, and told to nobody`, async () => {
        const refusal = openTestRedis(address).then(
          () => undefined,
          (error: unknown) => error,
        )
        assert.ok((await secondsOf(refusal)) < 5)
        const error = await refusal
        assert.ok(isGatewayError(error, 'ERR_STORE_REFUSED'), String(error))
        assert.doesNotMatch(
          JSON.stringify([error, error.message, error.detail, error.stack, error.cause]),
          /canary|127\.0\.0\.1/,
        )
      })
    }
  }
  test('stays out of what is said of an outage', async () => {
    const secured = await startRedisTls()
    after(secured.close)
    const opened = await openTestRedis(secured.url)
    after(opened.close)
    await secured.stop()
    const error = await opened.read('a').catch((cause: unknown) => cause)
    assert.ok(isGatewayError(error, 'ERR_STORE_UNAVAILABLE'))
    assert.doesNotMatch(
      JSON.stringify([error, error.message, error.detail, error.stack, error.cause]),
      /canary|127\.0\.0\.1/,
    )
  })
})

test('a certificate of an authority that nobody trusts is unavailable', async () => {
  const secured = await startRedisTls()
  after(secured.close)
  await assert.rejects(
    openRedisStore({ ...redisOptions(secured.url), ca: [] }),
    (error) => isGatewayError(error, 'ERR_STORE_UNAVAILABLE') && error.detail.reason === 'depth_zero_self_signed_cert',
  )
})

test('a cluster that loses a node and gets it back is found again, with all that it knew', async () => {
  const cluster = await startRedisCluster({ isTls: true })
  after(cluster.close)
  store = await openTestRedis(cluster.url)
  after(store.close)
  const keys = Array.from({ length: 30 }, (_, number) => `key ${number}`)
  for (const key of keys) await store.create(newRecord(key))
  const readAll = () => Promise.allSettled(keys.map((key) => store.read(key)))
  const [node] = cluster.nodes
  await node?.stop()
  const outcomes = await readAll()
  assert.ok(outcomes.some(({ status }) => status === 'rejected'))
  await node?.start()
  await eventually(async () => (await readAll()).every(({ status }) => status === 'fulfilled'))
  await isBack()
  for (const key of keys) assert.equal((await store.read(key))?.version, 1)
})
