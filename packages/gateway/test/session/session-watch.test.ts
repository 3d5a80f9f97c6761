import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { SessionEnd } from '../../src/kernel/events.ts'
import type { SessionLifecycle } from '../../src/session/lifecycle.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import type { SessionStore, StoreChange } from '../../src/session/session-store.ts'
import { createSessionWatches } from '../../src/session/session-watch.ts'
import { buildNewSession, createReplicaSet, LIMITS } from '../support/lifecycle.ts'

const CACHE_SECONDS = 3600

interface Heard {
  readonly ended: (SessionEnd | null)[]
  readonly changed: LiveSession[]
}

function createWatcher(usesTokens = false) {
  const heard: Heard = { ended: [], changed: [] }
  return {
    heard,
    watcher: {
      onEnded: (by: SessionEnd | null) => heard.ended.push(by),
      onChanged: (live: LiveSession) => heard.changed.push(live),
      usesTokens,
    },
  }
}

/** One replica that watches, and another one on the same store. `over`: what the watching one sees of its store. */
async function setUp(t: TestContext, over: (store: SessionStore) => Partial<SessionStore> = () => ({})) {
  const set = createReplicaSet()
  const seen = { ...set.store, ...over(set.store) }
  const here = set.replica(seen)
  const elsewhere = set.replica()
  const watches = createSessionWatches({
    store: seen,
    lifecycle: here.lifecycle,
    limits: LIMITS,
    cacheSeconds: CACHE_SECONDS,
    concurrentReads: 2,
  })
  t.after(() => watches.close())
  const { sessionId, live } = await here.lifecycle.open(buildNewSession())
  return { ...set, here, elsewhere, watches, sessionId, live }
}

/** The same session as the other replica holds it. */
async function findBy(lifecycle: SessionLifecycle, sessionId: string): Promise<LiveSession> {
  const found = await lifecycle.find(sessionId)
  assert.equal(found.kind, 'active')
  return found.kind === 'active' ? found.live : assert.fail()
}

