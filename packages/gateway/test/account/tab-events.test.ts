import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTabEvents, type TabEvents } from '../../src/account/tab-events.ts'
import type { SessionEnd } from '../../src/kernel/events.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import { readSessionId } from '../../src/session/session-cookie.ts'
import { createSessionWatches } from '../../src/session/session-watch.ts'
import { type CookieJar, createCookieJar, FETCH, headerOf } from '../support/cookie-jar.ts'
import { createFrontDoor, type FrontDoor, logIn, SESSION_COOKIE } from '../support/front-door.ts'
import { LIMITS } from '../support/lifecycle.ts'
import { buildTokens } from '../support/sessions.ts'

interface Told {
  readonly events: (readonly [name: string, data: unknown])[]
  hasEnded: boolean
  /** As a client that goes. */
  leave(): void
}

interface Stage {
  readonly door: FrontDoor
  readonly looks: Set<() => void>
  ask(jar: CookieJar, path?: string, headers?: Readonly<Record<string, string>>): ReturnType<TabEvents['answer']>
  listen(jar: CookieJar): Promise<Told>
  /** Moves the clock, looks at it as the gateway does every second, and lets what was read arrive. */
  pass(seconds: number): Promise<void>
  liveOf(jar: CookieJar): Promise<LiveSession>
}

function setStage(): Stage {
  const door = createFrontDoor()
  const { sessions, cookies, store, clock } = door
  const looks = new Set<() => void>()
  const watches = createSessionWatches({
    store,
    lifecycle: sessions,
    limits: LIMITS,
    cacheSeconds: 30,
    concurrentReads: 4,
  })
  const tabEvents = createTabEvents({
    sessions,
    watches,
    cookies,
    limits: LIMITS,
    origins: ['https://app.example', 'https://admin.example'],
    loginUrl: 'https://app.example/auth/login',
    everySecond(act) {
      looks.add(act)
      return () => looks.delete(act)
    },
  })
  const ask = (jar: CookieJar, path = '/auth/events', headers: Readonly<Record<string, string>> = FETCH) =>
    tabEvents.answer(jar.request(path, headers))
  return {
    door,
    looks,
    ask,
    async listen(jar) {
      const made = await ask(jar)
      assert.ok('kind' in made)
      const told: Told = { events: [], hasEnded: false, leave: () => leave() }
      const leave = made.open({
        send: (name, data) => void told.events.push([name, data]),
        end() {
          told.hasEnded = true
          leave()
        },
      })
      return told
    },
    async pass(seconds) {
      clock.advance(seconds)
      for (const look of looks) look()
      watches.tick()
      await settled()
    },
    async liveOf(jar) {
      const lookup = await sessions.find(readSessionId(jar.request('/'), cookies))
      assert.ok(lookup.kind !== 'none')
      return lookup.live
    },
  }
}

