// A real Keycloak is killed and started again. The tests go on with one stage, in their order.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, findLoginForm } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { assertLaterWithSession, eventsOf } from '../support/flow.ts'
import { expireTokens, type KeycloakStage, openKeycloakStage } from '../support/keycloak-stage.ts'

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
