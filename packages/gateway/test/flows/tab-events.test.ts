// What tabs are told, over real sockets and on a replica that neither saw the login nor the logout.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenTo } from '../support/event-stream.ts'
import { askGateway, cookieOf, logInExpired, setStage, statusOf, testOnBothFronts, userOf } from '../support/flow.ts'

/** Long before the age of the cache, by which alone it would end without an event. */
const SOON_MILLISECONDS = 10_000

/** No event may be owed to the age of what is in memory. */
const REPLICAS = { replicas: 2, session: 'cacheAge: 1h' }

testOnBothFronts(
  'a logout is told on every replica, and is the last thing told',
  async (stage) => {
    const browser = await stage.loggedIn()
    const streams = [await listenTo(stage, browser, 0), await listenTo(stage, browser, 1)]
    for (const stream of streams) assert.equal((await stream.next()).name, 'session')
    const startedAt = performance.now()
    await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
    for (const stream of streams) {
      assert.deepEqual(await stream.next(), { name: 'session-ended', data: { reason: 'logout' } })
      await stream.ended
    }
    assert.ok(performance.now() - startedAt < SOON_MILLISECONDS)
  },
  REPLICAS,
)

test('says who it is by the id that pages know', async (t) => {
  const stage = await setStage(t)
  const browser = await stage.loggedIn()
  const { name, data } = await (await listenTo(stage, browser)).next()
  assert.equal(name, 'session')
  assert.equal(data.id, (await userOf(stage, browser)).id)
})

test('somebody else’s login in the same browser is a change, and tells whether it is the same person', async (t) => {
  const stage = await setStage(t, REPLICAS)
  const browser = await stage.loggedIn('alice')
  for (const [username, isSamePerson] of [
    ['alice', true],
    ['bob', false],
  ] as const) {
    const stream = await listenTo(stage, browser, 1)
    await stream.next()
    // In one browser the realm lets nobody log in over somebody else.
    stage.realm.endSessionsOf('alice')
    await browser.logIn(stage.url('/auth/login?force=true'), { username, password: '' })
    assert.deepEqual(await stream.next(), { name: 'session-changed', data: { same_person: isSamePerson } })
    await stream.ended
  }
})

test('renewed tokens are told on every replica', async (t) => {
  const stage = await setStage(t, REPLICAS)
  const browser = await logInExpired(stage)
  const stream = await listenTo(stage, browser, 1)
  await stream.next()
  assert.equal(await statusOf(stage, browser), 200)
  const { name, data } = await stream.next()
  assert.equal(name, 'session-renewed')
  assert.ok(Number(data.expires_in) > 1000)
})

test('a session that the realm ends is told', async (t) => {
  const stage = await setStage(t)
  const browser = await logInExpired(stage)
  const stream = await listenTo(stage, browser)
  await stream.next()
  stage.realm.endSessionsOf('alice')
  assert.equal(await statusOf(stage, browser), 401)
  assert.deepEqual(await stream.next(), { name: 'session-ended', data: { reason: 'realm' } })
})

test('a gateway that stops ends its streams and does not wait for them', async (t) => {
  const stage = await setStage(t, { replicas: 2 })
  const browser = await stage.loggedIn()
  const stream = await listenTo(stage, browser, 1)
  await stream.next()
  await stage.gateways[1]!.close()
  await stream.ended
  assert.equal(stream.events.length, 1)
  await (await listenTo(stage, browser, 0)).next()
})

test('nobody, other methods and pages of others hear nothing', async (t) => {
  const stage = await setStage(t)
  const cookie = cookieOf(stage, await stage.loggedIn())
  const statuses = [
    await askGateway(stage, '/auth/events'),
    await askGateway(stage, '/auth/events', { method: 'HEAD', headers: { cookie } }),
    await askGateway(stage, '/auth/events', { method: 'POST', headers: { cookie } }),
    await askGateway(stage, '/auth/events', { headers: { cookie, 'sec-fetch-site': 'cross-site' } }),
    await askGateway(stage, '/auth/events', { headers: { cookie, origin: 'https://evil.example' } }),
  ].map(({ status }) => status)
  assert.deepEqual(statuses, [401, 405, 405, 403, 403])
})

test('a front end of another origin may listen', async (t) => {
  const origin = 'http://localhost:5173'
  const stage = await setStage(t, { config: (own) => `frontends: [{ origin: "${own}" }, { origin: "${origin}" }]` })
  const browser = await stage.loggedIn()
  const stream = await listenTo(stage, browser, 0, { origin, 'sec-fetch-site': 'same-site' })
  assert.equal((await stream.next()).name, 'session')
  assert.equal(stream.headers['access-control-allow-origin'], origin)
  assert.equal(stream.headers['access-control-allow-credentials'], 'true')
})
