// A store on another machine that goes away and comes back, under gateways that people use all the time. One suite for
// every kind of server.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Browser, BrowserAnswer } from '@doorman/dev-realm/browser'
import { parseStore } from '../../src/config/store-address.ts'
import { systemClock } from '../../src/kernel/time.ts'
import { openStore } from '../../src/open-store.ts'
import { sessionKey } from '../../src/session/session-id.ts'
import {
  assertLaterWithSession,
  assertNoEndedToken,
  eventsOf,
  isReady,
  logInExpired,
  nextEvent,
  refreshes,
  sessionId,
  setStage,
  statusOf,
} from './flow.ts'
import { newPrefix } from './network-stores.ts'
import { DEFAULT_ROUTES, type Stage, type StageOptions } from './stage.ts'
import { openTcpRelay } from './tcp-relay.ts'

export interface StoreServer {
  readonly url: string
  stop(): Promise<void>
  start(): Promise<void>
  pause(): void
  resume(): void
}

const PEOPLE = ['alice', 'bob', 'carol']
/** Between two requests of one person. */
const PACE_MILLISECONDS = 15
const UNTIL_MILLISECONDS = 30_000
const ROUTES = `${DEFAULT_ROUTES}
  - { path: "/internal/*", service: api, require: { login: true }, credential: internal }
`

function setOutageStage(t: TestContext, url: string, session: string, options: Partial<StageOptions> = {}) {
  return setStage(t, { store: url, session: `prefix: ${newPrefix()}, ${session}`, routes: ROUTES, ...options })
}

/** People who use the site all the time. */
function useAllTheTime(stage: Stage, browsers: readonly Browser[]) {
  const answers: { readonly browser: Browser; readonly answer: BrowserAnswer }[] = []
  let isOver = false
  const work = browsers.map(async (browser) => {
    while (!isOver) {
      for (const path of ['/auth/user', '/api/x', '/internal/x']) {
        answers.push({ browser, answer: await browser.fetch(stage.url(path)) })
      }
      await pause(PACE_MILLISECONDS)
    }
  })
  return {
    answers,
    async more(count: number) {
      const before = answers.length
      await until(() => answers.length >= before + count)
    },
    async stop() {
      isOver = true
      await Promise.all(work)
    },
  }
}

/** Other processes' states are looked at until they are there. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(UNTIL_MILLISECONDS)
  while (!(await condition())) {
    deadline.throwIfAborted()
    await pause(20)
  }
}

async function userName(answer: BrowserAnswer): Promise<unknown> {
  return JSON.parse(answer.body).username ?? JSON.parse(answer.body).name
}

/** The session goes on, and afterwards it does not for want of the store, and nothing else is ever answered. */
async function untilRefused(stage: Stage, browser: Browser): Promise<number> {
  let served = 0
  await until(async () => {
    const answer = await browser.fetch(stage.url('/api/x'))
    if (answer.status === 200) served += 1
    else assertLaterWithSession(answer)
    return answer.status === 503
  })
  return served
}

function untilServed(stage: Stage, browser: Browser): Promise<void> {
  return until(async () => {
    const answer = await browser.fetch(stage.url('/api/x'))
    if (answer.status !== 200) assertLaterWithSession(answer)
    return answer.status === 200
  })
}

/** A server that is started only when it has been stopped. */
function startable(server: StoreServer): StoreServer {
  let isStopped = false
  return {
    ...server,
    async stop() {
      isStopped = true
      await server.stop()
    },
    async start() {
      if (isStopped) await server.start()
      isStopped = false
    },
  }
}

