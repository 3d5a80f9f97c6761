// Refreshes of several processes that are stopped, die, or lose their store in the middle.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { RefreshResult } from '../../src/realm/relying-party.ts'
import type { SessionStore, StoreChange } from '../../src/session/session-store.ts'
import { buildNewSession, createReplicaSet } from '../support/lifecycle.ts'
import { accessTokenOf, down, openDue, refreshed, scriptRealm, startReplica } from '../support/refreshers.ts'

const forever = () => new Promise<never>(() => {})
const unreachable = () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE'))

test('a process that is stopped past its lease sends nothing when it goes on, and takes what another one got', async () => {
  const set = createReplicaSet()
  const other = scriptRealm(refreshed)
  let isStopped = false
  const stopping: SessionStore = {
    ...set.store,
    async read(key) {
      const record = await set.store.read(key)
      if (isStopped) return record
      isStopped = true
      set.clock.advance(11)
      await startReplica(set, other.realm, 'two').refresher.refresh(first.live)
      return record
    },
  }
  const stopped = scriptRealm()
  const first = await openDue(set, stopped.realm, stopping)
  assert.equal(await accessTokenOf(first.refresher.refresh(first.live)), 'access-token-2')
  assert.deepEqual([stopped.sent, other.sent], [[], ['refresh-token-1']])
})

test('a lost answer is not asked for again once another process may have the lease', async () => {
  const set = createReplicaSet()
  const answer = Promise.withResolvers<RefreshResult>()
  const { sent, realm } = scriptRealm(answer.promise)
  const { refresher, live } = await openDue(set, realm)
  const refresh = refresher.refresh(live)
  while (sent.length === 0) await new Promise((resolve) => setImmediate(resolve))
  set.clock.advance(11)
  answer.resolve(down)
  assert.equal((await refresh).kind, 'unavailable')
  assert.equal(sent.length, 1)
})

test('whoever waits for another process takes its result as soon as it is told', async () => {
  const set = createReplicaSet()
  const answer = Promise.withResolvers<RefreshResult>()
  const first = await openDue(set, scriptRealm(answer.promise).realm)
  const second = startReplica(set, scriptRealm().realm, 'two', set.store, { wait: forever })
  const both = [first, second].map(({ refresher }) => accessTokenOf(refresher.refresh(first.live)))
  answer.resolve(refreshed)
  assert.deepEqual(await Promise.all(both), ['access-token-2', 'access-token-2'])
})

test('whoever waits for another process learns at once that the session has ended', async () => {
  const set = createReplicaSet()
  const answer = Promise.withResolvers<RefreshResult>()
  const first = await openDue(set, scriptRealm(answer.promise).realm)
  const second = startReplica(set, scriptRealm().realm, 'two', set.store, { wait: forever })
  const asking = first.refresher.refresh(first.live)
  const waiting = second.refresher.refresh(first.live)
  await new Promise((resolve) => setImmediate(resolve))
  await first.lifecycle.end(first.live, 'user', 'logged out')
  assert.equal((await waiting).kind, 'ended')
  answer.resolve(refreshed)
  assert.equal((await asking).kind, 'ended')
})

test('the lease of a process that died ends, and the next one asks', async () => {
  const set = createReplicaSet()
  const { sent, realm } = scriptRealm(refreshed)
  const { refresher, live } = await openDue(set, realm, set.store, {
    async wait(seconds) {
      set.clock.advance(seconds)
    },
  })
  await set.store.acquireLease(`refresh:${live.key}`, 'dead', 4)
  const before = set.clock.now()
  assert.equal(await accessTokenOf(refresher.refresh(live)), 'access-token-2')
  assert.ok(set.clock.now() - before < 5)
  assert.equal(sent.length, 1)
})

test('a process that died once its tokens were written is followed by one that asks nothing', async () => {
  const set = createReplicaSet()
  const first = await openDue(set, scriptRealm(refreshed).realm, { ...set.store, releaseLease: forever })
  void first.refresher.refresh(first.live)
  const second = startReplica(set, scriptRealm().realm, 'two')
  assert.equal(await accessTokenOf(second.refresher.refresh(first.live)), 'access-token-2')
})

test('a lease that cannot be given back does not spoil the tokens', async () => {
  const set = createReplicaSet()
  const { realm } = scriptRealm(refreshed)
  const { refresher, live } = await openDue(set, realm, { ...set.store, releaseLease: unreachable })
  assert.equal(await accessTokenOf(refresher.refresh(live)), 'access-token-2')
})

