import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { GatewayError } from '../../src/kernel/errors.ts'
import { createSealer } from '../../src/kernel/seal.ts'
import { createRealmEndings, type RealmEndings } from '../../src/logout/realm-endings.ts'
import type { Session } from '../../src/session/session.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { buildNewSession, createReplicaSet } from '../support/lifecycle.ts'
import { createScriptedParty } from '../support/scripted-party.ts'
import { buildSession, buildTokens } from '../support/sessions.ts'
import { untilTold } from '../support/until-told.ts'

const MODELS = 'https://sso.example/realms/models'

function createBench(t: TestContext, changeStore: (store: SessionStore) => SessionStore = (store) => store) {
  const set = createReplicaSet()
  let reads = 0
  const store = changeStore({
    ...set.store,
    readDocument(name) {
      reads += 1
      return set.store.readDocument(name)
    },
  })
  const { lifecycle, events, bus } = set.replica(store)
  const main = createScriptedParty()
  const models = { ...createScriptedParty(), realm: 'models', issuer: MODELS }
  const keys = [{ id: '8899aabbccddeeff', secret: randomBytes(32) }]
  const sealer = createSealer({ keys: () => keys, reload() {} }, 'realm-endings')
  const create = (): RealmEndings => {
    const endings = createRealmEndings({
      store,
      sealer,
      sessions: lifecycle,
      findRealm: (name) => [main, models].find(({ realm }) => realm === name),
      events: bus,
      maxEndings: 50,
      patienceSeconds: 0.05,
      busySeconds: 0.005,
      quietSeconds: 0.005,
    })
    t.after(() => endings.close())
    return endings
  }
  const told = (kind: string) => events.filter((event) => event.kind === kind).length
  return {
    ...set,
    lifecycle,
    events,
    main,
    models,
    create,
    told,
    until: (condition: () => boolean) => untilTold(bus, condition),
    /** Until somebody has looked for what is due, and has done it. */
    async looks() {
      const enough = reads + 6
      while (reads < enough) await new Promise(setImmediate)
    },
    written: async () => (await set.store.readDocument('realm-endings'))?.sealed,
  }
}

function withSecondLogin(): Session {
  const tokens = buildTokens({ refreshToken: 'refresh-token-of-models' })
  const login = { issuer: MODELS, subject: 'alice-there', tokens, scope: null, refreshDueAt: 1040 }
  return buildSession({ secondLogins: { models: login } })
}

test('ends the realm’s session and those of second logins, and writes nothing down', async (t) => {
  const bench = createBench(t)
  assert.equal(await bench.create().end(withSecondLogin(), 'final'), true)
  assert.deepEqual([bench.main.ended, bench.models.ended], [['refresh-token-1'], ['refresh-token-of-models']])
  assert.equal(await bench.written(), undefined)
  assert.equal(bench.told('realm-session.pending'), 0)
})

test('a session that holds nothing at realms is ended at once', async (t) => {
  const bench = createBench(t)
  const session = buildSession({ tokens: buildTokens({ refreshToken: null }) })
  assert.equal(await bench.create().end(session, 'final'), true)
  assert.deepEqual(bench.main.ended, [])
})

test('what a realm does not confirm is tried again until it does', async (t) => {
  const bench = createBench(t)
  let isDown = true
  bench.main.onEndSession(async () => !isDown)
  const [one, two] = [bench.create(), bench.create()]
  const session = withSecondLogin()
  assert.equal(await one.end(session, 'final'), false)
  assert.deepEqual(
    bench.events.map((event) => ('realm' in event ? [event.kind, event.realm] : [])),
    [['realm-session.pending', 'main']],
  )
  one.start()
  two.start()
  isDown = false
  bench.clock.advance(5)
  await bench.until(() => bench.told('realm-session.ended') === 1)
  await Promise.all([one.close(), two.close()])
  assert.equal(bench.main.ended.length, 2)
  assert.equal(bench.models.ended.length, 1, 'what was confirmed is not asked for again')
})

test('a realm is asked again by one replica at a time', async (t) => {
  const bench = createBench(t)
  bench.main.onEndSession(async () => false)
  const [one, two] = [bench.create(), bench.create()]
  await one.end(buildSession(), 'final')
  const answer = Promise.withResolvers<boolean>()
  bench.main.onEndSession(() => answer.promise)
  bench.clock.advance(5)
  one.start()
  two.start()
  await bench.looks()
  assert.equal(bench.main.ended.length, 2)
  answer.resolve(true)
  await bench.until(() => bench.told('realm-session.ended') === 1)
})

test('each further try waits longer', async (t) => {
  const bench = createBench(t)
  bench.main.onEndSession(async () => false)
  const endings = bench.create()
  await endings.end(buildSession(), 'final')
  endings.start()
  const triedAt: number[] = []
  const told = bench.events.length
  for (let seconds = 5; seconds <= 80; seconds += 5) {
    const before = bench.main.ended.length
    bench.clock.advance(5)
    await bench.looks()
    if (bench.main.ended.length > before) triedAt.push(seconds)
  }
  assert.deepEqual(triedAt, [5, 15, 35, 75])
  assert.equal(bench.events.length, told, 'nothing is told twice')
})

