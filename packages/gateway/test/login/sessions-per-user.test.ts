// How many sessions one person may have, however many log in at the same moment.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takePlace } from '../../src/login/sessions-per-user.ts'
import type { NewSession, SessionLifecycle } from '../../src/session/lifecycle.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import { buildNewSession, createReplicaSet } from '../support/lifecycle.ts'

const pause = () => new Promise<void>((resolve) => setImmediate(resolve))
const keysOf = (sessions: readonly LiveSession[]) => sessions.map(({ key }) => key).sort()
const left = async (sessions: SessionLifecycle) => keysOf((await sessions.list(null, 100)).sessions)

function createBench(max: number, whenFull: 'endOldest' | 'refuseLogin') {
  const set = createReplicaSet()
  const { lifecycle, events } = set.replica()
  let browsers = 0
  const open = async (changes: Partial<NewSession> = {}) => {
    browsers += 1
    set.clock.advance(1)
    return (await lifecycle.open(buildNewSession({ sid: `browser-${browsers}`, ...changes }))).live
  }
  const options = { sessions: lifecycle, maxPerUser: { sessions: max, whenFull }, wait: pause }
  return {
    set,
    lifecycle,
    events,
    options,
    open,
    async logIn(changes?: Partial<NewSession>, replaced?: LiveSession) {
      const live = await open(changes)
      return { live, place: await takePlace(live, replaced, options) }
    },
    endings: () => events.flatMap((event) => (event.kind === 'session.ended' ? [event.by] : [])),
  }
}

test('any number of sessions where there is no limit', async () => {
  const bench = createBench(1, 'endOldest')
  for (let login = 0; login < 3; login += 1) {
    assert.equal(await takePlace(await bench.open(), undefined, { ...bench.options, maxPerUser: null }), 'kept')
  }
  assert.equal((await left(bench.lifecycle)).length, 3)
})

test('the oldest session makes room for the newest, and only the person’s own', async () => {
  const bench = createBench(2, 'endOldest')
  const bob = await bench.open({ subject: 'bob-id' })
  const elsewhere = await bench.open({ issuer: 'https://sso.example/realms/other' })
  const alice = [await bench.logIn(), await bench.logIn(), await bench.logIn()]
  assert.deepEqual(
    alice.map(({ place }) => place),
    ['kept', 'kept', 'kept'],
  )
  assert.deepEqual(await left(bench.lifecycle), keysOf([bob, elsewhere, alice[1]!.live, alice[2]!.live]))
  assert.deepEqual(bench.endings(), ['max-per-user'])
})

test('where the limit was lowered, as many go as are too many', async () => {
  const bench = createBench(2, 'endOldest')
  for (let login = 0; login < 5; login += 1) await bench.open()
  await bench.logIn()
  assert.equal((await left(bench.lifecycle)).length, 2)
})

test('a login beyond the limit is refused, and nobody else is disturbed', async () => {
  const bench = createBench(2, 'refuseLogin')
  const [one, two] = [await bench.logIn(), await bench.logIn()]
  assert.deepEqual([one.place, two.place, (await bench.logIn()).place], ['kept', 'kept', 'refused'])
  assert.deepEqual(await left(bench.lifecycle), keysOf([one.live, two.live]))
})

test('where the limit was lowered, refusing ends no session that is there', async () => {
  const bench = createBench(2, 'refuseLogin')
  const before = []
  for (let login = 0; login < 5; login += 1) before.push(await bench.open())
  assert.equal((await bench.logIn()).place, 'refused')
  assert.deepEqual(await left(bench.lifecycle), keysOf(before))
})

for (const whenFull of ['endOldest', 'refuseLogin'] as const) {
  test(`${whenFull}: the session that a login replaces does not count`, async () => {
    const bench = createBench(1, whenFull)
    const { live: previous } = await bench.logIn()
    assert.equal((await bench.logIn({}, previous)).place, 'kept')
    assert.deepEqual(bench.endings(), [])
  })

  test(`${whenFull}: what the same browser left behind goes first, and its realm session is not ended for it`, async () => {
    const bench = createBench(1, whenFull)
    await bench.logIn({ sid: 'the same' })
    const { live, place } = await bench.logIn({ sid: 'the same' })
    assert.equal(place, 'kept')
    assert.deepEqual(await left(bench.lifecycle), [live.key])
    assert.deepEqual(bench.endings(), ['new-login'])
  })

  for (const max of [1, 2]) {
    test(`${whenFull}: of four logins at the same moment over two replicas ${max} stay, in every order`, async () => {
      for (let round = 0; round < 30; round += 1) {
        const bench = createBench(max, whenFull)
        const replicas = [bench.lifecycle, bench.set.replica().lifecycle]
        const logIn = async (browser: number) => {
          const sessions = replicas[browser % 2]!
          for (let step = 0; step < (round * (browser + 1)) % 5; step += 1) await pause()
          const { live } = await sessions.open(buildNewSession({ sid: `browser-${browser}` }))
          for (let step = 0; step < (round + browser) % 3; step += 1) await pause()
          return takePlace(live, undefined, { ...bench.options, sessions })
        }
        const places = await Promise.all([0, 1, 2, 3].map(logIn))
        assert.equal((await left(bench.lifecycle)).length, max, `round ${round}: ${places}`)
      }
    })
  }
}

/** Opened by a replica whose clock is behind: it looks older than those that were there before it. */
async function openLate(bench: ReturnType<typeof createBench>): Promise<LiveSession> {
  const now = bench.set.store.now
  const { lifecycle } = bench.set.replica({ ...bench.set.store, now: () => now() - 0.5 })
  return (await lifecycle.open(buildNewSession({ sid: 'late' }))).live
}

test('refuseLogin: a login whose clock is behind yields to the one that had counted before it came', async () => {
  const bench = createBench(1, 'refuseLogin')
  const first = await bench.logIn()
  const late = await openLate(bench)
  assert.equal(await takePlace(late, undefined, bench.options), 'refused')
  assert.deepEqual(await left(bench.lifecycle), [first.live.key])
})

test('refuseLogin: a login whose clock is behind stays when the newer one yields', async () => {
  const bench = createBench(1, 'refuseLogin')
  const newer = await bench.open()
  const late = await openLate(bench)
  const places = [takePlace(late, undefined, bench.options), takePlace(newer, undefined, bench.options)]
  assert.deepEqual(await Promise.all(places), ['kept', 'refused'])
  assert.deepEqual(await left(bench.lifecycle), [late.key])
})

test('endOldest: a login whose clock is behind is told that a newer one took its place', async () => {
  const bench = createBench(1, 'endOldest')
  const newer = await bench.open()
  const late = await openLate(bench)
  assert.equal(await takePlace(late, undefined, bench.options), 'superseded')
  assert.deepEqual(await left(bench.lifecycle), [newer.key])
})

test('a session with lost tokens counts: it may be healed', async () => {
  const bench = createBench(1, 'refuseLogin')
  const { live } = await bench.logIn()
  await bench.lifecycle.lose(live, 'reuse')
  assert.equal((await bench.logIn()).place, 'refused')
})
