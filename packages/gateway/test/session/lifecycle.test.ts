import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionLifecycle } from '../../src/session/lifecycle.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
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

test('an end whose deletion was done and not answered is still told to the realm', async () => {
  const { replica, store } = createReplicaSet()
  const unanswered = {
    ...store,
    delete: async (...args: Parameters<typeof store.delete>) => !(await store.delete(...args)),
  }
  const { lifecycle, ended } = replica(unanswered)
  const { live } = await lifecycle.open(buildNewSession())
  assert.equal(await lifecycle.end(live, 'administrator', 'test'), false)
  assert.deepEqual(ended, [live.session.handle])
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

/** Counts what is read, and holds reads and writes back until they are let go. */
function slowStore(store: SessionStore) {
  const held: { read: Promise<unknown>[]; replace: Promise<unknown>[] } = { read: [], replace: [] }
  let reads = 0
  return {
    hold: (operation: 'read' | 'replace', until: Promise<unknown>) => void held[operation].push(until),
    reads: () => reads,
    store: {
      ...store,
      async read(key: string) {
        reads += 1
        const record = await store.read(key)
        await held.read.shift()
        return record
      },
      async replace(...write: Parameters<SessionStore['replace']>) {
        const outcome = await store.replace(...write)
        await held.replace.shift()
        return outcome
      },
    } satisfies SessionStore,
  }
}

async function findLive(lifecycle: SessionLifecycle, sessionId: string): Promise<LiveSession> {
  const found = await lifecycle.find(sessionId)
  assert.ok(found.kind === 'active')
  return found.live
}

test('a session that is read again unchanged stays the same object, and nothing remembered by it is lost', async () => {
  const { store, clock, replica } = createReplicaSet()
  const slow = slowStore(store)
  const { lifecycle } = replica(slow.store)
  const { sessionId, live } = await lifecycle.open(buildNewSession())
  clock.advance(31)
  assert.equal(await findLive(lifecycle, sessionId), live)
  assert.equal(slow.reads(), 1)
  assert.equal(await findLive(lifecycle, sessionId), live)
  assert.equal(slow.reads(), 1)
  assert.equal(await lifecycle.reread(live), live)
})

test('a session that another replica has written is another object', async () => {
  const { clock, replica } = createReplicaSet()
  const [first, second] = [replica(), replica()]
  const { sessionId, live } = await first.lifecycle.open(buildNewSession())
  const found = await findLive(second.lifecycle, sessionId)
  await second.lifecycle.replace(found, { ...found.session, claims: { name: 'Alice B.' } })
  clock.advance(31)
  const again = await findLive(first.lifecycle, sessionId)
  assert.notEqual(again, live)
  assert.equal(again.session.claims.name, 'Alice B.')
})

test('reading again keeps the later last use, whoever knew of it', async () => {
  const { clock, replica } = createReplicaSet()
  const [first, second] = [replica(), replica()]
  const { sessionId, live } = await first.lifecycle.open(buildNewSession())
  const elsewhere = await findLive(second.lifecycle, sessionId)
  clock.advance(100)
  second.lifecycle.use(elsewhere)
  await findLive(first.lifecycle, sessionId)
  assert.equal(live.lastUsedAt, clock.now())
  clock.advance(31)
  first.lifecycle.use(live)
  const lastUse = clock.now()
  clock.advance(31)
  await findLive(first.lifecycle, sessionId)
  assert.equal(live.lastUsedAt, lastUse)
})

test('a last use that the store has not taken yet survives what another replica writes', async () => {
  const { store, clock, replica } = createReplicaSet()
  const first = replica({ ...store, touch: () => silent })
  const second = replica()
  const { sessionId, live } = await first.lifecycle.open(buildNewSession())
  const elsewhere = await findLive(second.lifecycle, sessionId)
  clock.advance(40)
  first.lifecycle.use(live)
  await second.lifecycle.replace(elsewhere, elsewhere.session)
  assert.equal((await first.lifecycle.reread(live))?.lastUsedAt, clock.now())
})

test('a write that is slow to come back does not bury a newer state', async () => {
  const { store, replica } = createReplicaSet()
  const slow = slowStore(store)
  const { lifecycle } = replica(slow.store)
  const other = replica()
  const { sessionId, live } = await lifecycle.open(buildNewSession())
  const { promise, resolve } = Promise.withResolvers<void>()
  slow.hold('replace', promise)
  const writing = lifecycle.replace(live, { ...live.session, claims: { name: 'first' } })
  const elsewhere = await findLive(other.lifecycle, sessionId)
  await other.lifecycle.replace(elsewhere, { ...elsewhere.session, claims: { name: 'second' } })
  resolve()
  assert.equal((await writing).outcome, 'replaced')
  assert.equal((await findLive(lifecycle, sessionId)).session.claims.name, 'second')
})

test('a read that is slow to come back does not bury a newer state', async () => {
  const { store, replica } = createReplicaSet()
  const slow = slowStore(store)
  const { lifecycle } = replica(slow.store)
  const { sessionId, live } = await lifecycle.open(buildNewSession())
  const { promise, resolve } = Promise.withResolvers<void>()
  slow.hold('read', promise)
  const reading = lifecycle.reread(live)
  await lifecycle.replace(live, { ...live.session, claims: { name: 'newer' } })
  resolve()
  assert.equal((await reading)?.session.claims.name, 'Alice')
  assert.equal((await findLive(lifecycle, sessionId)).session.claims.name, 'newer')
})

test('writing something else does not move when the tokens are due', async () => {
  const { clock, replica } = createReplicaSet()
  const { lifecycle } = replica()
  const { live } = await lifecycle.open(buildNewSession())
  clock.advance(35)
  const { live: written } = await lifecycle.replace(live, { ...live.session, claims: {} })
  assert.equal(written.session.refreshDueAt, live.session.refreshDueAt)
})

test('a session is found by its handle, warm after the first time, and known by its cookie as the same object', async () => {
  const { store, replica } = createReplicaSet()
  const slow = slowStore(store)
  const opener = replica()
  const { lifecycle } = replica(slow.store)
  const { sessionId, live } = await opener.lifecycle.open(buildNewSession())
  const first = await lifecycle.findByHandle(live.session.handle)
  assert.ok(first.kind === 'active')
  assert.equal(first.live.session.subject, 'alice-id')
  assert.deepEqual(await lifecycle.findByHandle(live.session.handle), first)
  assert.equal(slow.reads(), 1)
  assert.equal(await findLive(lifecycle, sessionId), first.live)
  assert.equal(await findLive(lifecycle, sessionId), first.live)
  assert.equal(slow.reads(), 2)
})

test('a session read again by its handle is warm for its cookie too', async () => {
  const { store, clock, replica } = createReplicaSet()
  const slow = slowStore(store)
  const { lifecycle } = replica(slow.store)
  const { sessionId, live } = await lifecycle.open(buildNewSession())
  clock.advance(31)
  await lifecycle.findByHandle(live.session.handle)
  assert.equal(await findLive(lifecycle, sessionId), live)
  assert.equal(slow.reads(), 1)
})

test('no handle of a session that has ended or idled out finds it, and no cookie is a handle', async () => {
  const { clock, replica } = createReplicaSet()
  const { lifecycle } = replica()
  const { sessionId, live } = await lifecycle.open(buildNewSession())
  const { live: idle } = await lifecycle.open(buildNewSession())
  assert.equal((await lifecycle.findByHandle(sessionId)).kind, 'none')
  await lifecycle.end(live, 'user', 'logged out')
  assert.equal((await lifecycle.findByHandle(live.session.handle)).kind, 'none')
  clock.advance(LIMITS.idleSeconds)
  assert.deepEqual(await lifecycle.findByHandle(idle.session.handle), { kind: 'none', because: 'idle' })
})

test('a session whose tokens are lost is found as such on every replica, and what it was is kept', async () => {
  const { replica } = createReplicaSet()
  const [first, second] = [replica(), replica()]
  const { sessionId, live } = await first.lifecycle.open(buildNewSession())
  await second.lifecycle.find(sessionId)
  assert.equal(await first.lifecycle.lose(live, 'reuse'), 'replaced')
  for (const { lifecycle } of [first, second]) {
    const found = await lifecycle.find(sessionId)
    assert.deepEqual(found.kind === 'lost' && found.live.session.lost, { at: 1000, because: 'reuse' })
    assert.equal((await lifecycle.findByHandle(live.session.handle)).kind, 'lost')
  }
  assert.equal(first.events.filter(({ kind }) => kind === 'session.lost').length, 1)
})

test('what another has written is not lost by an older state, and what has ended is not lost either', async () => {
  const { replica } = createReplicaSet()
  const { lifecycle, events } = replica()
  const { sessionId, live } = await lifecycle.open(buildNewSession())
  const { live: newer } = await lifecycle.replace(live, live.session)
  assert.equal(await lifecycle.lose(live, 'reuse'), 'conflict')
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
  await lifecycle.end(newer, 'user', 'logged out')
  assert.equal(await lifecycle.lose(newer, 'reuse'), 'gone')
  assert.ok(!events.some(({ kind }) => kind === 'session.lost'))
})

test('a session that takes the place of another keeps its beginning, its absolute end and its second logins', async () => {
  const { clock, replica } = createReplicaSet()
  const { lifecycle } = replica()
  const { live } = await lifecycle.open(buildNewSession())
  const models = { issuer: 'models', subject: 'a', tokens: live.session.tokens, scope: null, refreshDueAt: 1 }
  const { live: heals } = await lifecycle.replace(live, { ...live.session, secondLogins: { models } })
  clock.advance(100)
  const { sessionId, live: healed } = await lifecycle.open(buildNewSession({ heals }))
  assert.equal(healed.session.createdAt, 1000)
  assert.equal(healed.session.healedAt, 1100)
  assert.equal(healed.session.absoluteEndAt, 1000 + LIMITS.absoluteSeconds)
  assert.deepEqual(healed.session.secondLogins, { models })
  assert.notEqual(healed.session.handle, live.session.handle)
  assert.equal((await lifecycle.find(sessionId)).kind, 'active')
})
