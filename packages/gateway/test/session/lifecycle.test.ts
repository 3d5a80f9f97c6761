import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSessionId, sidIndex } from '../../src/session/session-id.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { buildNewSession, createReplicaSet, LIMITS } from '../support/lifecycle.ts'

const silent = new Promise<never>(() => {})

/** A store that takes every question and answers none. */
function mute(store: SessionStore): SessionStore {
  return { ...store, read: () => silent, touch: () => silent }
}

test('a hot session is found without asking the store', async () => {
  const { store, replica } = createReplicaSet()
  let answers = true
  const flaky: SessionStore = { ...store, read: (key) => (answers ? store.read(key) : silent) }
  const { lifecycle } = replica(flaky)
  const { sessionId } = await lifecycle.open(buildNewSession())
  answers = false
  const found = lifecycle.find(sessionId)
  assert.equal('kind' in found && found.kind, 'active')
})

test('using a hot session waits for nothing', async () => {
  const { store, clock, replica } = createReplicaSet()
  const { lifecycle } = replica(mute(store))
  const { live } = await lifecycle.open(buildNewSession())
  clock.advance(1000)
  assert.equal(lifecycle.use(live), undefined)
  assert.equal(live.lastUsedAt, clock.now())
})

test('another replica finds the session under the same id, and nobody under another', async () => {
  const { replica } = createReplicaSet()
  const { sessionId, live } = await replica().lifecycle.open(buildNewSession())
  const { lifecycle } = replica()
  const found = await lifecycle.find(sessionId)
  assert.equal(found.kind === 'active' && found.live.session.handle, live.session.handle)
  assert.deepEqual(await lifecycle.find(createSessionId()), { kind: 'none', because: 'unknown' })
  assert.deepEqual(await lifecycle.find(undefined), { kind: 'none', because: 'absent' })
})

test('a session that ended on one replica has ended on the other', async () => {
  const { replica } = createReplicaSet()
  const [first, second] = [replica(), replica()]
  const { sessionId, live } = await first.lifecycle.open(buildNewSession())
  await second.lifecycle.find(sessionId)
  await first.lifecycle.end(live, 'user', 'logged out')
  assert.deepEqual(await second.lifecycle.find(sessionId), { kind: 'none', because: 'unknown' })
})

test('the end of a session is told once', async () => {
  const { replica } = createReplicaSet()
  const { lifecycle, events } = replica()
  const { live } = await lifecycle.open(buildNewSession())
  await lifecycle.end(live, 'user', 'logged out')
  await lifecycle.end(live, 'user', 'logged out again')
  assert.equal(events.filter((event) => event.kind === 'session.ended').length, 1)
})

test('use on one replica keeps the session from idling out on another', async () => {
  const { clock, replica } = createReplicaSet()
  const [busy, quiet] = [replica(), replica()]
  const { sessionId, live } = await busy.lifecycle.open(buildNewSession())
  await quiet.lifecycle.find(sessionId)
  clock.advance(LIMITS.idleSeconds - 10)
  busy.lifecycle.use(live)
  clock.advance(20)
  assert.equal((await quiet.lifecycle.find(sessionId)).kind, 'active')
})

test('a session that nobody uses ends at the idle limit, and says so', async () => {
  const { clock, replica } = createReplicaSet()
  const { lifecycle, events } = replica()
  const { sessionId } = await lifecycle.open(buildNewSession())
  clock.advance(LIMITS.idleSeconds)
  assert.deepEqual(await lifecycle.find(sessionId), { kind: 'none', because: 'idle' })
  assert.ok(events.some((event) => event.kind === 'session.ended' && event.by === 'idle'))
})

test('a session in steady use ends at the absolute limit', async () => {
  const { clock, replica } = createReplicaSet()
  const { lifecycle } = replica()
  const { sessionId, live } = await lifecycle.open(buildNewSession())
  for (let seconds = 0; seconds < LIMITS.absoluteSeconds - 1000; seconds += 1000) {
    clock.advance(1000)
    lifecycle.use(live)
  }
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
  clock.advance(1000)
  assert.deepEqual(await lifecycle.find(sessionId), { kind: 'none', because: 'absolute' })
})

test('a session cannot be opened once its realm session has ended', async () => {
  const { store, clock, replica } = createReplicaSet()
  const { lifecycle } = replica()
  await store.putTombstone(sidIndex('https://sso.example/realms/main', 'realm-session-1'), clock.now() + 60)
  await assert.rejects(lifecycle.open(buildNewSession()), { code: 'ERR_SESSION_REVOKED' })
})

test('a write that comes late does not bring an ended session back', async () => {
  const { replica } = createReplicaSet()
  const { lifecycle } = replica()
  const { sessionId, live } = await lifecycle.open(buildNewSession())
  await lifecycle.end(live, 'user', 'logged out')
  assert.equal((await lifecycle.replace(live, live.session)).outcome, 'gone')
  assert.equal((await lifecycle.find(sessionId)).kind, 'none')
})

test('of two writers one is told that it came second', async () => {
  const { replica } = createReplicaSet()
  const { lifecycle } = replica()
  const { live } = await lifecycle.open(buildNewSession())
  assert.equal((await lifecycle.replace(live, live.session)).outcome, 'replaced')
  assert.equal((await lifecycle.replace(live, live.session)).outcome, 'conflict')
})

test('a session stays hot through its own renewal', async () => {
  const { store, replica } = createReplicaSet()
  let answers = true
  const { lifecycle } = replica({ ...store, read: (key) => (answers ? store.read(key) : silent) })
  const { sessionId, live } = await lifecycle.open(buildNewSession())
  await lifecycle.replace(live, { ...live.session, claims: { name: 'Alice B.' } })
  answers = false
  const found = lifecycle.find(sessionId)
  assert.equal('kind' in found && found.kind === 'active' && found.live.session.claims.name, 'Alice B.')
})

test('the store sees neither a token nor the id nor the realm session', async () => {
  const { store, replica } = createReplicaSet()
  const seen: Buffer[] = []
  const { lifecycle } = replica({
    ...store,
    create: (record) => {
      seen.push(Buffer.from(JSON.stringify(record)), record.sealed)
      return store.create(record)
    },
  })
  const { sessionId } = await lifecycle.open(buildNewSession())
  const bytes = Buffer.concat(seen).toString('latin1')
  for (const secret of [sessionId, 'access-token-1', 'refresh-token-1', 'id-token-1', 'realm-session-1', 'alice-id']) {
    assert.equal(bytes.includes(secret), false)
  }
})

test('more sessions than the cache holds are read again, not lost', async () => {
  const { replica } = createReplicaSet()
  const { lifecycle } = replica()
  const opened = await Promise.all(Array.from({ length: 5 }, () => lifecycle.open(buildNewSession())))
  for (const { sessionId } of opened) assert.equal((await lifecycle.find(sessionId)).kind, 'active')
})

test('the last use of a session that leaves the cache is written', async () => {
  const { store, clock, replica } = createReplicaSet()
  const { lifecycle } = replica()
  const { live } = await lifecycle.open(buildNewSession())
  clock.advance(5)
  lifecycle.use(live)
  for (let index = 0; index < 4; index += 1) await lifecycle.open(buildNewSession())
  assert.equal((await store.read(live.key))?.lastUsedAt, clock.now())
})
