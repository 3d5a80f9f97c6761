import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { RefreshResult } from '../../src/realm/relying-party.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { buildNewSession, createReplicaSet } from '../support/lifecycle.ts'
import { accessTokenOf, down, openDue, refreshed, refused, scriptRealm, startReplica } from '../support/refreshers.ts'
import { buildTokens } from '../support/sessions.ts'

test('twenty requests at expiry cause one token request and all get the new token', async () => {
  const { sent, realm } = scriptRealm(refreshed)
  const { refresher, live } = await openDue(createReplicaSet(), realm)
  const tokens = await Promise.all(Array.from({ length: 20 }, () => accessTokenOf(refresher.refresh(live))))
  assert.deepEqual(new Set(tokens), new Set(['access-token-2']))
  assert.deepEqual(sent, ['refresh-token-1'])
})

test('two replicas at expiry cause one token request', async () => {
  const set = createReplicaSet()
  const { promise, resolve } = Promise.withResolvers<RefreshResult>()
  const { sent, realm } = scriptRealm(promise)
  const first = await openDue(set, realm)
  const second = startReplica(set, realm, 'two')
  const found = await second.lifecycle.find(first.sessionId)
  assert.ok(found.kind === 'active')
  const both = [accessTokenOf(first.refresher.refresh(first.live)), accessTokenOf(second.refresher.refresh(found.live))]
  resolve(refreshed)
  assert.deepEqual(await Promise.all(both), ['access-token-2', 'access-token-2'])
  assert.equal(sent.length, 1)
})

test('a replica that comes late with an old snapshot does not ask the realm again', async () => {
  const set = createReplicaSet()
  const { sent, realm } = scriptRealm(refreshed)
  const first = await openDue(set, realm)
  const second = startReplica(set, realm, 'two')
  const old = await second.lifecycle.find(first.sessionId)
  assert.ok(old.kind === 'active')
  await first.refresher.refresh(first.live)
  assert.equal(await accessTokenOf(second.refresher.refresh(old.live)), 'access-token-2')
  assert.equal(sent.length, 1)
})

test('a lost answer is asked for once more with the same token', async () => {
  const { sent, realm } = scriptRealm(down, refreshed)
  const { refresher, live } = await openDue(createReplicaSet(), realm)
  assert.equal(await accessTokenOf(refresher.refresh(live)), 'access-token-2')
  assert.deepEqual(sent, ['refresh-token-1', 'refresh-token-1'])
})

test('a realm that refuses the client is not asked twice', async () => {
  const { sent, realm } = scriptRealm(refused)
  const { refresher, live, lifecycle, sessionId } = await openDue(createReplicaSet(), realm)
  assert.deepEqual(await refresher.refresh(live), { kind: 'unavailable', live, retryAfterSeconds: 3 })
  assert.equal(sent.length, 1)
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
})

test('while the realm is down it is asked again only after a pause', async () => {
  const set = createReplicaSet()
  const { sent, realm } = scriptRealm(down, down, refreshed)
  const { refresher, live } = await openDue(set, realm)
  assert.equal((await refresher.refresh(live)).kind, 'unavailable')
  const current = await refresher.refresh(live)
  assert.equal(current.kind, 'unavailable')
  assert.equal(sent.length, 2)
  set.clock.advance(2)
  assert.equal(await accessTokenOf(refresher.refresh(live)), 'access-token-2')
})

test('invalid_grant ends the session', async () => {
  const { realm } = scriptRealm({ kind: 'rejected', because: 'invalid_grant', isEnd: true })
  const { refresher, live, lifecycle, sessionId, events } = await openDue(createReplicaSet(), realm)
  assert.equal((await refresher.refresh(live)).kind, 'ended')
  assert.equal((await lifecycle.find(sessionId)).kind, 'none')
  assert.ok(events.some((event) => event.kind === 'session.ended' && event.by === 'realm'))
})

test("somebody else's tokens end the session", async () => {
  const { realm } = scriptRealm({ kind: 'foreign' })
  const { refresher, live, lifecycle, sessionId } = await openDue(createReplicaSet(), realm)
  assert.equal((await refresher.refresh(live)).kind, 'ended')
  assert.equal((await lifecycle.find(sessionId)).kind, 'none')
})

test('an invalid_grant for a token that another replica has replaced ends nothing', async () => {
  const set = createReplicaSet()
  const rejected = Promise.withResolvers<RefreshResult>()
  const stalled = scriptRealm(rejected.promise)
  const first = await openDue(set, stalled.realm)
  const slow = first.refresher.refresh(first.live)
  await new Promise((resolve) => setImmediate(resolve))
  set.clock.advance(11)
  const second = startReplica(set, scriptRealm(refreshed).realm, 'two')
  const found = await second.lifecycle.find(first.sessionId)
  assert.ok(found.kind === 'active')
  await second.refresher.refresh(found.live)
  rejected.resolve({ kind: 'rejected', because: 'reuse', isEnd: true })
  assert.equal(await accessTokenOf(slow), 'access-token-2')
  assert.equal((await second.lifecycle.find(first.sessionId)).kind, 'active')
})

