import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createEvents, type GatewayEvent } from '../../src/kernel/events.ts'
import { createLastUses } from '../../src/session/last-uses.ts'

/** A store that answers when a test lets it, and is out of reach when a test says so. */
function createUses(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const touched: (readonly [string, number])[] = []
  const pending: PromiseWithResolvers<void>[] = []
  const events = createEvents()
  const told: GatewayEvent[] = []
  events.subscribe((event) => told.push(event))
  const state = { lostAt: null as number | null }
  const uses = createLastUses({
    store: {
      unreachableSince: () => state.lostAt,
      touch(key, lastUsedAt) {
        touched.push([key, lastUsedAt])
        const answer = Promise.withResolvers<void>()
        pending.push(answer)
        return answer.promise
      },
    },
    events,
  })
  const settle = async (by: (answer: PromiseWithResolvers<void>) => void) => {
    pending.splice(0).forEach(by)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    write: uses.write,
    touched,
    told,
    state,
    answer: () => settle(({ resolve }) => resolve()),
    fail: () => settle(({ reject }) => reject(new Error('down'))),
    look: () => t.mock.timers.tick(1000),
  }
}

test('a use is written at once', (t) => {
  const { write, touched } = createUses(t)
  write('a', 1)
  assert.deepEqual(touched, [['a', 1]])
})

test('no more than a few are written at the same time, and all of them in the end', async (t) => {
  const { write, touched, answer } = createUses(t)
  for (let session = 0; session < 100; session += 1) write(`session-${session}`, 1)
  assert.equal(touched.length, 32)
  await answer()
  assert.equal(touched.length, 64)
  await answer()
  await answer()
  assert.equal(new Set(touched.map(([key]) => key)).size, 100)
})

test('while the store is out of reach nothing is tried, and the newest use of each session waits', async (t) => {
  const { write, touched, state, look } = createUses(t)
  state.lostAt = 1000
  for (let at = 1000; at < 1100; at += 1) write('a', at)
  write('b', 1050)
  look()
  assert.deepEqual(touched, [])
  state.lostAt = null
  look()
  assert.deepEqual(touched, [
    ['a', 1099],
    ['b', 1050],
  ])
})

test('what fails as the store is lost is written when it is back, and told by nobody', async (t) => {
  const { write, touched, told, state, fail, look } = createUses(t)
  write('a', 1)
  state.lostAt = 1000
  await fail()
  state.lostAt = null
  look()
  assert.deepEqual(touched, [
    ['a', 1],
    ['a', 1],
  ])
  assert.deepEqual(told, [])
})

test('what a store in reach refuses is told and not tried again', async (t) => {
  const { write, touched, told, fail, look } = createUses(t)
  write('a', 1)
  await fail()
  look()
  assert.equal(touched.length, 1)
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['store.failed'],
  )
})