/** The memory store answers within a few turns. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
}

const SESSION = ['session', { id: 'alice-id', expires_in: 1800 }] as const
const last = (told: Told) => told.events.at(-1)

test('says first whose session it is and how long it lasts', async () => {
  const stage = setStage()
  const told = await stage.listen(await logIn(stage.door))
  assert.deepEqual(told.events, [SESSION])
})

test('never tells a token, the cookie, or the realm’s own sid', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const told = await stage.listen(jar)
  const live = await stage.liveOf(jar)
  await stage.door.sessions.replace(live, { ...live.session, tokens: buildTokens({ accessToken: 'access-token-2' }) })
  await settled()
  await stage.pass(1700)
  await stage.door.sessions.end(live, 'user', 'logout')
  const text = JSON.stringify(told.events)
  assert.equal(told.events.length, 4)
  const secrets = [
    ...Object.values(live.session.tokens),
    'access-token-2',
    live.session.sid,
    jar.cookies.get(SESSION_COOKIE),
  ]
  for (const secret of secrets) assert.ok(!text.includes(String(secret)), String(secret))
})

const ENDS: readonly (readonly [by: SessionEnd, name: string, data: unknown])[] = [
  ['user', 'session-ended', { reason: 'logout' }],
  ['user-elsewhere', 'session-ended', { reason: 'ended-elsewhere' }],
  ['administrator', 'session-ended', { reason: 'administrator' }],
  ['realm', 'session-ended', { reason: 'realm' }],
  ['back-channel', 'session-ended', { reason: 'realm' }],
  ['idle', 'session-ended', { reason: 'idle' }],
  ['absolute', 'session-ended', { reason: 'absolute' }],
  ['max-per-user', 'session-ended', { reason: 'too-many-sessions' }],
  ['new-login', 'session-changed', { same_person: true }],
  ['healed', 'session-changed', { same_person: true }],
  ['other-login', 'session-changed', { same_person: false }],
]

for (const [by, name, data] of ENDS) {
  test(`an end by ${by} is ${name} ${JSON.stringify(data)}, the last thing said`, async () => {
    const stage = setStage()
    const jar = await logIn(stage.door)
    const tabs = [await stage.listen(jar), await stage.listen(jar)]
    await stage.door.sessions.end(await stage.liveOf(jar), by, 'a test')
    for (const told of tabs) {
      assert.deepEqual(told.events, [SESSION, [name, data]])
      assert.ok(told.hasEnded)
    }
    assert.equal(stage.looks.size, 0)
  })
}

test('a session that is found to have gone has ended for an unknown reason', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const told = await stage.listen(jar)
  const { read } = stage.door.store
  Object.assign(stage.door.store, { read: async () => undefined })
  await stage.pass(31)
  Object.assign(stage.door.store, { read })
  assert.deepEqual(last(told), ['session-ended', { reason: 'unknown' }])
})

test('renewed tokens are told with the new time', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const told = await stage.listen(jar)
  stage.door.clock.advance(600)
  const live = await stage.liveOf(jar)
  await stage.door.sessions.replace(live, { ...live.session, tokens: buildTokens({ accessToken: 'access-token-2' }) })
  await settled()
  assert.deepEqual(told.events, [SESSION, ['session-renewed', { expires_in: 1200 }]])
})

test('a session whose tokens are lost has ended by the realm', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const told = await stage.listen(jar)
  await stage.door.sessions.lose(await stage.liveOf(jar), 'invalid_grant')
  await settled()
  assert.deepEqual(last(told), ['session-ended', { reason: 'realm' }])
  assert.ok(told.hasEnded)
})

test('the end by disuse is announced two minutes and half a minute before, and listening does not put it off', async () => {
  const stage = setStage()
  const told = await stage.listen(await logIn(stage.door))
  for (let second = 0; second < 1810; second += 10) await stage.pass(10)
  assert.deepEqual(told.events, [
    SESSION,
    ['session-ending', { seconds: 120 }],
    ['session-ending', { seconds: 30 }],
    ['session-ended', { reason: 'idle' }],
  ])
})

test('a use in this process puts the warning off', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const told = await stage.listen(jar)
  stage.door.clock.advance(1000)
  stage.door.sessions.use(await stage.liveOf(jar))
  await stage.pass(750)
  assert.deepEqual(told.events, [SESSION])
})

test('a use that another process wrote is looked up before a warning, and told after one', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const told = await stage.listen(jar)
  const { key } = await stage.liveOf(jar)
  await stage.door.store.touch(key, stage.door.clock.now() + 100)
  await stage.pass(1700)
  assert.deepEqual(told.events, [SESSION])
  await stage.pass(90)
  assert.deepEqual(last(told), ['session-ending', { seconds: 110 }])
  await stage.door.store.touch(key, stage.door.clock.now())
  await stage.pass(10)
  assert.deepEqual(last(told), ['session-renewed', { expires_in: 1790 }])
})

test('the absolute end is announced, too', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const told = await stage.listen(jar)
  for (let used = 0; used < 39_000; used += 1000) {
    await stage.pass(1000)
    stage.door.sessions.use(await stage.liveOf(jar))
  }
  await stage.pass(890)
  assert.deepEqual(told.events, [SESSION, ['session-ending', { seconds: 110 }]])
})

test('a store that is down announces nothing and ends nothing', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const told = await stage.listen(jar)
  const { read } = stage.door.store
  Object.assign(stage.door.store, { read: () => Promise.reject(new Error('down')) })
  await stage.pass(1700)
  assert.deepEqual(told.events, [SESSION])
  Object.assign(stage.door.store, { read })
  await stage.pass(11)
  assert.deepEqual(last(told), ['session-ending', { seconds: 89 }])
})

test('one session has twenty streams: the oldest goes first', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const tabs: Told[] = []
  for (let count = 0; count < 21; count += 1) tabs.push(await stage.listen(jar))
  assert.deepEqual(
    tabs.map(({ hasEnded }) => hasEnded),
    [true, ...Array.from({ length: 20 }, () => false)],
  )
})

test('whoever goes is forgotten', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const tabs = [await stage.listen(jar), await stage.listen(jar)]
  tabs[0]!.leave()
  assert.equal(stage.looks.size, 1)
  tabs[1]!.leave()
  assert.equal(stage.looks.size, 0)
  await stage.door.sessions.end(await stage.liveOf(jar), 'user', 'logout')
  for (const { events } of tabs) assert.deepEqual(events, [SESSION])
})

test('nobody is a 401 with the way to log in', async () => {
  const stage = setStage()
  const made = await stage.ask(createCookieJar())
  assert.ok(!('kind' in made))
  assert.equal(made.status, 401)
  assert.equal(JSON.parse(made.body).login_url, 'https://app.example/auth/login')
  assert.match(headerOf(made, 'vary') ?? '', /Cookie/)
})

test('a page of another origin is refused, one of a front end is not', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  const crossSite = { ...FETCH, 'sec-fetch-site': 'cross-site' }
  for (const headers of [crossSite, { ...crossSite, origin: 'https://evil.example' }]) {
    await assert.rejects(async () => stage.ask(jar, '/auth/events', headers), { code: 'ERR_POLICY_CSRF' })
  }
  const listed = await stage.ask(jar, '/auth/events', { ...crossSite, origin: 'https://admin.example' })
  assert.ok('kind' in listed)
})

test('takes no parameter', async () => {
  const stage = setStage()
  const jar = await logIn(stage.door)
  await assert.rejects(async () => stage.ask(jar, '/auth/events?since=1'), { code: 'ERR_REQUEST_MALFORMED' })
})
