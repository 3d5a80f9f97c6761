import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RelyingParty } from '../../src/realm/relying-party.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import { createSessionWatches } from '../../src/session/session-watch.ts'
import { type BackgroundRenewalOptions, createBackgroundRenewal } from '../../src/tokens/background-renewal.ts'
import { createFixedClock } from '../support/fixed-clock.ts'
import { buildNewSession, createReplicaSet, LIMITS } from '../support/lifecycle.ts'
import { refreshed, startReplica } from '../support/refreshers.ts'
import { buildLive, buildTokens } from '../support/sessions.ts'

/** Looks as often as a test says, at sessions a test names; remembers what was renewed. */
function createBackground(changes: Partial<BackgroundRenewalOptions> = {}) {
  const clock = createFixedClock()
  const renewed: string[] = []
  const options: BackgroundRenewalOptions = {
    usingTokens: () => [],
    usedWithin: () => [],
    refresher: {
      async refreshAhead(live) {
        renewed.push(live.key)
        return { kind: 'fresh', live }
      },
    },
    limits: LIMITS,
    ahead: false,
    inUseSeconds: 300,
    concurrency: 4,
    everySeconds: 1000,
    now: clock.now,
    random: () => 0,
    ...changes,
  }
  return { clock, renewed, background: createBackgroundRenewal(options) }
}

test('a session with something open is renewed when its tokens are due, and not before', async () => {
  const live = buildLive()
  const { background, renewed, clock } = createBackground({ usingTokens: () => [live] })
  clock.advance(39)
  await background.renewDue()
  assert.deepEqual(renewed, [])
  clock.advance(1)
  await background.renewDue()
  assert.deepEqual(renewed, [live.key])
})

test('sessions that are only in use are not renewed unless the configuration says so', async () => {
  const { background, renewed, clock } = createBackground({ usedWithin: () => [buildLive()] })
  clock.advance(50)
  await background.renewDue()
  assert.deepEqual(renewed, [])
})

for (const [name, changes] of [
  ['idle for too long', {}],
  ['at its absolute end', { absoluteEndAt: 1100 }],
  ['whose tokens are lost', { lost: { at: 1000, because: 'invalid_grant' } }],
] as const) {
  test(`a session ${name} is left alone, whatever is open`, async () => {
    const live = buildLive(changes)
    const { background, renewed, clock } = createBackground({ usingTokens: () => [live] })
    clock.advance(name === 'idle for too long' ? LIMITS.idleSeconds : 100)
    await background.renewDue()
    assert.deepEqual(renewed, [])
  })
}

test('a crowd whose tokens fall due at one instant is renewed over the time before, spread out', async () => {
  const crowd = Array.from({ length: 300 }, () => buildLive({ refreshDueAt: 1240 }))
  let turn = 0
  const random = () => (turn++ % 300) / 300
  const { background, renewed, clock } = createBackground({ ahead: true, usedWithin: () => crowd, random })
  const perLook: number[] = []
  for (let second = 0; second <= 240; second += 2) {
    const before = renewed.length
    await background.renewDue()
    perLook.push(renewed.length - before)
    clock.advance(2)
    crowd.splice(0, crowd.length, ...crowd.filter(({ key }) => !renewed.includes(key)))
  }
  assert.equal(new Set(renewed).size, 300)
  assert.ok(
    perLook.slice(0, 60).every((count) => count === 0),
    'nothing in the first half',
  )
  assert.ok(Math.max(...perLook) <= 6, `at most ${Math.max(...perLook)} in a look`)
})

test('who has not been used for a while is not renewed ahead', async () => {
  const asked: number[] = []
  const { background } = createBackground({
    ahead: true,
    usedWithin(seconds) {
      asked.push(seconds)
      return []
    },
  })
  await background.renewDue()
  assert.deepEqual(asked, [300])
})

test('what is under way is waited for at the end, and nothing more begins', async () => {
  const crowd = Array.from({ length: 10 }, () => buildLive())
  const gate = Promise.withResolvers<void>()
  const renewed: LiveSession[] = []
  const { background, clock } = createBackground({
    usingTokens: () => crowd,
    refresher: {
      async refreshAhead(live) {
        await gate.promise
        renewed.push(live)
        return { kind: 'fresh', live }
      },
    },
  })
  clock.advance(50)
  const round = background.renewDue()
  assert.equal(background.renewDue(), round)
  const closed = background.close()
  gate.resolve()
  await closed
  assert.equal(renewed.length, 4)
})

/** A realm that answers when told, and counts who is inside. */
function createCountingRealm() {
  let inside = 0
  let most = 0
  let asked = 0
  const realm: Pick<RelyingParty, 'refresh'> = {
    async refresh() {
      inside += 1
      asked += 1
      most = Math.max(most, inside)
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
      const tokens = buildTokens({
        accessToken: `new-${asked}`,
        refreshToken: `next-${asked}`,
        accessTokenExpiresAt: 5000,
      })
      return { ...refreshed, kind: 'refreshed', tokens } as typeof refreshed
    },
  }
  return { realm: realm as RelyingParty, most: () => most, asked: () => asked }
}

test('300 sessions due at the same instant are never more at the realm than its gate lets in', async () => {
  const set = createReplicaSet()
  const { realm, most, asked } = createCountingRealm()
  const { lifecycle, refresher } = startReplica(set, realm, 'one', set.store, { concurrency: 8, maxWaiting: 1000 })
  const crowd = await Promise.all(
    Array.from({ length: 300 }, (_, index) => lifecycle.open(buildNewSession({ sid: `sid-${index}` }))),
  )
  set.clock.advance(61)
  const { background } = createBackground({
    usingTokens: () => crowd.map(({ live }) => live),
    refresher,
    concurrency: 4,
    now: set.clock.now,
  })
  const requests = crowd.map(({ live }) => refresher.refresh(live))
  const [outcomes] = await Promise.all([Promise.all(requests), background.renewDue()])
  assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['fresh']))
  assert.deepEqual([most(), asked()], [8, 300])
})

test('an open stream keeps its tokens alive and not its session: the idle limit ends it', async () => {
  const set = createReplicaSet()
  const { realm, asked } = createCountingRealm()
  const { lifecycle, refresher } = startReplica(set, realm, 'one')
  const watches = createSessionWatches({
    store: set.store,
    lifecycle,
    limits: LIMITS,
    cacheSeconds: 30,
    concurrentReads: 4,
  })
  const { live } = await lifecycle.open(buildNewSession())
  const { promise: ended, resolve } = Promise.withResolvers<unknown>()
  watches.watch(live, { onEnded: resolve, onChanged: () => {}, usesTokens: true })
  const { background } = createBackground({ usingTokens: watches.usingTokens, refresher, now: set.clock.now })
  set.clock.advance(70)
  await background.renewDue()
  assert.equal(asked(), 1)
  const [renewed] = watches.usingTokens()
  assert.equal(renewed?.session.tokens.accessToken, 'new-1')
  assert.equal(renewed?.lastUsedAt, live.lastUsedAt)
  set.clock.advance(LIMITS.idleSeconds - 70)
  await background.renewDue()
  watches.tick()
  assert.equal(await ended, 'idle')
  assert.equal(asked(), 1)
  watches.close()
})

test('a session that is used is found as used, and another one is not', async () => {
  const set = createReplicaSet()
  const { lifecycle } = set.replica()
  const { live } = await lifecycle.open(buildNewSession())
  await lifecycle.open(buildNewSession())
  set.clock.advance(100)
  lifecycle.use(live)
  assert.deepEqual(
    [...lifecycle.usedWithin(60)].map(({ key }) => key),
    [live.key],
  )
})
