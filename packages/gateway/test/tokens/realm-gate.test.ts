import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEvents, type GatewayEvent } from '../../src/kernel/events.ts'
import { createRealmGates, type Entry, type RealmGateOptions, type Turn } from '../../src/tokens/realm-gate.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

function openGates(changes: Partial<RealmGateOptions> = {}) {
  const clock = createFixedClock()
  const events = createEvents()
  const told: GatewayEvent[] = []
  events.subscribe((event) => told.push(event))
  const gates = createRealmGates({
    concurrency: 2,
    maxWaiting: 2,
    waitSeconds: 60,
    breaker: { opensAfter: 2, openSeconds: 3 },
    now: clock.now,
    events,
    ...changes,
  })
  const states = () =>
    told.map((event) => (event.kind === 'realm.breaker' ? `${event.realm} ${event.state}` : event.kind))
  return { clock, states, enter: (realm = 'main') => gates.enter(realm) }
}

async function turnOf(entry: Promise<Entry>): Promise<Turn> {
  const entered = await entry
  assert.ok(entered.kind === 'turn')
  return entered.turn
}

async function retryOf(entry: Promise<Entry>): Promise<number> {
  const entered = await entry
  assert.ok(entered.kind === 'turned-away')
  return entered.retryAfterSeconds
}

/** Undefined while it waits. */
async function settledNow(entry: Promise<Entry>): Promise<Entry | undefined> {
  return Promise.race([entry, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))])
}

test('so many are inside at once, and each who leaves lets in who came first', async () => {
  const { enter } = openGates()
  const first = await turnOf(enter())
  await turnOf(enter())
  const [third, fourth] = [enter(), enter()]
  assert.equal(await settledNow(third), undefined)
  first.leave('answered')
  const turn = await turnOf(third)
  assert.equal(await settledNow(fourth), undefined)
  turn.leave('answered')
  await turnOf(fourth)
})

test('leaving twice gives up one place', async () => {
  const { enter } = openGates()
  const first = await turnOf(enter())
  await turnOf(enter())
  first.leave('answered')
  first.leave('unasked')
  await turnOf(enter())
  assert.equal(await settledNow(enter()), undefined)
})

test('realms do not wait for each other', async () => {
  const { enter } = openGates({ concurrency: 1 })
  await turnOf(enter('main'))
  await turnOf(enter('models'))
})

test('the line is no longer than its bound', async () => {
  const { enter } = openGates()
  await Promise.all([turnOf(enter()), turnOf(enter())])
  const line = [enter(), enter()]
  assert.equal(await retryOf(enter()), 1)
  assert.equal(await settledNow(Promise.race(line)), undefined)
})

test('nobody waits longer than the bound, and who has given up takes no place', async () => {
  const { enter } = openGates({ concurrency: 1, waitSeconds: 0.001 })
  const first = await turnOf(enter())
  assert.equal(await retryOf(enter()), 1)
  first.leave('answered')
  await turnOf(enter())
})

test('a realm that is silent again and again is left alone, and those in line hear it at once', async () => {
  const { enter, states } = openGates()
  const [first, second] = [await turnOf(enter()), await turnOf(enter())]
  const line = [enter(), enter()]
  first.leave('silent')
  const third = await turnOf(line[0] as Promise<Entry>)
  second.leave('silent')
  assert.equal(await retryOf(line[1] as Promise<Entry>), 3)
  assert.equal(await retryOf(enter()), 3)
  assert.deepEqual(states(), ['main open'])
  third.leave('unasked')
  assert.equal(await retryOf(enter()), 3)
})

test('after the pause one at a time tries, until the realm answers', async () => {
  const { enter, states, clock } = openGates()
  for (const turn of [await turnOf(enter()), await turnOf(enter())]) turn.leave('silent')
  clock.advance(2)
  assert.equal(await retryOf(enter()), 1)
  clock.advance(1)
  const trying = await turnOf(enter())
  assert.equal(await retryOf(enter()), 3)
  trying.leave('silent')
  assert.equal(await retryOf(enter()), 3)
  clock.advance(3)
  const again = await turnOf(enter())
  again.leave('answered')
  await Promise.all([turnOf(enter()), turnOf(enter())])
  assert.deepEqual(
    states(),
    ['open', 'half-open', 'open', 'half-open', 'closed'].map((state) => `main ${state}`),
  )
})
