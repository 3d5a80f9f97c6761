// A real Keycloak says that sessions have ended.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { askGateway, cookieOf, eventsOf, nextEvent } from '../support/flow.ts'
import { enterOtherApplication } from '../support/keycloak-other-application.ts'
import { clientPath, nextSecond, userPath } from '../support/keycloak-realm.ts'
import { type KeycloakStage, receivedClaims, setKeycloakStage } from '../support/keycloak-stage.ts'

const WITHIN_MILLISECONDS = 10_000

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

/** Two gateways that hear nothing but what the store tells them. */
async function setStage(t: Parameters<typeof setKeycloakStage>[0], tellsSid = true): Promise<KeycloakStage> {
  const stage = await setKeycloakStage(t, keycloak, { replicas: 2 })
  const attributes = { 'backchannel.logout.session.required': String(tellsSid) }
  await stage.change(await clientPath(keycloak, 'web-gateway'), { attributes })
  return stage
}

/** What each gateway says to this browser's cookie. */
async function statuses(stage: KeycloakStage, browser: Browser): Promise<string> {
  const headers = { cookie: cookieOf(stage, browser) }
  const asked = stage.gateways.map((_, gateway) => askGateway(stage, '/api/x', { gateway, headers }))
  return (await Promise.all(asked)).map(({ status }) => status).join(' ')
}

/** Asks until both refuse it, long before the age of the cache would make them. */
async function untilOut(stage: KeycloakStage, browser: Browser): Promise<void> {
  const giveUpAt = performance.now() + WITHIN_MILLISECONDS
  for (;;) {
    const found = await statuses(stage, browser)
    if (found === '401 401') return
    assert.ok(performance.now() < giveUpAt, found)
  }
}

async function sidOf(stage: KeycloakStage, browser: Browser): Promise<unknown> {
  await browser.fetch(stage.url('/api/x'))
  return receivedClaims(stage).sid
}

const outcomes = (stage: KeycloakStage) => eventsOf(stage, 'back-channel.received').map(({ outcome }) => outcome)

test('an administrator ends one session: it is out on every replica, the others of the person stay', async (t) => {
  const stage = await setStage(t)
  const [one, two] = [await stage.loggedIn(), await stage.loggedIn()]
  assert.equal(await statuses(stage, one), '200 200')
  await keycloak.admin.delete(`main/sessions/${await sidOf(stage, one)}`)
  await untilOut(stage, one)
  assert.equal(await statuses(stage, two), '200 200')
  assert.deepEqual(outcomes(stage), ['accepted'])
})

test('an administrator logs a person out: all sessions of the person end, and nobody else’s', async (t) => {
  const stage = await setStage(t)
  const [one, two, bob] = [await stage.loggedIn(), await stage.loggedIn(), await stage.loggedIn('bob')]
  await keycloak.admin.post(`${userPath('alice')}/logout`)
  await untilOut(stage, one)
  await untilOut(stage, two)
  assert.equal(await statuses(stage, bob), '200 200')
})

test('without a sid in the token all sessions of the person end; a later login works', async (t) => {
  const stage = await setStage(t, false)
  const [one, two, bob] = [await stage.loggedIn(), await stage.loggedIn(), await stage.loggedIn('bob')]
  await keycloak.admin.delete(`main/sessions/${await sidOf(stage, one)}`)
  await untilOut(stage, one)
  await untilOut(stage, two)
  assert.equal(await statuses(stage, bob), '200 200')
  await nextSecond()
  assert.equal(await statuses(stage, await stage.loggedIn()), '200 200')
})

for (const tellsSid of [true, false]) {
  test(`the logout of another application in the same browser is ours, too (${tellsSid ? 'with' : 'without'} sid)`, async (t) => {
    const stage = await setStage(t, tellsSid)
    const browser = await stage.loggedIn()
    assert.equal(await statuses(stage, browser), '200 200')
    const other = await enterOtherApplication(stage, browser)
    await other.logOut()
    await untilOut(stage, browser)
    assert.deepEqual(outcomes(stage), ['accepted'])
  })
}

test('our own logout is told to us as well, and is one logout', async (t) => {
  const stage = await setStage(t)
  const browser = await stage.loggedIn()
  const { logout_url: path } = JSON.parse((await browser.fetch(stage.url('/auth/user'))).body)
  await browser.follow(stage.url(path))
  assert.deepEqual(outcomes(stage), ['accepted'])
  assert.deepEqual(
    eventsOf(stage, 'session.ended').map(({ by }) => by),
    ['user'],
  )
})

test('a session ended from another one ends at Keycloak: the browser sees the login form', async (t) => {
  const stage = await setStage(t)
  const [ended, other] = [await stage.loggedIn(), await stage.loggedIn()]
  const told = nextEvent(stage, 'back-channel.received')
  const answer = await other.fetch(stage.url('/auth/sessions?others=true'), { method: 'DELETE' })
  assert.ok(answer.status < 400, `${answer.status} ${answer.body}`)
  await untilOut(stage, ended)
  assert.equal((await told).sessions, 0, 'ours had ended before')
  const answers = await ended.follow(stage.url('/auth/login'))
  assert.ok(answers.at(-1)?.url.startsWith(keycloak.url))
})
