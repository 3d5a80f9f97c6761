import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Holding, Refusal } from '../../src/tokens/obtained.ts'
import { unavailable } from '../../src/tokens/refusals.ts'
import { type Asked, TokenHolder } from '../../src/tokens/token-holder.ts'
import { settled } from '../support/credentials.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

const FORBIDDEN: Refusal = {
  kind: 'refused',
  code: 'ERR_CREDENTIAL_FORBIDDEN',
  because: 'no role',
  retryAfterSeconds: 0,
}

function tokenUntil(accessToken: string, expiresAt: number): Asked {
  return { kind: 'token', token: { accessToken, expiresAt, scope: null } }
}

/** Starts at 1000. */
function createBench({ endsAt = Number.POSITIVE_INFINITY, waitSeconds = 5 } = {}) {
  const clock = createFixedClock()
  const flights: PromiseWithResolvers<Asked>[] = []
  const rules = { now: clock.now, refreshMarginSeconds: 30, waitSeconds }
  const ask = () => {
    const flight = Promise.withResolvers<Asked>()
    flights.push(flight)
    return flight.promise
  }
  const holder = new TokenHolder(rules, ask, endsAt)
  return {
    clock,
    holder,
    asked: () => flights.length,
    answer: (asked: Asked) => flights.at(-1)?.resolve(asked),
    fail: (error: Error) => flights.at(-1)?.reject(error),
    async fill(asked: Asked) {
      const holding = holder.get()
      flights.at(-1)?.resolve(asked)
      await settled()
      return await holding
    },
  }
}

function textOf(holding: Holding | Promise<Holding>): string {
  if (!('kind' in holding)) return 'a promise'
  return holding.kind === 'token' ? holding.token.accessToken : holding.kind
}

test('a fresh token is given at once, with its header made once', async () => {
  const bench = createBench()
  await bench.fill(tokenUntil('a', 1300))
  const holding = bench.holder.get()
  assert.ok('kind' in holding && holding.kind === 'token')
  assert.deepEqual(holding.header, { kind: 'obtained', authorization: 'Bearer a' })
  assert.equal(bench.holder.get(), holding)
  assert.equal(bench.asked(), 1)
})

test('twenty requests at once ask once', async () => {
  const bench = createBench()
  const waiting = Array.from({ length: 20 }, () => bench.holder.get())
  bench.answer(tokenUntil('a', 1300))
  assert.deepEqual(new Set((await Promise.all(waiting)).map(textOf)), new Set(['a']))
  assert.equal(bench.asked(), 1)
})

test('a token that is due is given while another one is asked for, once', async () => {
  const bench = createBench()
  await bench.fill(tokenUntil('a', 1300))
  bench.clock.advance(269)
  bench.holder.get()
  assert.equal(bench.asked(), 1)
  bench.clock.advance(2)
  assert.equal(textOf(bench.holder.get()), 'a')
  assert.equal(textOf(bench.holder.get()), 'a')
  assert.equal(bench.asked(), 2)
  bench.answer(tokenUntil('b', 1600))
  await settled()
  assert.equal(textOf(bench.holder.get()), 'b')
})

test('a short-lived token is renewed after two thirds of its life', async () => {
  const bench = createBench()
  await bench.fill(tokenUntil('a', 1030))
  bench.clock.advance(19)
  bench.holder.get()
  assert.equal(bench.asked(), 1)
  bench.clock.advance(2)
  bench.holder.get()
  assert.equal(bench.asked(), 2)
})

test('no token is given in its last second', async () => {
  const bench = createBench()
  await bench.fill(tokenUntil('a', 1300))
  bench.clock.advance(298.5)
  assert.equal(textOf(bench.holder.get()), 'a')
  bench.clock.advance(0.5)
  assert.equal(textOf(bench.holder.get()), 'a promise')
})

test('no token is given beyond the end of what it was had with, and none is asked for ahead of that', async () => {
  const bench = createBench({ endsAt: 1060 })
  const holding = await bench.fill(tokenUntil('a', 1300))
  assert.equal(holding.kind === 'token' && holding.token.expiresAt, 1060)
  bench.clock.advance(58)
  assert.equal(textOf(bench.holder.get()), 'a')
  assert.equal(bench.asked(), 1)
  bench.clock.advance(1)
  bench.holder.get()
  assert.equal(bench.asked(), 2)
})

test('a token that has ended when it comes is refused for a moment', async () => {
  const bench = createBench()
  const holding = await bench.fill(tokenUntil('a', 1000.5))
  assert.deepEqual(holding.kind === 'refused' && [holding.code, holding.retryAfterSeconds], [
    'ERR_CREDENTIAL_UNAVAILABLE',
    1,
  ])
  bench.holder.get()
  assert.equal(bench.asked(), 1)
})

test('what is refused is not asked for by every request, and is asked for again after a pause', async () => {
  const bench = createBench()
  assert.deepEqual(await bench.fill(FORBIDDEN), FORBIDDEN)
  bench.clock.advance(4)
  assert.deepEqual(bench.holder.get(), FORBIDDEN)
  assert.equal(bench.asked(), 1)
  bench.clock.advance(1)
  assert.equal(textOf(await bench.fill(tokenUntil('a', 1300))), 'a')
})

test('while the realm is in trouble the pause is what it asked for, and the rest of it is told', async () => {
  const bench = createBench()
  await bench.fill(unavailable('503', 3))
  bench.clock.advance(1)
  assert.deepEqual(bench.holder.get(), unavailable('503', 2))
  bench.clock.advance(2)
  bench.holder.get()
  assert.equal(bench.asked(), 2)
})

test('a token outlives the failure to renew it, but not its own end', async () => {
  const bench = createBench()
  await bench.fill(tokenUntil('a', 1300))
  bench.clock.advance(275)
  bench.holder.get()
  bench.answer(unavailable('503', 2))
  await settled()
  assert.equal(textOf(bench.holder.get()), 'a')
  assert.equal(bench.asked(), 2)
  bench.clock.advance(3)
  assert.equal(textOf(bench.holder.get()), 'a')
  assert.equal(bench.asked(), 3)
  bench.answer(unavailable('503', 60))
  await settled()
  bench.clock.advance(22)
  assert.deepEqual(bench.holder.get(), unavailable('503', 38))
})

test('a realm that takes long means 503 for those who wait, and its token for those who come later', async () => {
  const bench = createBench({ waitSeconds: 0.001 })
  const refused = await bench.holder.get()
  assert.deepEqual(refused.kind === 'refused' && [refused.code, refused.retryAfterSeconds], [
    'ERR_CREDENTIAL_UNAVAILABLE',
    1,
  ])
  bench.answer(tokenUntil('a', 1300))
  await settled()
  assert.equal(textOf(bench.holder.get()), 'a')
  assert.equal(bench.asked(), 1)
})

test('a fault reaches those who wait, and the next one asks anew', async () => {
  const bench = createBench()
  const waiting = bench.holder.get()
  bench.fail(new TypeError('a mistake of ours'))
  await assert.rejects(Promise.resolve(waiting), TypeError)
  assert.equal(textOf(await bench.fill(tokenUntil('a', 1300))), 'a')
})