test('an answer that comes after another replica has renewed the tokens is dropped', async () => {
  const set = createReplicaSet()
  const answer = Promise.withResolvers<RefreshResult>()
  const first = await openDue(set, scriptRealm(answer.promise).realm)
  const slow = first.refresher.refresh(first.live)
  await new Promise((resolve) => setImmediate(resolve))
  set.clock.advance(11)
  const second = startReplica(set, scriptRealm(refreshed).realm, 'two')
  const found = await second.lifecycle.find(first.sessionId)
  assert.ok(found.kind === 'active')
  await second.refresher.refresh(found.live)
  answer.resolve({ ...refreshed, tokens: buildTokens({ accessToken: 'late', refreshToken: 'late' }) })
  assert.equal(await accessTokenOf(slow), 'access-token-2')
})

test('a session that ended while the realm was asked stays ended', async () => {
  const answer = Promise.withResolvers<RefreshResult>()
  const { realm } = scriptRealm(answer.promise)
  const { refresher, live, lifecycle, sessionId } = await openDue(createReplicaSet(), realm)
  const refresh = refresher.refresh(live)
  await lifecycle.end(live, 'user', 'logged out')
  answer.resolve(refreshed)
  assert.equal((await refresh).kind, 'ended')
  assert.equal((await lifecycle.find(sessionId)).kind, 'none')
})

test('an answer without a refresh token keeps the old one', async () => {
  const { realm } = scriptRealm({
    ...refreshed,
    tokens: buildTokens({ refreshToken: null, accessTokenExpiresAt: 2000 }),
  })
  const { refresher, live } = await openDue(createReplicaSet(), realm)
  const outcome = await refresher.refresh(live)
  assert.equal(outcome.kind === 'fresh' && outcome.live.session.tokens.refreshToken, 'refresh-token-1')
})

test('renewed tokens survive a store that fails while they are written', async () => {
  const set = createReplicaSet()
  let failures = 2
  const failing: SessionStore = {
    ...set.store,
    replace: (...write) => {
      failures -= 1
      return failures >= 0 ? Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE')) : set.store.replace(...write)
    },
  }
  const { sent, realm } = scriptRealm(refreshed)
  const { refresher, live } = await openDue(set, realm, failing)
  assert.equal(await accessTokenOf(refresher.refresh(live)), 'access-token-2')
  assert.equal(sent.length, 1)
})

test('a store that is down when a refresh is due keeps the session', async () => {
  const set = createReplicaSet()
  const failing = { ...set.store, acquireLease: () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE')) }
  const { sent, realm } = scriptRealm()
  const { refresher, live } = await openDue(set, realm, failing)
  assert.equal((await refresher.refresh(live)).kind, 'unavailable')
  assert.equal(sent.length, 0)
})

test('asked for by the page, the realm is called at most once in ten seconds', async () => {
  const set = createReplicaSet()
  const { sent, realm } = scriptRealm(refreshed, refreshed)
  const { lifecycle, refresher } = startReplica(set, realm, 'one')
  const { live } = await lifecycle.open(buildNewSession())
  const first = await refresher.refreshNow(live, 10)
  assert.ok(first.kind === 'fresh')
  const second = await refresher.refreshNow(first.live, 10)
  assert.ok(second.kind === 'fresh')
  assert.equal(sent.length, 1)
  set.clock.advance(11)
  await refresher.refreshNow(second.live, 10)
  assert.equal(sent.length, 2)
})

test('what else was written meanwhile does not pass for a renewal of the tokens', async () => {
  const set = createReplicaSet()
  const { sent, realm } = scriptRealm(refreshed)
  const { lifecycle, refresher } = startReplica(set, realm, 'one')
  const { live } = await lifecycle.open(buildNewSession())
  await lifecycle.replace(live, { ...live.session, claims: { name: 'Alice B.' } })
  assert.equal(await accessTokenOf(refresher.refreshNow(live, 10)), 'access-token-2')
  assert.equal(sent.length, 1)
})

test('draining waits for the refresh under way', async () => {
  const answer = Promise.withResolvers<RefreshResult>()
  const { realm } = scriptRealm(answer.promise)
  const { refresher, live, lifecycle, sessionId } = await openDue(createReplicaSet(), realm)
  const refresh = refresher.refresh(live)
  const drained = refresher.drain()
  answer.resolve(refreshed)
  await Promise.all([refresh, drained])
  const found = await lifecycle.find(sessionId)
  assert.equal(found.kind === 'active' && found.live.session.tokens.accessToken, 'access-token-2')
})
