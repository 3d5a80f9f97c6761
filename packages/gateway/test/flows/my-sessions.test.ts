// People see their sessions and end them: on every replica at once, and nobody else's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { askGateway, cookieOf, problemCode, setStage, statusOf, testOnBothFronts } from '../support/flow.ts'
import type { Stage } from '../support/stage.ts'

const REPLICAS = { replicas: 2, session: 'cacheAge: 1h' }
const SESSIONS = '/auth/sessions'

async function listOf(stage: Stage, browser: Browser): Promise<Record<string, unknown>[]> {
  return JSON.parse((await browser.fetch(stage.url(SESSIONS))).body).sessions
}

function end(stage: Stage, browser: Browser, search: string) {
  return browser.fetch(stage.url(SESSIONS + search), { method: 'DELETE' })
}

testOnBothFronts(
  'ends another browser, which is out at its next request on every replica',
  async (stage) => {
    const [here, there, bob] = [await stage.loggedIn(), await stage.loggedIn(), await stage.loggedIn('bob')]
    const cookie = cookieOf(stage, there)
    const ask = (gateway: number) => askGateway(stage, '/api/x', { headers: { cookie }, gateway })
    assert.deepEqual([(await ask(0)).status, (await ask(1)).status], [200, 200])
    const [own] = await listOf(stage, there)
    const answer = await end(stage, here, `?id=${own?.id}`)
    assert.deepEqual(JSON.parse(answer.body), { ended: 1, logged_out: false })
    // The other process is told within a tenth of a second.
    const statuses = await Promise.all([0, 1].map((gateway) => untilRefused(() => ask(gateway))))
    assert.deepEqual(statuses, [401, 401])
    assert.deepEqual([await statusOf(stage, here), await statusOf(stage, bob)], [200, 200])
  },
  REPLICAS,
)

/** Fails by the clock: a second is the promise. */
async function untilRefused(ask: () => Promise<{ readonly status: number }>): Promise<number> {
  const deadline = AbortSignal.timeout(1500)
  for (;;) {
    const { status } = await ask()
    if (status !== 200) return status
    deadline.throwIfAborted()
  }
}

test('keeps as much of the address as is configured', async (t) => {
  const stage = await setStage(t, { session: 'clientAddress: full' })
  const [own] = await listOf(stage, await stage.loggedIn())
  assert.deepEqual([own?.address, own?.current], ['127.0.0.1', true])
})

test('ends all: the realm’s session as well, so that the next login asks who it is', async (t) => {
  const stage = await setStage(t)
  const [here, there] = [await stage.loggedIn(), await stage.loggedIn()]
  const { logout_url, ...said } = JSON.parse((await end(stage, here, '?all=true')).body)
  assert.deepEqual(said, { ended: 2, logged_out: true })
  assert.deepEqual([await statusOf(stage, here), await statusOf(stage, there)], [401, 401])
  const way = await here.follow(stage.url(logout_url))
  assert.equal(new URL(way.at(-1)?.url ?? '').pathname, '/')
  const [login] = (await here.follow(stage.url('/auth/login'))).slice(-1)
  assert.match(login?.body ?? '', /<form/)
})

test('a request that no page of ours has sent ends nothing', async (t) => {
  const stage = await setStage(t)
  const [here, there] = [await stage.loggedIn(), await stage.loggedIn()]
  const cookie = cookieOf(stage, here)
  const form = { cookie, 'content-type': 'application/x-www-form-urlencoded' }
  const foreign = [
    { headers: form },
    { headers: { ...form, origin: 'https://evil.example' } },
    {
      headers: { ...form, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    },
  ]
  for (const options of foreign) {
    const posted = await askGateway(stage, SESSIONS, { ...options, method: 'POST', body: Buffer.from('others=true') })
    const deleted = await askGateway(stage, `${SESSIONS}?others=true`, { ...options, method: 'DELETE' })
    assert.deepEqual([posted.status, deleted.status], [403, 403])
  }
  assert.equal((await askGateway(stage, `${SESSIONS}?others=true`, { headers: { cookie } })).status, 400)
  assert.equal(await statusOf(stage, there), 200)
})

test('a handle opens nothing and ends nothing by itself', async (t) => {
  const stage = await setStage(t)
  const [alice, bob] = [await stage.loggedIn(), await stage.loggedIn('bob')]
  const [own] = await listOf(stage, alice)
  const answer = await end(stage, bob, `?id=${own?.id}`)
  assert.equal(answer.status, 404)
  assert.equal(problemCode(answer), 'not_found')
  assert.equal(problemCode(await end(stage, stage.browser(), `?id=${own?.id}`)), 'login_required')
  assert.equal(await statusOf(stage, alice), 200)
})
