// Logging out, and being logged out, while a real Redis is away.
import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { postLogout, sidOf, tellGateways } from '../support/back-channel-logout.ts'
import { askGateway, cookieOf, eventsOf, logInExpired, sessionId, setStage } from '../support/flow.ts'
import { newPrefix } from '../support/network-stores.ts'
import { startRedis } from '../support/servers/redis.ts'
import type { Stage } from '../support/stage.ts'
import { eventually } from '../support/store-changes.ts'

const server = await startRedis()
after(() => server.close())

function setRedisStage(t: TestContext): Promise<Stage> {
  return setStage(t, { store: server.url, session: `prefix: ${newPrefix()}`, replicas: 2 })
}

async function stopUntilEnd(t: TestContext): Promise<() => Promise<void>> {
  let isStopped = true
  await server.stop()
  const start = async () => {
    if (isStopped) await server.start()
    isStopped = false
  }
  t.after(start)
  return start
}

async function statuses(stage: Stage, cookie: string): Promise<readonly number[]> {
  const asked = stage.gateways.map((_, gateway) => askGateway(stage, '/api/x', { gateway, headers: { cookie } }))
  return (await Promise.all(asked)).map(({ status }) => status)
}

function logOut(stage: Stage, cookie: string, gateway: number) {
  const headers = { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', origin: stage.publicUrl }
  return askGateway(stage, '/auth/logout', { method: 'POST', gateway, headers })
}

async function logInWarm(stage: Stage): Promise<{ readonly browser: Browser; readonly cookie: string }> {
  const browser = await stage.loggedIn()
  const cookie = cookieOf(stage, browser)
  assert.deepEqual(await statuses(stage, cookie), [200, 200])
  return { browser, cookie }
}

test('a logout ends the session here and at the realm, and everywhere once the store is back', async (t) => {
  const stage = await setRedisStage(t)
  const { cookie } = await logInWarm(stage)
  const start = await stopUntilEnd(t)
  const answer = await logOut(stage, cookie, 0)
  assert.equal(answer.status, 200)
  assert.equal(JSON.parse(answer.body).complete, false)
  assert.match(String(answer.headers['set-cookie']), /Max-Age=0/)
  assert.deepEqual(stage.realm.sessions(), [])
  assert.equal((await statuses(stage, cookie))[0], 401, 'this replica serves it no more')
  const page = await askGateway(stage, JSON.parse(answer.body).logout_url, { headers: { accept: 'text/html' } })
  assert.equal(page.status, 200)
  await start()
  await eventually(async () => (await statuses(stage, cookie)).every((status) => status === 401))
  await eventually(() => eventsOf(stage, 'session.ended').length === 1)
  assert.equal(eventsOf(stage, 'session.end-delayed').length, 1)
})

test('a session that a replica does not know keeps its cookie', async (t) => {
  const stage = await setRedisStage(t)
  const browser = await logInExpired(stage)
  const cookie = `${cookieOf(stage, browser).split('=')[0]}=${'A'.repeat(43)}`
  const start = await stopUntilEnd(t)
  const answer = await logOut(stage, cookie, 0)
  assert.equal(answer.status, 503)
  assert.equal(answer.headers['set-cookie'], undefined)
  assert.ok(sessionId(stage, browser) !== undefined)
  await start()
})

test('what a realm says meanwhile is not taken for done, and is done when the store is back', async (t) => {
  const stage = await setRedisStage(t)
  tellGateways(stage, 'with sid')
  const { cookie } = await logInWarm(stage)
  const sid = sidOf(stage.realm, 'alice')
  const start = await stopUntilEnd(t)
  await stage.realm.endSession(sid)
  assert.equal(eventsOf(stage, 'back-channel.received').length, 0)
  assert.equal(eventsOf(stage, 'session.ended').length, 0)
  assert.ok(stage.events.some((event) => event.kind === 'request.failed' && event.code === 'ERR_STORE_UNAVAILABLE'))
  assert.equal((await postLogout(stage, 'logout_token=x')).status, 400)
  await start()
  await eventually(async () => (await statuses(stage, cookie)).every((status) => status === 401))
})
