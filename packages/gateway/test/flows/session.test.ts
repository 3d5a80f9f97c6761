// How long a session lives, and what a browser must show to have it.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Browser } from '@doorman/dev-realm/browser'
import {
  askGateway,
  createShiftedClock,
  eventsOf,
  nextEvent,
  refreshes,
  sessionCookieName,
  sessionId,
  setStage,
  statusOf,
  testOnBothFronts,
} from '../support/flow.ts'
import type { Stage } from '../support/stage.ts'
import { sayOk } from '../support/test-upstream.ts'

/** Long before the age of the cache, by which alone it would end without an event. */
const SOON_MILLISECONDS = 10_000

/** Asks one gateway of several. */
async function statusAt(
  stage: Stage,
  gateway: number,
  browser: Browser,
  path = '/api/x',
  cookie = browser.cookies.header(stage.publicUrl) ?? '',
): Promise<number> {
  return (await askGateway(stage, path, { headers: { cookie }, gateway })).status
}

/** A stage whose sessions end after five idle minutes, and after nine in any case. */
async function setShortStage(t: TestContext, replicas = 1, session = 'idle: 5m, absolute: 9m') {
  const clock = createShiftedClock()
  const gateway = { clock: clock.now }
  // Long-lived tokens, so that the limits of the realm stay out of it.
  const realm = { accessTokenSeconds: 3600 }
  return { clock, stage: await setStage(t, { replicas, gateway, realm, session }) }
}

test('a session that is not used ends, one that is used goes on', async (t) => {
  const { clock, stage } = await setShortStage(t)
  const [used, unused] = [await stage.loggedIn(), await stage.loggedIn('bob')]
  clock.advance(200)
  assert.equal(await statusOf(stage, used), 200)
  clock.advance(101)
  assert.equal(await statusOf(stage, used), 200)
  assert.equal(await statusOf(stage, unused), 401)
  assert.deepEqual(
    eventsOf(stage, 'session.ended').map(({ by }) => by),
    ['idle'],
  )
})

test('a busy session still ends at the absolute limit', async (t) => {
  const { clock, stage } = await setShortStage(t)
  const browser = await stage.loggedIn()
  for (let minute = 1; minute < 9; minute += 1) {
    clock.advance(60)
    assert.equal(await statusOf(stage, browser), 200)
  }
  clock.advance(60)
  assert.equal(await statusOf(stage, browser), 401)
  assert.deepEqual(
    eventsOf(stage, 'session.ended').map(({ by }) => by),
    ['absolute'],
  )
})

test('asking who is logged in counts as use, unless the page says that it does not', async (t) => {
  const { clock, stage } = await setShortStage(t)
  const [used, polled] = [await stage.loggedIn(), await stage.loggedIn('bob')]
  for (let step = 0; step < 2; step += 1) {
    clock.advance(149)
    assert.equal(await statusOf(stage, used, '/auth/user'), 200)
    assert.equal(await statusOf(stage, polled, '/auth/user?slide=false'), 200)
  }
  clock.advance(3)
  assert.equal(await statusOf(stage, used), 200)
  assert.equal(await statusOf(stage, polled, '/auth/user?slide=false'), 401)
})

test('a session used through one gateway is not idle for another that remembers it unused', async (t) => {
  const { clock, stage } = await setShortStage(t, 2, 'idle: 20s, absolute: 40s')
  const browser = await stage.loggedIn()
  for (const gateway of [0, 1]) assert.equal(await statusAt(stage, gateway, browser), 200)
  clock.advance(15)
  assert.equal(await statusAt(stage, 0, browser), 200)
  clock.advance(10)
  assert.equal(await statusAt(stage, 1, browser), 200)
  clock.advance(16)
  assert.equal(await statusAt(stage, 0, browser), 401, 'the absolute limit')
})

test("the realm's own limit ends a session that it will not refresh any more", async (t) => {
  const clock = createShiftedClock()
  const stage = await setStage(t, { realm: { ssoIdleSeconds: 120 }, gateway: { clock: clock.now } })
  const browser = await stage.loggedIn()
  clock.advance(121)
  assert.equal(await statusOf(stage, browser), 401)
  assert.equal(refreshes(stage), 0)
})

