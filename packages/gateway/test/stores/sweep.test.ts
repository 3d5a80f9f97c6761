import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createEvents, type GatewayEvent } from '../../src/kernel/events.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { sweepRegularly } from '../../src/stores/sweep.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

const OPTIONS = { everySeconds: 0.001, pieceRecords: 2, pauseSeconds: 0 }

/** The sweeping keeps no process alive by itself; a test does. */
function stayAlive(t: TestContext): void {
  const timer = setInterval(() => {}, 60_000)
  t.after(() => clearInterval(timer))
}

test('one round removes everything that has expired, however much more than a piece it is', async (t) => {
  stayAlive(t)
  const clock = createFixedClock()
  const store = createMemoryStore({ clock: clock.now })
  for (let count = 0; count < 9; count += 1) await store.claim(`login:${count}`, clock.now() + 10)
  clock.advance(60)
  const pieces: number[] = []
  const { promise: firstRound, resolve } = Promise.withResolvers<void>()
  const sweep = async (limit: number) => {
    const removed = await store.sweep(limit)
    pieces.push(removed)
    if (removed < limit) resolve()
    return removed
  }
  const stop = sweepRegularly({ sweep }, { ...OPTIONS, events: createEvents() })
  await firstRound
  await stop()
  assert.deepEqual(pieces.slice(0, 5), [2, 2, 2, 2, 1])
})

test('a store that fails is told of once and swept again', async (t) => {
  stayAlive(t)
  const events = createEvents()
  const told: GatewayEvent[] = []
  events.subscribe((event) => told.push(event))
  const { promise: afterTrouble, resolve } = Promise.withResolvers<void>()
  let rounds = 0
  const sweep = async () => {
    rounds += 1
    if (rounds <= 3) throw new Error('locked')
    resolve()
    return 0
  }
  const stop = sweepRegularly({ sweep }, { ...OPTIONS, events })
  await afterTrouble
  await stop()
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['store.failed'],
  )
})
