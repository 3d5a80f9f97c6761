import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { keepLease, leaseMoment } from '../../src/tokens/lease-keeper.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

type Renewal = () => Promise<boolean>

/** A lease of eight seconds, under clocks that a test moves, renewed as a test says. */
function keep(t: TestContext, renewLease: Renewal = async () => true) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const [store, process] = [createFixedClock(), createFixedClock(0)]
  let renewals = 0
  const counted: Renewal = () => {
    renewals += 1
    return renewLease()
  }
  const ground = { store: { now: store.now, renewLease: counted }, elapsed: process.now }
  const askedAt = leaseMoment(ground.store, ground.elapsed)
  const keeper = keepLease({ name: 'refresh:key', owner: 'one', seconds: 8, askedAt }, ground)
  t.after(() => keeper.stop())
  return {
    keeper,
    renewals: () => renewals,
    /** Moves all clocks; the timers tick on the way. */
    async live(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        store.advance(1)
        process.advance(1)
        t.mock.timers.tick(1000)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    sleep: process.advance,
    set: store.advance,
  }
}

test('a lease is renewed for as long as the work goes on', async (t) => {
  const { keeper, live, renewals } = keep(t)
  await live(60)
  assert.equal(keeper.isHeld(), true)
  assert.equal(renewals(), 30)
})

test('a process that was stopped past its lease knows it before it does anything else', (t) => {
  const { keeper, sleep } = keep(t)
  sleep(9)
  assert.equal(keeper.isHeld(), false)
})

test('so does one whose machine has slept', (t) => {
  const { keeper, set } = keep(t)
  set(9)
  assert.equal(keeper.isHeld(), false)
})

test('the last quarter is left for the way to the realm', (t) => {
  const { keeper, sleep } = keep(t)
  sleep(5.9)
  assert.equal(keeper.isHeld(), true)
  sleep(0.2)
  assert.equal(keeper.isHeld(), false)
})

test('a lease that another owner has is lost for good', async (t) => {
  const answers = [true, false, true, true]
  const { keeper, live } = keep(t, async () => answers.shift() ?? true)
  await live(4)
  assert.equal(keeper.isHeld(), false)
  await live(4)
  assert.equal(keeper.isHeld(), false)
})

test('a store that fails renews nothing, and the lease goes on for as long as it was given', async (t) => {
  const { keeper, live } = keep(t, () => Promise.reject(new Error('down')))
  await live(5)
  assert.equal(keeper.isHeld(), true)
  await live(1)
  assert.equal(keeper.isHeld(), false)
})

test('a renewal counts from when it was asked for', async (t) => {
  const late = Promise.withResolvers<boolean>()
  const answers = [late.promise]
  const { keeper, live } = keep(t, () => answers.shift() ?? new Promise(() => {}))
  await live(7)
  assert.equal(keeper.isHeld(), false)
  late.resolve(true)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(keeper.isHeld(), true)
  await live(1)
  assert.equal(keeper.isHeld(), false)
})
