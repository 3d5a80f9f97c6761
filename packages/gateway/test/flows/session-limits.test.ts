// Limits that the configuration sets: sessions per person, what follows a limit, how often the realm is asked.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Browser, findLoginForm } from '@doorman/dev-realm/browser'
import {
  createShiftedClock,
  eventsOf,
  locationOf,
  problemCode,
  refreshes,
  sessionCookieName,
  sessionId,
  setStage,
  statusOf,
  testOnBothFronts,
} from '../support/flow.ts'
import { bring, callbackUrl } from '../support/login-steps.ts'
import type { Stage } from '../support/stage.ts'

const ALICE = { username: 'alice', password: '' }
const endings = (stage: Stage) => eventsOf(stage, 'session.ended').map(({ by }) => by)

testOnBothFronts(
  'the oldest session ends when there are too many of one person, and nobody else’s',
  async (stage) => {
    const bob = await stage.loggedIn('bob')
    const [oldest, older, newest] = [await stage.loggedIn(), await stage.loggedIn(), await stage.loggedIn()]
    assert.equal(await statusOf(stage, oldest), 401)
    for (const browser of [bob, older, newest]) assert.equal(await statusOf(stage, browser), 200)
    assert.deepEqual(endings(stage), ['max-per-user'])
  },
  { session: 'maxPerUser: 2' },
)

testOnBothFronts(
  'a login beyond the limit is refused on a page that says what to do, and works once there is room',
  async (stage) => {
    const first = await stage.loggedIn()
    const second = stage.browser()
    const page = (await second.logIn(stage.url('/auth/login?return_to=/page/x'), ALICE)).at(-1)
    assert.equal(page?.status, 403)
    assert.match(page?.body ?? '', /too_many_sessions/)
    assert.ok(page?.body.includes('href="/auth/login?return_to=%2Fpage%2Fx"'))
    assert.equal(sessionId(stage, second), undefined)
    assert.equal(await statusOf(stage, second), 401)
    assert.equal(await statusOf(stage, first), 200)
    await first.fetch(stage.url('/auth/logout'), { method: 'POST' })
    const answers = await second.logIn(stage.url('/auth/login?return_to=/page/x'), ALICE)
    assert.equal(answers.at(-1)?.url, stage.url('/page/x'))
    assert.equal(await statusOf(stage, second), 200)
  },
  { session: 'maxPerUser: 1, whenFull: refuseLogin' },
)

for (const whenFull of ['endOldest', 'refuseLogin']) {
  test(`${whenFull}: of logins at the same moment on two replicas exactly as many stay as are allowed`, async (t) => {
    const stage = await setStage(t, { replicas: 2, session: `maxPerUser: 2, whenFull: ${whenFull}` })
    const browsers = Array.from({ length: 4 }, () => stage.browser())
    const callbacks: string[] = []
    for (const browser of browsers) callbacks.push(await callbackUrl(stage, browser))
    const gate = stage.realm.faults.hold('token')
    const brought = browsers.map((browser, index) => bring(browser, callbacks[index] ?? ''))
    await gate.arrived(browsers.length)
    gate.release()
    await Promise.all(brought)
    // What another process has ended is heard of within a moment; a process that begins has heard of everything.
    for (const replica of stage.gateways.keys()) await stage.restart(replica)
    const statuses = await Promise.all(browsers.map((browser) => statusOf(stage, browser)))
    assert.deepEqual(
      statuses.toSorted((a, b) => a - b),
      [200, 200, 401, 401],
    )
  })
}

test('a browser that forgot our cookie and kept the realm’s does not end its own new session', async (t) => {
  const stage = await setStage(t, { session: 'maxPerUser: 1' })
  const browser = await stage.loggedIn()
  const forgotten = stage.browser()
  for (const name of browser.cookies.names('localhost')) {
    if (name !== sessionCookieName(stage))
      forgotten.cookies.set('localhost', name, browser.cookies.get('localhost', name) ?? '')
  }
  await forgotten.follow(stage.url('/page/x'))
  assert.equal((await forgotten.fetch(stage.url('/auth/refresh'), { method: 'POST' })).status, 200)
  assert.deepEqual(endings(stage), ['new-login'])
})

