// What a replica does with the sessions it holds while the store is out of reach.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError, isGatewayError } from '../../src/kernel/errors.ts'
import type { SessionStore, StoreChange } from '../../src/session/session-store.ts'
import { buildNewSession, createReplicaSet } from '../support/lifecycle.ts'

/** `CACHE_SECONDS` and `STALE_SECONDS` of the replicas. */
const [CACHE_SECONDS, STALE_SECONDS] = [30, 60]

/** A replica whose way to the store can be cut; others go on with the store itself. */
function createCutReplica(changes: { readonly staleSeconds?: number } = {}) {
  const set = createReplicaSet(changes)
  let lostAt: number | null = null
  const listeners = new Set<(change: StoreChange) => void>()
  const asked: string[] = []
  const within = <T>(operation: string, ask: () => Promise<T>): Promise<T> => {
    asked.push(operation)
    return lostAt === null ? ask() : Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE'))
  }
  const cut: SessionStore = {
    ...set.store,
    unreachableSince: () => lostAt,
    read: (key) => within('read', () => set.store.read(key)),
    touch: (key, at) => within('touch', () => set.store.touch(key, at)),
    onChange(listener) {
      listeners.add(listener)
      return set.store.onChange((change) => {
        if (lostAt === null) listener(change)
      })
    },
  }
  return {
    ...set,
    ...set.replica(cut),
    asked,
    cut() {
      lostAt = set.clock.now()
    },
    mend() {
      for (const listener of listeners) listener({ kind: 'all' })
      lostAt = null
    },
  }
}

const refusesForNow = (error: unknown) => isGatewayError(error, 'ERR_STORE_UNAVAILABLE')

test('a hot session goes on for as long as the configuration says, and not longer', async () => {
  const { lifecycle, clock, cut, asked } = createCutReplica()
  const { sessionId } = await lifecycle.open(buildNewSession())
  cut()
  for (let second = 0; second < STALE_SECONDS; second += 10) {
    const found = lifecycle.find(sessionId)
    assert.equal('kind' in found && found.kind, 'active', `after ${second} seconds`)
    clock.advance(10)
  }
  assert.deepEqual(asked, [])
  await assert.rejects(async () => lifecycle.find(sessionId), refusesForNow)
})

test('where the configuration forbids it nothing that is held is used', async () => {
  const { lifecycle, cut } = createCutReplica({ staleSeconds: 0 })
  const { sessionId } = await lifecycle.open(buildNewSession())
  cut()
  await assert.rejects(async () => lifecycle.find(sessionId), refusesForNow)
})

test('what was too old when the store was lost is not used', async () => {
  const { lifecycle, clock, cut } = createCutReplica()
  const { sessionId } = await lifecycle.open(buildNewSession())
  clock.advance(CACHE_SECONDS)
  cut()
  await assert.rejects(async () => lifecycle.find(sessionId), refusesForNow)
})

test('a session that nobody holds is asked for and not taken for ended', async () => {
  const { lifecycle, replica, cut, events } = createCutReplica()
  const { sessionId } = await replica().lifecycle.open(buildNewSession())
  cut()
  await assert.rejects(async () => lifecycle.find(sessionId), refusesForNow)
  assert.deepEqual(events, [])
})

test('a limit that is reached in an outage ends nothing that the store has not said', async () => {
  const { lifecycle, clock, cut, mend, replica } = createCutReplica({ staleSeconds: 5000 })
  const { sessionId } = await lifecycle.open(buildNewSession())
  cut()
  clock.advance(1000)
  const other = replica().lifecycle
  const found = await other.find(sessionId)
  assert.ok(found.kind === 'active')
  other.use(found.live)
  clock.advance(1000)
  await assert.rejects(async () => lifecycle.find(sessionId), refusesForNow)
  mend()
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
})

test('the first look after an outage is at the store', async () => {
  const { lifecycle, cut, mend, asked } = createCutReplica()
  const { sessionId } = await lifecycle.open(buildNewSession())
  cut()
  mend()
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
  assert.deepEqual(asked, ['read'])
})

test('a session that was ended elsewhere in an outage is dead after it', async () => {
  const { lifecycle, cut, mend, replica } = createCutReplica()
  const { sessionId, live } = await lifecycle.open(buildNewSession())
  cut()
  await replica().lifecycle.end(live, 'user', 'logged out')
  const found = lifecycle.find(sessionId)
  assert.equal('kind' in found && found.kind, 'active', 'nobody can know yet')
  mend()
  assert.deepEqual(await lifecycle.find(sessionId), { kind: 'none', because: 'unknown' })
})

test('uses in an outage are written once it is over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { lifecycle, clock, cut, mend, store, asked } = createCutReplica({ staleSeconds: 5000 })
  const { live } = await lifecycle.open(buildNewSession())
  cut()
  for (let minute = 0; minute < 10; minute += 1) {
    clock.advance(60)
    lifecycle.use(live)
  }
  assert.deepEqual(asked, [])
  mend()
  t.mock.timers.tick(1000)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal((await store.read(live.key))?.lastUsedAt, clock.now())
  assert.deepEqual(asked, ['touch'])
})
