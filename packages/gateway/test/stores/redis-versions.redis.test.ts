// Neighbouring versions of the program share a Redis; others are refused.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { ENTER_STORE } from '../../src/stores/redis-scripts.ts'
import { REDIS_FORMAT } from '../../src/stores/redis-store.ts'
import { buildRecord } from '../contracts/session-store.ts'
import { newPrefix, openTestRedis } from '../support/network-stores.ts'
import { startRedis } from '../support/servers/redis.ts'

const server = await startRedis()
after(server.close)
const KNOWN = REDIS_FORMAT.format

async function storeOf(format: number, reader: number): Promise<string> {
  const prefix = newPrefix()
  await server.ask('HSET', `${prefix}:meta`, 'format', String(format), 'reader', String(reader))
  return prefix
}

async function formatOf(prefix: string): Promise<unknown> {
  return server.ask('HMGET', `${prefix}:meta`, 'format', 'reader')
}

/** A program of that version starts. */
async function enter(prefix: string, format: number, reader: number): Promise<unknown> {
  return server.ask('EVAL', ENTER_STORE.text, '1', `${prefix}:meta`, String(format), String(reader))
}

function newerSchema(code: 'ERR_STORE_REFUSED' | 'ERR_STORE_UNAVAILABLE') {
  return (error: unknown) => isGatewayError(error, code) && error.detail.reason === 'newer-schema'
}

test('a new store is of this version', async () => {
  const prefix = newPrefix()
  await (await openTestRedis(server.url, { prefix })).close()
  assert.deepEqual(await formatOf(prefix), [String(KNOWN), String(REDIS_FORMAT.reader)])
})

test('a store of the next version that only adds is worked on, and stays one', async () => {
  const prefix = await storeOf(KNOWN + 1, KNOWN)
  const store = await openTestRedis(server.url, { prefix })
  await store.create(buildRecord('a', { expiresAt: store.now() + 60 }))
  assert.equal((await store.read('a'))?.version, 1)
  await store.ping()
  await store.close()
  assert.deepEqual(await formatOf(prefix), [String(KNOWN + 1), String(KNOWN)])
})

for (const [what, format, reader] of [
  ['of the next version that breaks with this one', KNOWN + 1, KNOWN + 1],
  ['two versions ahead, even if it only adds', KNOWN + 2, KNOWN],
] as const) {
  test(`a store ${what} is refused and left as it is`, async () => {
    const prefix = await storeOf(format, reader)
    await assert.rejects(openTestRedis(server.url, { prefix }), newerSchema('ERR_STORE_REFUSED'))
    assert.deepEqual(await formatOf(prefix), [String(format), String(reader)])
  })
}

test('a program whose store a newer one has taken over is not ready', async () => {
  const prefix = newPrefix()
  const store = await openTestRedis(server.url, { prefix })
  await server.ask('HSET', `${prefix}:meta`, 'format', String(KNOWN + 1), 'reader', String(KNOWN + 1))
  await assert.rejects(store.ping(), newerSchema('ERR_STORE_UNAVAILABLE'))
  await store.close()
})

test('the next version takes a store over, and the one after it does not skip one', async () => {
  const prefix = await storeOf(3, 2)
  assert.deepEqual(await enter(prefix, 5, 4), ['3', '2'])
  assert.deepEqual(await enter(prefix, 4, 3), ['4', '3'])
  assert.deepEqual(await enter(prefix, 3, 2), ['4', '3'])
  assert.deepEqual(await enter(prefix, 5, 4), ['5', '4'])
})