test('after an outage who has new tokens writes them before anybody asks the realm again', async () => {
  const set = createReplicaSet()
  let isDown = false
  const listeners: ((change: StoreChange) => void)[] = []
  const failing: SessionStore = {
    ...set.store,
    replace: (...write) => (isDown ? unreachable() : set.store.replace(...write)),
    onChange(listener) {
      listeners.push(listener)
      return set.store.onChange(listener)
    },
  }
  const answer = Promise.withResolvers<RefreshResult>()
  const asking = scriptRealm(answer.promise)
  const first = await openDue(set, asking.realm, failing, { wait: forever })
  const writing = accessTokenOf(first.refresher.refresh(first.live))
  while (asking.sent.length === 0) await new Promise((resolve) => setImmediate(resolve))
  isDown = true
  answer.resolve(refreshed)
  await new Promise((resolve) => setImmediate(resolve))
  set.clock.advance(11)
  const second = startReplica(set, scriptRealm().realm, 'two', failing, {
    async wait() {
      assert.equal(await writing, 'access-token-2')
    },
  })
  isDown = false
  for (const listener of listeners) listener({ kind: 'all' })
  assert.equal(await accessTokenOf(second.refresher.refresh(first.live)), 'access-token-2')
})

test('a failed write that is told as a change, because nobody knows what came of it, is not tried again at once', async () => {
  const set = createReplicaSet()
  const listeners: ((change: StoreChange) => void)[] = []
  let attempts = 0
  const unsure: SessionStore = {
    ...set.store,
    replace(key, ...write) {
      attempts += 1
      for (const listener of listeners) listener({ kind: 'sessions', keys: [key] })
      return attempts < 3 ? unreachable() : set.store.replace(key, ...write)
    },
    onChange(listener) {
      listeners.push(listener)
      return set.store.onChange(listener)
    },
  }
  const waits: (() => void)[] = []
  const wait = () => new Promise<void>((resolve) => waits.push(resolve))
  const { refresher, live } = await openDue(set, scriptRealm(refreshed).realm, unsure, { wait })
  const refresh = accessTokenOf(refresher.refresh(live))
  for (let attempt = 1; attempt < 3; attempt += 1) {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(attempts, attempt)
    waits.at(-1)?.()
  }
  assert.equal(await refresh, 'access-token-2')
})

test('while the breaker is open neither store nor realm is asked, and no session ends', async () => {
  const set = createReplicaSet()
  let leases = 0
  const counting: SessionStore = {
    ...set.store,
    acquireLease(...lease) {
      leases += 1
      return set.store.acquireLease(...lease)
    },
  }
  const breaker = { opensAfter: 1, openSeconds: 3 }
  const { sent, realm } = scriptRealm(down, down, refreshed)
  const { refresher, live, lifecycle, events } = await openDue(set, realm, counting, { breaker })
  const { live: other, sessionId } = await lifecycle.open(buildNewSession({ sid: 'realm-session-2' }))
  set.clock.advance(61)
  assert.equal((await refresher.refresh(live)).kind, 'unavailable')
  assert.deepEqual(await refresher.refresh(other), { kind: 'unavailable', live: other, retryAfterSeconds: 3 })
  assert.deepEqual([sent.length, leases], [2, 1])
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
  set.clock.advance(3)
  assert.equal(await accessTokenOf(refresher.refresh(other)), 'access-token-2')
  const states = events.flatMap((event) => (event.kind === 'realm.breaker' ? [event.state] : []))
  assert.deepEqual(states, ['open', 'half-open', 'closed'])
})

test('a refusal for one session does not open the breaker', async () => {
  const set = createReplicaSet()
  const breaker = { opensAfter: 1, openSeconds: 3 }
  const refusal: RefreshResult = { kind: 'unavailable', because: '401', mayRepeat: false, retryAfterSeconds: null }
  const { realm } = scriptRealm(refusal, { kind: 'rejected', because: 'invalid_grant', isEnd: true })
  const { refresher, live, events } = await openDue(set, realm, set.store, { breaker })
  await refresher.refresh(live)
  set.clock.advance(2)
  await refresher.refresh(live)
  assert.ok(!events.some(({ kind }) => kind === 'realm.breaker'))
})

test('ahead of time tokens are renewed though they are not due, and once', async () => {
  const set = createReplicaSet()
  const { sent, realm } = scriptRealm(refreshed)
  const [first, second] = [startReplica(set, realm, 'one'), startReplica(set, realm, 'two')]
  const { live } = await first.lifecycle.open(buildNewSession())
  assert.equal(await accessTokenOf(first.refresher.refreshAhead(live)), 'access-token-2')
  assert.equal(await accessTokenOf(second.refresher.refreshAhead(live)), 'access-token-2')
  assert.equal(sent.length, 1)
})
