// A real Keycloak is killed and started again, at once and after two minutes. Tests of one `describe` go on with one
// stage, in their order.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, type BrowserAnswer, findLoginForm } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { listenTo, type OpenStream } from '../support/event-stream.ts'
import { assertLaterWithSession, eventsOf, sessionId } from '../support/flow.ts'
import { ACCESS_TOKEN_SECONDS, expireTokens, type KeycloakStage, openKeycloakStage } from '../support/keycloak-stage.ts'

/** Of a server that starts, which tells nobody. */
const POLL_MILLISECONDS = 100

describe('Keycloak is killed', () => {
  let keycloak: Keycloak
  let stage: KeycloakStage
  let alice: Browser
  let bob: Browser
  /** Carol's browser has been sent back with a code and has not arrived yet. */
  let carol: Browser
  let callback: string
  let isDown = false

  const callApi = (browser: Browser) => browser.fetch(stage.url('/api/x'))

  before(async () => {
    keycloak = await useKeycloak()
    stage = await openKeycloakStage(keycloak, { hasBackchannel: false })
    alice = await stage.loggedIn('alice')
    bob = await stage.loggedIn('bob')
    carol = stage.browser()
    callback = await pendingCallback()
    await keycloak.kill()
    isDown = true
  })
  after(async () => {
    if (isDown) await keycloak.restart()
    await stage.close()
    await keycloak.stop()
  })

  async function pendingCallback(): Promise<string> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const asked = (await carol.follow(stage.url('/auth/login?return_to=/welcome'))).at(-1)!
    const first = { method: 'POST', headers, body: 'username=carol' }
    const page = (await carol.follow(findLoginForm(asked)!.action, first)).at(-1)!
    const second = { method: 'POST', headers, body: 'password=carol-test-password' }
    return (await carol.navigate(findLoginForm(page)!.action, second)).headers.get('location')!
  }

  /** What Keycloak itself says now. */
  async function describeRealm(): Promise<string> {
    const response = await fetch(keycloak.issuer('main')).catch(() => undefined)
    return `${response?.status} ${response?.headers.get('content-type')?.split(';')[0]}`
  }

  test('an access token that lives is used, also by a gateway that starts now', async () => {
    assert.equal((await callApi(alice)).status, 200)
    await stage.restart(0)
    assert.equal((await callApi(alice)).status, 200)
  })

  test('a login is told to come later, on a page', async () => {
    const answer = await stage.browser().navigate(stage.url('/auth/login'))
    assert.equal(answer.status, 503)
    assert.match(answer.headers.get('content-type') ?? '', /text\/html/)
    assert.ok(Number(answer.headers.get('retry-after')) <= 5)
  })

  test('the gateway that started now says that it is not ready, and lives', async () => {
    const { host, port } = stage.gateways[0]!.operatorAddress
    const ask = async (path: string) => (await fetch(`http://${host}:${port}${path}`)).status
    assert.deepEqual([await ask('/readyz'), await ask('/healthz')], [503, 200])
  })

  test('a logout ends the session here and says that Keycloak has not confirmed', async () => {
    const user = JSON.parse((await bob.fetch(stage.url('/auth/user'))).body)
    const answers = await bob.follow(stage.url(user.logout_url))
    assert.equal(answers.at(-1)?.url, stage.url('/auth/logged-out?realm=unconfirmed'))
    assert.equal((await callApi(bob)).status, 401)
  })

  test('a token that has ended is 503, the session stays, and is known', async () => {
    expireTokens(stage)
    assertLaterWithSession(await callApi(alice))
    assert.equal((await alice.fetch(stage.url('/auth/user'))).status, 200)
  })

  test('while it starts the answer is 503, then the session goes on', async () => {
    const restarted = keycloak.restart()
    const starting: string[] = []
    let answer = await callApi(alice)
    while (answer.status !== 200) {
      assertLaterWithSession(answer)
      starting.push(await describeRealm())
      await delay(POLL_MILLISECONDS)
      answer = await callApi(alice)
    }
    await restarted
    isDown = false
    assert.ok(starting.includes('503 text/plain'), [...new Set(starting)].join(', '))
    const reasons = eventsOf(stage, 'realm.warned').map(({ warning }) => warning)
    assert.ok(
      reasons.some((reason) => reason.includes('503')),
      reasons.join('\n'),
    )
  })

  test('a code from before is lost, and the login starts again without a page', async () => {
    const answers = await carol.follow(callback)
    assert.equal(answers.at(-1)?.url, stage.url('/welcome'))
    assert.ok(answers.every(({ status, url }) => status !== 200 || !url.startsWith(keycloak.url)))
    assert.equal((await callApi(carol)).status, 200)
  })

  test('nobody was logged out but who wanted it', () => {
    assert.deepEqual(
      eventsOf(stage, 'session.ended').map(({ by }) => by),
      ['user'],
    )
  })
})