test('survives the process: another one goes on', async (t) => {
  const bench = createBench(t)
  bench.main.onEndSession(async () => false)
  const first = bench.create()
  await first.end(buildSession(), 'final')
  await first.close()
  bench.main.onEndSession(async () => true)
  bench.clock.advance(5)
  bench.create().start()
  await bench.until(() => bench.told('realm-session.ended') === 1)
})

test('a realm that does not answer is written down meanwhile, and its answer still counts', async (t) => {
  const bench = createBench(t)
  const answer = Promise.withResolvers<boolean>()
  bench.main.onEndSession(() => answer.promise)
  const ending = bench.create().end(buildSession(), 'final')
  await bench.until(() => bench.told('realm-session.pending') === 1)
  assert.ok(await bench.written())
  answer.resolve(true)
  assert.equal(await ending, true)
  assert.equal(bench.told('realm-session.ended'), 1)
  bench.clock.advance(60)
  const later = bench.create()
  later.start()
  await bench.looks()
  await later.close()
  assert.equal(bench.main.ended.length, 1)
})

test('what is written down tells no token to whoever reads the store', async (t) => {
  const bench = createBench(t)
  bench.main.onEndSession(async () => false)
  await bench.create().end(buildSession(), 'final')
  assert.ok(!(await bench.written())?.includes('refresh-token'))
  assert.ok(!JSON.stringify(bench.events).includes('refresh-token'))
})

test('it is given up when the refresh token has died by itself', async (t) => {
  const bench = createBench(t)
  bench.main.onEndSession(async () => false)
  const endings = bench.create()
  await endings.end(buildSession({ tokens: buildTokens({ refreshTokenExpiresAt: 1100 }) }), 'final')
  bench.clock.advance(101)
  endings.start()
  await bench.looks()
  const tries = bench.main.ended.length
  bench.clock.advance(1000)
  await bench.looks()
  assert.equal(bench.main.ended.length, tries)
})

test('whoever ended it themself and has logged in again meanwhile stays logged in', async (t) => {
  const bench = createBench(t)
  bench.main.onEndSession(async () => false)
  const endings = bench.create()
  await endings.end(buildSession(), 'resumable')
  bench.clock.advance(2)
  await bench.lifecycle.open(buildNewSession())
  bench.clock.advance(5)
  endings.start()
  await bench.looks()
  await endings.close()
  assert.equal(bench.main.ended.length, 1)
})

test('whom somebody else ended loses what has grown out of the same session of the realm', async (t) => {
  const bench = createBench(t)
  bench.main.onEndSession(async () => false)
  const endings = bench.create()
  await endings.end(buildSession(), 'final')
  bench.clock.advance(2)
  await bench.lifecycle.open(buildNewSession())
  bench.main.onEndSession(async () => true)
  bench.clock.advance(5)
  endings.start()
  await bench.until(() => bench.told('realm-session.ended') === 1)
})

test('while the store is down nothing is forgotten, and the realm is asked all the same', async (t) => {
  let isDown = true
  const refuse = () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE'))
  const bench = createBench(t, (store) => ({
    ...store,
    readDocument: (name) => (isDown ? refuse() : store.readDocument(name)),
    writeDocument: (...args) => (isDown ? refuse() : store.writeDocument(...args)),
  }))
  bench.main.onEndSession(async () => false)
  const endings = bench.create()
  assert.equal(await endings.end(buildSession(), 'final'), false)
  bench.main.onEndSession(async () => true)
  endings.start()
  await bench.until(() => bench.told('realm-session.ended') === 1)
  bench.main.onEndSession(async () => false)
  await endings.end(buildSession(), 'final')
  isDown = false
  await endings.close()
  assert.ok(await bench.written(), 'a process that stops writes down what it knows')
})

test('of too many the oldest are given up, and it is said', async (t) => {
  const bench = createBench(t)
  bench.main.onEndSession(async () => false)
  const endings = bench.create()
  await Promise.all(Array.from({ length: 60 }, () => endings.end(buildSession(), 'final')))
  assert.ok(bench.told('gateway.warned') > 0)
  bench.main.onEndSession(async () => true)
  bench.clock.advance(5)
  endings.start()
  await bench.until(() => bench.told('realm-session.ended') === 50)
})

test('a realm is asked about few sessions at a time, however many an operator ends', async (t) => {
  const bench = createBench(t)
  let now = 0
  let most = 0
  bench.main.onEndSession(async () => {
    now += 1
    most = Math.max(most, now)
    await new Promise(setImmediate)
    now -= 1
    return true
  })
  const endings = bench.create()
  await Promise.all(Array.from({ length: 100 }, () => endings.end(buildSession(), 'final')))
  assert.equal(bench.main.ended.length, 100)
  assert.ok(most <= 16, `${most}`)
})
