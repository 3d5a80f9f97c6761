// A session ends at a real Keycloak, and with it everything a browser has open at a replica that saw neither its login
// nor Keycloak's word, and hears of it from the store alone.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { type Dispatcher, request } from 'undici'
import type { WebSocket } from 'ws'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { listenTo, type OpenStream } from '../support/event-stream.ts'
import { askGateway, cookieOf, decode, eventsOf } from '../support/flow.ts'
import { enterOtherApplication } from '../support/keycloak-other-application.ts'
import { userPath } from '../support/keycloak-realm.ts'
import { type KeycloakStage, setKeycloakStage } from '../support/keycloak-stage.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { sayOk } from '../support/test-upstream.ts'
import { closeOf, echo, openSocket, speakWebSocket } from '../support/websockets.ts'

const WITHIN_MILLISECONDS = 10_000
/** The other one takes the logins and Keycloak's word; here browsers have everything open. */
const ELSEWHERE = 1
const ROUTES = '  - { path: "/ws/*", service: api, require: { login: true }, upgrade: [websocket] }'
const FEED = 'data: 1\n\n'

let keycloak: Keycloak
let redis: RedisServer
before(async () => {
  redis = await startRedis()
  keycloak = await useKeycloak()
})
after(async () => {
  await keycloak.stop()
  await redis.close()
})

async function setStage(t: TestContext): Promise<KeycloakStage> {
  await redis.ask('FLUSHALL')
  const options = { replicas: 2, store: redis.url, session: 'cacheAge: 1h', routes: ROUTES }
  const stage = await setKeycloakStage(t, keycloak, options)
  stage.aim(0)
  speakWebSocket(stage.upstream, echo)
  stage.upstream.answer((message, response) => {
    if (message.url !== '/api/feed') sayOk(message, response)
    else response.writeHead(200, { 'content-type': 'text/event-stream' }).write(FEED)
  })
  return stage
}

interface OpenThings {
  readonly tab: OpenStream
  readonly socket: WebSocket
  readonly feed: Dispatcher.ResponseData['body']
  /** Keycloak's own name for the session. */
  readonly sid: string
}

async function openThings(stage: KeycloakStage, browser: Browser): Promise<OpenThings> {
  const cookie = cookieOf(stage, browser)
  const tab = await listenTo(stage, browser, ELSEWHERE)
  assert.equal((await tab.next()).name, 'session')
  const socket = await openSocket(stage, '/ws/a', { headers: { cookie }, gateway: ELSEWHERE })
  const feed = await openFeed(stage, cookie)
  const { authorization = '' } = stage.upstream.received.at(-1)?.headers ?? {}
  return { tab, socket, feed, sid: String(decode(authorization).sid) }
}

async function openFeed(stage: KeycloakStage, cookie: string): Promise<OpenThings['feed']> {
  const { port } = stage.gateways[ELSEWHERE]!.publicAddress
  const headers = { host: new URL(stage.publicUrl).host, cookie }
  const { statusCode, body } = await request(`http://127.0.0.1:${port}/api/feed`, { headers, bodyTimeout: 0 })
  assert.equal(statusCode, 200)
  return body
}

/** What each of them hears last, once all of them have ended; rejects when the feed breaks off within an event. */
async function lastWords({ tab, socket, feed }: OpenThings) {
  const [told, , closed, text] = await Promise.all([tab.next(), tab.ended, closeOf(socket), feed.text()])
  return { told, closed, text }
}

async function inTime<Result>(words: Promise<Result>): Promise<Result> {
  const late = delay(WITHIN_MILLISECONDS, undefined, { ref: false }).then(() => assert.fail('not in time'))
  return Promise.race([words, late])
}

async function statuses(stage: KeycloakStage, browser: Browser): Promise<readonly number[]> {
  const headers = { cookie: cookieOf(stage, browser) }
  const asked = stage.gateways.map((_, gateway) => askGateway(stage, '/api/x', { gateway, headers }))
  return (await Promise.all(asked)).map(({ status }) => status)
}

async function assertOpen({ tab, socket, feed }: OpenThings): Promise<void> {
  socket.send('still here')
  assert.equal(String((await once(socket, 'message'))[0]), 'still here')
  assert.equal(tab.events.length, 1)
  assert.equal(feed.destroyed || feed.readableEnded, false)
}

type End = (sid: string) => Promise<unknown>

const ENDS: Readonly<Record<string, (stage: KeycloakStage, browser: Browser) => Promise<End>>> = {
  'an administrator ends the session': async () => (sid) => keycloak.admin.delete(`main/sessions/${sid}`),
  'an administrator logs the person out': async () => () => keycloak.admin.post(`${userPath('alice')}/logout`),
  'another application logs the person out': async (stage, browser) =>
    (await enterOtherApplication(stage, browser)).logOut,
  'the person logs out of another application': async (stage, browser) =>
    (await enterOtherApplication(stage, browser)).logOutInBrowser,
}

for (const [name, prepare] of Object.entries(ENDS)) {
  test(`${name}: tab, WebSocket and event stream end on a replica that never saw the login`, async (t) => {
    const stage = await setStage(t)
    const [bob, alice] = [await stage.loggedIn('bob'), await stage.loggedIn()]
    const others = await openThings(stage, bob)
    const open = await openThings(stage, alice)
    const end = await prepare(stage, alice)
    assert.deepEqual(await statuses(stage, alice), [200, 200])
    const words = lastWords(open)
    await end(open.sid)
    assert.deepEqual(await inTime(words), {
      told: { name: 'session-ended', data: { reason: 'realm' } },
      closed: { code: 4401, reason: 'session ended: back-channel' },
      text: FEED,
    })
    assert.deepEqual(await statuses(stage, alice), [401, 401])
    await assertOpen(others)
    assert.deepEqual(await statuses(stage, bob), [200, 200])
    assert.equal(eventsOf(stage, 'session.ended').length, 1)
    others.socket.terminate()
    others.tab.close()
    others.feed.destroy()
  })
}