const AWAY_SECONDS = 120
/** Between two requests of a person. */
const PAUSE_MILLISECONDS = 250
const LATEST_RECOVERY_SECONDS = 60

describe('Keycloak is away for two minutes while people work', () => {
  let keycloak: Keycloak
  let stage: KeycloakStage
  let people: readonly Browser[]
  let ids: readonly unknown[]
  let tab: OpenStream
  let away = Promise.resolve()
  let isBack = false
  /** How often each status was answered while Keycloak was away. */
  const counts = new Map<number, number>()

  before(async () => {
    assert.ok(ACCESS_TOKEN_SECONDS < AWAY_SECONDS)
    keycloak = await useKeycloak()
    stage = await openKeycloakStage(keycloak, { hasBackchannel: false, replicas: 2 })
    people = [
      await stage.loggedIn('alice'),
      await stage.loggedIn('alice'),
      await stage.loggedIn('bob'),
      await stage.loggedIn('carol'),
    ]
    ids = people.map((browser) => sessionId(stage, browser))
    tab = await listenTo(stage, people[0]!, 1)
    for (const browser of people) assert.equal((await browser.fetch(stage.url('/api/x'))).status, 200)
  })
  after(async () => {
    await away
    tab.close()
    await stage.close()
    await keycloak.stop()
  })

  /** What a page fetches, and the page itself: neither is ever sent to log in. */
  const ask = async (browser: Browser) => [
    await browser.fetch(stage.url('/api/x')),
    await browser.navigate(stage.url('/api/page')),
  ]

  function check(answer: BrowserAnswer): void {
    counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1)
    assert.deepEqual(answer.cookiesSet, [])
    if (answer.status !== 200) assertLaterWithSession(answer)
  }

  async function workOn(browser: Browser): Promise<void> {
    while (!isBack) {
      for (const answer of await ask(browser)) check(answer)
      assert.equal((await browser.fetch(stage.url('/auth/user'))).status, 200)
      await delay(PAUSE_MILLISECONDS)
    }
  }

  async function stayAway(): Promise<void> {
    try {
      await keycloak.kill()
      await delay(AWAY_SECONDS * 1000)
      await keycloak.restart()
    } finally {
      isBack = true
    }
  }

  test('every answer is the right one or 503, and no cookie is touched', async (t) => {
    away = stayAway()
    await Promise.all([away, ...people.map(workOn)])
    t.diagnostic([...counts].map(([status, count]) => `${status}: ${count} answers`).join(', '))
    assert.deepEqual([...counts.keys()].toSorted(), [200, 503])
  })

  test('afterwards all go on without a login, with the sessions they had', async () => {
    const giveUpAt = performance.now() + LATEST_RECOVERY_SECONDS * 1000
    for (const browser of people) {
      let answers = await ask(browser)
      while (answers.some(({ status }) => status !== 200)) {
        assert.ok(performance.now() < giveUpAt)
        answers.forEach(check)
        await delay(POLL_MILLISECONDS)
        answers = await ask(browser)
      }
    }
    assert.deepEqual(
      people.map((browser) => sessionId(stage, browser)),
      ids,
    )
  })

  test('nobody was logged out, and no tab was told so', async () => {
    assert.deepEqual([...eventsOf(stage, 'session.ended'), ...eventsOf(stage, 'session.lost')], [])
    const told = new Set(tab.events.map(({ name }) => name))
    assert.deepEqual(told, new Set(['session', 'session-renewed']))
    assert.equal(await Promise.race([tab.ended.then(() => 'ended'), 'open']), 'open')
  })
})