/** Reads of a memory store are over after a few turns. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turn()
}

test('a session that another replica ends is heard of at once, and by whom', async (t) => {
  const { watches, elsewhere, sessionId, live } = await setUp(t)
  const { watcher, heard } = createWatcher()
  watches.watch(live, watcher)
  await elsewhere.lifecycle.end(await findBy(elsewhere.lifecycle, sessionId), 'administrator', 'for the test')
  assert.deepEqual(heard.ended, ['administrator'])
  await settle()
  assert.deepEqual(heard.ended, ['administrator'])
})

test('a record that has gone without a word is an end nobody knows the reason of', async (t) => {
  const listeners = new Set<(change: StoreChange) => void>()
  const silent = () => ({
    onChange(listener: (change: StoreChange) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  })
  const { watches, store, live } = await setUp(t, silent)
  const { watcher, heard } = createWatcher()
  watches.watch(live, watcher)
  await settle()
  await store.delete(live.key, 'user')
  assert.deepEqual(heard.ended, [])
  for (const tell of listeners) tell({ kind: 'all' })
  await settle()
  assert.deepEqual(heard.ended, [null])
})

test('without any word from the store the end is found after the time a state is believed', async (t) => {
  const { watches, store, clock, live } = await setUp(t, () => ({ onChange: () => () => {} }))
  const { watcher, heard } = createWatcher()
  watches.watch(live, watcher)
  await settle()
  await store.delete(live.key, 'user')
  clock.advance(LIMITS.idleSeconds - 1)
  watches.tick()
  await settle()
  assert.deepEqual(heard.ended, [])
  live.lastUsedAt = clock.now()
  clock.advance(CACHE_SECONDS - LIMITS.idleSeconds + 1)
  live.lastUsedAt = clock.now()
  watches.tick()
  await settle()
  assert.deepEqual(heard.ended, [null])
})

test('a state that another replica has written is told, and only once', async (t) => {
  const { watches, elsewhere, sessionId, live } = await setUp(t)
  const { watcher, heard } = createWatcher(true)
  watches.watch(live, watcher)
  await settle()
  const other = await findBy(elsewhere.lifecycle, sessionId)
  const claims = { name: 'Alice Liddell' }
  await elsewhere.lifecycle.replace(other, { ...other.session, claims })
  await settle()
  assert.deepEqual(
    heard.changed.map(({ version, session }) => [version, session.claims]),
    [[2, claims]],
  )
  assert.deepEqual(
    watches.usingTokens().map(({ version }) => version),
    [2],
  )
})

test('who watches with an older state than is known hears of the newer one', async (t) => {
  const { watches, elsewhere, sessionId, live } = await setUp(t)
  watches.watch(live, createWatcher().watcher)
  const other = await findBy(elsewhere.lifecycle, sessionId)
  await elsewhere.lifecycle.lose(other, 'for the test')
  await settle()
  const { watcher, heard } = createWatcher()
  watches.watch(live, watcher)
  await settle()
  assert.deepEqual(
    heard.changed.map(({ session }) => session.lost?.because),
    ['for the test'],
  )
})

test('a session that reaches a limit ends though nobody asks for it', async (t) => {
  const { watches, clock, here, live } = await setUp(t)
  const { watcher, heard } = createWatcher()
  watches.watch(live, watcher)
  await settle()
  clock.advance(LIMITS.idleSeconds)
  watches.tick()
  await settle()
  assert.deepEqual(heard.ended, ['idle'])
  assert.equal(here.events.filter(({ kind }) => kind === 'session.ended').length, 1)
})

test('a later use that another replica knows of keeps the session', async (t) => {
  const { watches, store, clock, live } = await setUp(t)
  const { watcher, heard } = createWatcher()
  watches.watch(live, watcher)
  await settle()
  clock.advance(LIMITS.idleSeconds)
  await store.touch(live.key, clock.now() - 1)
  watches.tick()
  await settle()
  assert.deepEqual(heard.ended, [])
  clock.advance(LIMITS.idleSeconds)
  watches.tick()
  await settle()
  assert.deepEqual(heard.ended, ['idle'])
})

test('watching is no use: the idle limit does not move', async (t) => {
  const { watches, clock, live } = await setUp(t)
  const before = live.lastUsedAt
  watches.watch(live, createWatcher().watcher)
  clock.advance(60)
  watches.tick()
  await settle()
  assert.equal(live.lastUsedAt, before)
})

test('a store that fails is asked again, and ends nothing', async (t) => {
  let isFailing = true
  const { watches, clock, store, live } = await setUp(t, (inner) => ({
    onChange: () => () => {},
    read: (key) => (isFailing ? Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE')) : inner.read(key)),
  }))
  const { watcher, heard } = createWatcher()
  watches.watch(live, watcher)
  await settle()
  await store.delete(live.key, 'user')
  clock.advance(LIMITS.idleSeconds)
  watches.tick()
  await settle()
  assert.deepEqual(heard.ended, [])
  isFailing = false
  watches.tick()
  await settle()
  assert.deepEqual(heard.ended, [null])
})

test('while the store is out of reach nothing is looked at', async (t) => {
  let reads = 0
  let lostAt: number | null = null
  const { watches, clock, live } = await setUp(t, (inner) => ({
    unreachableSince: () => lostAt,
    read(key) {
      reads += 1
      return inner.read(key)
    },
  }))
  watches.watch(live, createWatcher().watcher)
  await settle()
  const before = reads
  lostAt = clock.now()
  clock.advance(LIMITS.idleSeconds)
  watches.tick()
  await settle()
  assert.equal(reads, before)
})

test('who begins to watch after the end hears of it', async (t) => {
  const { watches, here, live } = await setUp(t)
  await here.lifecycle.end(live, 'user', 'for the test')
  const { watcher, heard } = createWatcher()
  watches.watch(live, watcher)
  await settle()
  assert.deepEqual(heard.ended, [null])
})

test('who watches anew while an older watch is still being looked up hears of the end', async (t) => {
  const { watches, here, live } = await setUp(t)
  await here.lifecycle.end(live, 'user', 'for the test')
  const first = createWatcher()
  const second = createWatcher()
  const stop = watches.watch(live, first.watcher)
  stop()
  watches.watch(live, second.watcher)
  await settle()
  assert.deepEqual([first.heard.ended, second.heard.ended], [[], [null]])
})

test('a watch that was ended hears nothing, and others go on', async (t) => {
  const { watches, here, live } = await setUp(t)
  const first = createWatcher(true)
  const second = createWatcher()
  const stop = watches.watch(live, first.watcher)
  watches.watch(live, second.watcher)
  assert.equal(watches.usingTokens().length, 1)
  stop()
  assert.equal(watches.usingTokens().length, 0)
  await here.lifecycle.end(live, 'user', 'for the test')
  assert.deepEqual([first.heard.ended, second.heard.ended], [[], ['user']])
})

test('a word that may concern any session reads no more of them at a time than allowed', async (t) => {
  let running = 0
  let most = 0
  const listeners = new Set<(change: StoreChange) => void>()
  const { watches, here, live } = await setUp(t, (inner) => ({
    onChange(listener) {
      listeners.add(listener)
      return inner.onChange(listener)
    },
    async read(key) {
      running += 1
      most = Math.max(most, running)
      await turn()
      running -= 1
      return inner.read(key)
    },
  }))
  const opened = await Promise.all(Array.from({ length: 6 }, () => here.lifecycle.open(buildNewSession())))
  for (const each of [live, ...opened.map((session) => session.live)]) watches.watch(each, createWatcher().watcher)
  for (const tell of listeners) tell({ kind: 'all' })
  for (let turns = 0; turns < 30; turns += 1) await turn()
  assert.equal(most, 2)
  assert.equal(running, 0)
})