testOnBothFronts('a restart logs nobody out, and lets the request in flight finish', async (stage) => {
  const browser = await stage.loggedIn()
  const arrived = Promise.withResolvers<() => void>()
  stage.upstream.answer((message, response) => arrived.resolve(() => sayOk(message, response)))
  const inFlight = browser.fetch(stage.url('/api/slow'))
  const answer = await arrived.promise
  const restarted = stage.restart(0)
  stage.upstream.answer(sayOk)
  answer()
  assert.equal((await inFlight).status, 200)
  await restarted
  assert.equal(await statusOf(stage, browser), 200)
})

testOnBothFronts(
  'a logout through one gateway counts at the other within a second',
  async (stage) => {
    const browser = await stage.loggedIn()
    const cookie = browser.cookies.header(stage.publicUrl) ?? ''
    for (const gateway of [0, 1]) assert.equal(await statusAt(stage, gateway, browser), 200)
    const loggedOutAt = performance.now()
    assert.equal((await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
    for (const gateway of [0, 1]) {
      while ((await statusAt(stage, gateway, browser, '/api/x', cookie)) !== 401) await pause(10)
    }
    assert.ok(performance.now() - loggedOutAt < SOON_MILLISECONDS)
  },
  { replicas: 2 },
)

test('two applications on one machine keep their sessions apart', async (t) => {
  const [one, two] = [await setStage(t), await setStage(t)]
  const browser = await one.loggedIn('alice')
  await browser.logIn(two.url('/auth/login'), { username: 'bob', password: '' })
  for (const [stage, name] of [
    [one, 'Alice Test'],
    [two, 'Bob Test'],
  ] as const) {
    assert.equal(JSON.parse((await browser.fetch(stage.url('/auth/user'))).body).name, name)
    assert.equal(await statusOf(stage, browser), 200)
    const { cookie = '' } = stage.upstream.received.at(-1)!.headers
    assert.equal(cookie.includes('doorman'), false, 'not even the cookie of the neighbour')
  }
  await browser.fetch(one.url('/auth/logout'), { method: 'POST' })
  assert.equal(await statusOf(two, browser), 200)
})

testOnBothFronts('a cookie that is not exactly one id of ours is nobody', async (stage) => {
  const browser = await stage.loggedIn()
  const name = sessionCookieName(stage)
  const id = sessionId(stage, browser) ?? ''
  const stranger = stage.browser()
  const garbage = [
    `${name}=${id}; ${name}=${id}`,
    `${name}=${id}; ${name}=${'A'.repeat(43)}`,
    `${name}=${'A'.repeat(43)}; ${name}=${id}`,
    `${name}=`,
    `${name}`,
    `=${id}`,
    ';',
    '=',
    ';;;===',
    '%s%s%n',
    `${name}=%s%s%n`,
    `${name}="${id}"`,
    `${name}=${id}=`,
    `${name}=${id}x`,
    `${name}=${id.slice(1)}`,
    `${name.toUpperCase()}=${id}`,
    `x${name}=${id}`,
    `${name}=../../${id}`,
    `${name}=__proto__`,
    `${name}=${'A'.repeat(8000)}`,
  ]
  for (const cookie of garbage) {
    const headers = { cookie }
    assert.equal((await stranger.fetch(stage.url('/api/x'), { headers })).status, 401, cookie.slice(0, 60))
    assert.equal((await stranger.fetch(stage.url('/auth/user'), { headers })).status, 401)
    assert.equal((await stranger.fetch(stage.url('/public/x'), { headers })).status, 200)
  }
  assert.equal(await statusOf(stage, browser), 200)
})

test('a store that cannot write serves its readers, and ends a session later whose person has logged out', async (t) => {
  const stage = await setStage(t)
  const [leaving, staying] = [await stage.loggedIn(), await stage.loggedIn('bob')]
  const intruder = new DatabaseSync(join(stage.folder, 'store/doorman.db'))
  intruder.exec('BEGIN IMMEDIATE')
  const logout = await leaving.fetch(stage.url('/auth/logout'), { method: 'POST' })
  assert.deepEqual([logout.status, JSON.parse(logout.body).complete], [200, false])
  assert.equal(await statusOf(stage, leaving), 401)
  assert.equal(await statusOf(stage, staying), 200)
  intruder.exec('ROLLBACK')
  intruder.close()
  while (!eventsOf(stage, 'session.ended').some(({ by }) => by === 'user')) await nextEvent(stage, 'session.ended')
  assert.equal(await statusOf(stage, staying), 200)
})