/** A stage whose sessions end after five idle minutes, and somebody whose session has. */
async function setIdleStage(t: TestContext, afterLimit: string): Promise<readonly [Stage, Browser]> {
  const clock = createShiftedClock()
  const session = `idle: 5m, absolute: 1h, afterLimit: ${afterLimit}`
  // The realm keeps the real time: its auth_time must not be too old for the gateway's moved clock.
  const stage = await setStage(t, { gateway: { clock: clock.now }, realm: { accessTokenSeconds: 3600 }, session })
  const browser = await stage.loggedIn()
  clock.advance(301)
  return [stage, browser]
}

test('after a limit the realm logs in again without a page, unless the configuration asks for credentials', async (t) => {
  const [stage, browser] = await setIdleStage(t, 'sso')
  assert.equal((await browser.follow(stage.url('/page/x'))).at(-1)?.url, stage.url('/page/x'))
})

test('after a limit credentials are asked for, though the realm still knows the person', async (t) => {
  const [stage, browser] = await setIdleStage(t, 'reauthenticate')
  assert.equal(problemCode(await browser.fetch(stage.url('/api/x'))), 'login_required')
  for (const path of ['/page/x', '/auth/login']) {
    const shown = (await browser.follow(stage.url(path))).at(-1)
    assert.ok(shown !== undefined && findLoginForm(shown) !== undefined, path)
  }
  const silent = await browser.navigate(stage.url('/auth/login?prompt=none&return_to=/page/x'))
  assert.equal(locationOf(silent).href, stage.url('/page/x'))
})

test('whoever takes the wish for credentials out of the address is not let in', async (t) => {
  const [stage, browser] = await setIdleStage(t, 'reauthenticate')
  const started = locationOf(await browser.navigate(stage.url('/page/x')))
  assert.equal(started.searchParams.get('prompt'), 'login')
  started.searchParams.delete('prompt')
  const page = (await browser.follow(started.href)).at(-1)
  assert.equal(page?.status, 400)
  assert.equal(await statusOf(stage, browser), 401)
  assert.equal(eventsOf(stage, 'login.finished').length, 1)
})

test('a disabled person is out within verifyEvery, though the access token lives', async (t) => {
  const clock = createShiftedClock()
  const realm = { accessTokenSeconds: 3600 }
  const stage = await setStage(t, { gateway: { clock: clock.now }, realm, session: 'verifyEvery: 30s' })
  const [alice, bob] = [await stage.loggedIn(), await stage.loggedIn('bob')]
  stage.realm.directory.setUser('alice', { enabled: false })
  clock.advance(20)
  assert.equal(await statusOf(stage, alice), 200)
  assert.equal(refreshes(stage), 0)
  clock.advance(11)
  assert.equal(await statusOf(stage, alice), 401)
  assert.equal(await statusOf(stage, bob), 200)
  assert.deepEqual(endings(stage), ['realm'])
  assert.equal(refreshes(stage), 2)
})

test('a realm that is down ends no session for verifyEvery, and is asked again when it is back', async (t) => {
  const clock = createShiftedClock()
  const realm = { accessTokenSeconds: 3600 }
  const stage = await setStage(t, { gateway: { clock: clock.now }, realm, session: 'verifyEvery: 30s' })
  const alice = await stage.loggedIn()
  await stage.realm.stopListening()
  clock.advance(31)
  assert.equal(await statusOf(stage, alice), 200)
  await stage.realm.startListening()
  stage.realm.directory.setUser('alice', { enabled: false })
  clock.advance(5)
  assert.equal(await statusOf(stage, alice), 401)
})