export function testOutages(storeServer: StoreServer): void {
  const server = startable(storeServer)

  test('a store that is stopped and started under load costs no session and no cookie', async (t) => {
    const stage = await setOutageStage(t, server.url, 'staleFor: 60s', { replicas: 2 })
    const browsers = await Promise.all(PEOPLE.map((person) => stage.loggedIn(person)))
    const names = new Map<Browser, unknown>()
    for (const browser of browsers) names.set(browser, await userName(await browser.fetch(stage.url('/auth/user'))))
    const load = useAllTheTime(stage, browsers)
    await load.more(100)
    await server.stop()
    await until(async () => !(await isReady(stage)))
    await until(() => eventsOf(stage, 'store.lost').length === 2)
    const lostAt = load.answers.length
    await load.more(100)
    const inOutage = load.answers.slice(lostAt)
    await server.start()
    await until(() => isReady(stage))
    await until(() => eventsOf(stage, 'store.found').length === 2)
    await load.stop()
    for (const browser of browsers) assert.equal(await statusOf(stage, browser), 200)

    assert.ok(inOutage.some(({ answer }) => answer.status === 200))
    for (const { browser, answer } of load.answers) {
      assert.deepEqual(answer.cookiesSet, [])
      if (answer.status !== 200) assertLaterWithSession(answer)
      else if (answer.url.endsWith('/auth/user')) assert.equal(await userName(answer), names.get(browser))
    }
    assert.equal(eventsOf(stage, 'store.lost').length, 2)
    assert.deepEqual(eventsOf(stage, 'session.ended'), [])
    // One of each who looks for signing keys.
    assert.ok(eventsOf(stage, 'store.failed').length <= 2)
  })

  test('while the store does not answer, sessions in memory go on for the time that is configured', async (t) => {
    const stage = await setOutageStage(t, server.url, 'staleFor: 4s')
    const browser = await stage.loggedIn()
    assert.equal(await statusOf(stage, browser), 200)
    let finish = () => {}
    stage.upstream.answer((message, response) => {
      message.resume()
      if (!message.url?.includes('slow')) return void response.end('{}')
      response.write('first half, ')
      finish = () => response.end('second half')
    })
    const download = browser.fetch(stage.url('/api/slow'))
    await until(() => stage.upstream.received.some(({ target }) => target.includes('slow')))
    server.pause()
    t.after(() => server.resume())
    assert.ok((await untilRefused(stage, browser)) > 0)
    assert.equal(eventsOf(stage, 'store.lost').length, 1)
    finish()
    assert.equal((await download).body, 'first half, second half')
    server.resume()
    await untilServed(stage, browser)
    assert.deepEqual(eventsOf(stage, 'session.ended'), [])
  })

  test('where nothing may go on without the store, nothing does', async (t) => {
    const stage = await setOutageStage(t, server.url, 'staleFor: 0s')
    const browser = await stage.loggedIn()
    const lost = nextEvent(stage, 'store.lost')
    await server.stop()
    t.after(() => server.start())
    await lost
    assertLaterWithSession(await browser.fetch(stage.url('/api/x')))
    assertLaterWithSession(await browser.fetch(stage.url('/auth/user')))
    assert.deepEqual(stage.upstream.received, [])
    await server.start()
    await untilServed(stage, browser)
  })

  test('tokens that come due in an outage are renewed once after it, and never sent when they have ended', async (t) => {
    const stage = await setOutageStage(t, server.url, 'staleFor: 60s', { realm: { revokeRefreshToken: true } })
    const browser = await logInExpired(stage)
    const lost = nextEvent(stage, 'store.lost')
    await server.stop()
    t.after(() => server.start())
    await lost
    for (let asked = 0; asked < 5; asked += 1) assertLaterWithSession(await browser.fetch(stage.url('/api/x')))
    assert.equal(refreshes(stage), 0)
    await server.start()
    await untilServed(stage, browser)
    assert.equal(refreshes(stage), 1)
    assertNoEndedToken(stage)
  })

  test('new tokens that cannot be written wait for the store', async (t) => {
    const stage = await setOutageStage(t, server.url, 'staleFor: 60s', { realm: { revokeRefreshToken: true } })
    const browser = await logInExpired(stage)
    const gate = stage.realm.faults.hold('token', 'after')
    const waiting = browser.fetch(stage.url('/api/x'))
    await gate.arrived()
    const lost = nextEvent(stage, 'store.lost')
    await server.stop()
    t.after(() => server.start())
    await lost
    gate.release()
    assertLaterWithSession(await waiting)
    await server.start()
    await untilServed(stage, browser)
    assert.equal(refreshes(stage), 1)
    assertNoEndedToken(stage)
  })

  test('a session that was ended elsewhere while a gateway was cut off is dead when it is back', async (t) => {
    const relay = await openTcpRelay(Number(new URL(server.url).port))
    t.after(() => relay.close())
    const nearUrl = new URL(server.url)
    nearUrl.port = String(relay.port)
    const stage = await setOutageStage(t, nearUrl.href, 'staleFor: 60s, cacheAge: 1h')
    const [ended, going] = [await stage.loggedIn('alice'), await stage.loggedIn('bob')]
    const elsewhere = await openElsewhere(stage, server.url)
    t.after(() => elsewhere.close())
    const lost = nextEvent(stage, 'store.lost')
    relay.cut()
    await lost
    assert.equal(await elsewhere.delete(sessionKey(sessionId(stage, ended) ?? ''), 'administrator'), true)
    assert.equal(await statusOf(stage, ended), 200, 'nobody can know yet')
    const found = nextEvent(stage, 'store.found')
    relay.mend()
    await found
    assert.equal(await statusOf(stage, ended), 401)
    assert.equal(await statusOf(stage, going), 200)
  })
}

async function openElsewhere({ config }: Stage, url: string) {
  const store = parseStore(url)
  assert.ok(store)
  const options = { ca: [], clock: systemClock, tell: () => {} }
  return (await openStore({ ...config, session: { ...config.session, store } }, options)).store
}
