// Tokens that the realm refuses though the session may live: the session stays, opens nothing, and waits to be healed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RefreshResult } from '../../src/realm/relying-party.ts'
import { sidIndex } from '../../src/session/session-id.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { buildNewSession, createReplicaSet } from '../support/lifecycle.ts'
import { openDue, refreshed, scriptRealm, spent, startReplica } from '../support/refreshers.ts'

test('a refusal that says nothing of the session leaves it lost, for every replica, and says so once', async () => {
  const set = createReplicaSet()
  const { realm } = scriptRealm(spent)
  const { refresher, live, lifecycle, sessionId, events } = await openDue(set, realm)
  assert.deepEqual(await refresher.refresh(live), { kind: 'lost', because: 'reuse' })
  assert.equal((await lifecycle.find(sessionId)).kind, 'lost')
  assert.equal((await set.replica().lifecycle.find(sessionId)).kind, 'lost')
  const told = events.filter(({ kind }) => kind === 'session.lost' || kind === 'session.ended')
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['session.lost'],
  )
})

test('a refusal that says that the session has ended ends it', async () => {
  const { realm } = scriptRealm({ kind: 'rejected', because: 'Session not active', isEnd: true })
  const { refresher, live, lifecycle, sessionId } = await openDue(createReplicaSet(), realm)
  assert.equal((await refresher.refresh(live)).kind, 'ended')
  assert.equal((await lifecycle.find(sessionId)).kind, 'none')
})

test('nobody asks the realm for a lost session any more, in whatever way', async () => {
  const set = createReplicaSet()
  const { sent, realm } = scriptRealm(spent)
  const { refresher, live } = await openDue(set, realm)
  await refresher.refresh(live)
  const other = startReplica(set, realm, 'two')
  set.clock.advance(30)
  assert.equal((await refresher.refresh(live)).kind, 'lost')
  assert.equal((await other.refresher.refreshAhead(live)).kind, 'lost')
  assert.equal((await other.refresher.refreshNow(live, 10)).kind, 'lost')
  assert.equal(sent.length, 1)
})

test('a lost session still ends at its limits', async () => {
  const set = createReplicaSet()
  const { realm } = scriptRealm(spent)
  const { refresher, live, lifecycle, sessionId } = await openDue(set, realm)
  await refresher.refresh(live)
  set.clock.advance(1800)
  assert.deepEqual(await lifecycle.find(sessionId), { kind: 'none', because: 'idle' })
})

for (const [seconds, outcome] of [
  [59, 'ended'],
  [61, 'lost'],
] as const) {
  test(`tokens refused ${seconds} seconds after the session was healed leave it ${outcome}`, async () => {
    const set = createReplicaSet()
    const { realm } = scriptRealm(spent)
    const { lifecycle, refresher } = startReplica(set, realm, 'one')
    const { live: heals } = await lifecycle.open(buildNewSession())
    const { live } = await lifecycle.open(buildNewSession({ heals }))
    set.clock.advance(seconds)
    assert.equal((await refresher.refreshNow(live, 10)).kind, outcome)
  })
}

test('a record that somebody writes meanwhile is lost with what they wrote', async () => {
  const set = createReplicaSet()
  const refusal = Promise.withResolvers<RefreshResult>()
  const { refresher, live, lifecycle, sessionId } = await openDue(set, scriptRealm(refusal.promise).realm)
  const refresh = refresher.refresh(live)
  await new Promise((resolve) => setImmediate(resolve))
  await lifecycle.replace(live, { ...live.session, claims: { name: 'Alice B.' } })
  refusal.resolve(spent)
  assert.equal((await refresh).kind, 'lost')
  const found = await lifecycle.find(sessionId)
  assert.equal(found.kind === 'lost' && found.live.session.claims.name, 'Alice B.')
})

test('a write that comes between the last look and the loss is looked at again', async () => {
  const set = createReplicaSet()
  let interfere = true
  const store: SessionStore = {
    ...set.store,
    async replace(key, version, next) {
      if (interfere) {
        interfere = false
        const record = await set.store.read(key)
        await set.store.replace(key, version, record!)
      }
      return set.store.replace(key, version, next)
    },
  }
  const { refresher, live } = await openDue(set, scriptRealm(spent).realm, store)
  assert.equal((await refresher.refresh(live)).kind, 'lost')
})

test('a session whose realm session ended meanwhile ends instead of being lost', async () => {
  const set = createReplicaSet()
  const refusal = Promise.withResolvers<RefreshResult>()
  const { refresher, live, lifecycle, sessionId } = await openDue(set, scriptRealm(refusal.promise).realm)
  const refresh = refresher.refresh(live)
  await new Promise((resolve) => setImmediate(resolve))
  await set.store.putTombstone(sidIndex(live.session.issuer, live.session.sid!), set.clock.now() + 60)
  refusal.resolve(spent)
  assert.equal((await refresh).kind, 'ended')
  assert.equal((await lifecycle.find(sessionId)).kind, 'none')
})

test('an answer that comes after its siblings were refused does not bring the session back', async () => {
  const set = createReplicaSet()
  const answer = Promise.withResolvers<RefreshResult>()
  const first = await openDue(set, scriptRealm(answer.promise).realm)
  const slow = first.refresher.refresh(first.live)
  await new Promise((resolve) => setImmediate(resolve))
  set.clock.advance(11)
  const second = startReplica(set, scriptRealm(spent).realm, 'two')
  const found = await second.lifecycle.find(first.sessionId)
  assert.ok(found.kind === 'active')
  assert.equal((await second.refresher.refresh(found.live)).kind, 'lost')
  answer.resolve(refreshed)
  assert.equal((await slow).kind, 'lost')
  assert.equal((await second.lifecycle.find(first.sessionId)).kind, 'lost')
})

test('a store that fails while the loss is written keeps the session for the next try', async () => {
  const set = createReplicaSet()
  const { refresher, live, lifecycle, sessionId } = await openDue(set, scriptRealm(spent, spent).realm, {
    ...set.store,
    replace: () => Promise.reject(new Error('down')),
  })
  assert.equal((await refresher.refresh(live)).kind, 'unavailable')
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
})
