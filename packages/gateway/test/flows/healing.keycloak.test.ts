// Sessions whose tokens a real Keycloak has spent: rotation on, no reuse allowed, and the answer never arrived.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Browser, findLoginForm } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { eventsOf, problemCode, sessionId } from '../support/flow.ts'
import { nextSecond, userPath } from '../support/keycloak-realm.ts'
import { expireTokens, type KeycloakStage, receivedClaims, setKeycloakStage } from '../support/keycloak-stage.ts'
import { pagesSeen } from '../support/lost-session.ts'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

const ROTATING = { revokeRefreshToken: true, refreshTokenMaxReuse: 0 }
const WEB_GATEWAY = { client_id: 'web-gateway', client_secret: 'web-gateway-test-secret' }

const callApi = (stage: KeycloakStage, browser: Browser) => browser.fetch(stage.url('/api/x'))
const statusOf = async (stage: KeycloakStage, browser: Browser) => (await callApi(stage, browser)).status
const outcomes = (stage: KeycloakStage) => stage.backchannel.refreshes().map(({ status }) => status)
const endings = (stage: KeycloakStage) => eventsOf(stage, 'session.ended').map(({ by }) => by)

/** Alice, whose next request finds that her tokens have ended, and whose next refresh is spent and its answer lost. */
async function logInLosing(stage: KeycloakStage): Promise<Browser> {
  await stage.change('main', ROTATING)
  const browser = await stage.loggedIn()
  assert.equal(await statusOf(stage, browser), 200)
  await nextSecond()
  stage.backchannel.fault({ kind: 'lose' })
  expireTokens(stage)
  return browser
}

async function logInLost(stage: KeycloakStage): Promise<Browser> {
  const browser = await logInLosing(stage)
  assert.equal(await statusOf(stage, browser), 401)
  return browser
}

/** Goes on as any other session does: the next tokens are renewed. */
async function assertGoesOn(stage: KeycloakStage, browser: Browser): Promise<void> {
  await nextSecond()
  expireTokens(stage)
  assert.equal(await statusOf(stage, browser), 200)
}

test('a lost answer costs the tokens, once, and the next page comes back logged in without a page shown', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const browser = await logInLosing(stage)
  const [before, { sid }] = [sessionId(stage, browser), receivedClaims(stage)]
  const answers = await browser.follow(stage.url('/api/page?x=1'))
  assert.deepEqual(pagesSeen(answers), [stage.url('/api/page?x=1')])
  assert.equal(answers.at(-1)?.status, 200)
  assert.notEqual(sessionId(stage, browser), before)
  assert.equal(receivedClaims(stage).sid, sid, "Keycloak's own session is the same")
  assert.deepEqual(outcomes(stage), [200, 400])
  assert.deepEqual(endings(stage), ['healed'])
  await assertGoesOn(stage, browser)
})

test('a fetch is told to log in, and its login_url brings the session back', async (t) => {
  const stage = await setKeycloakStage(t, keycloak, { replicas: 2 })
  const browser = await logInLosing(stage)
  const waiting = await Promise.all(Array.from({ length: 20 }, () => callApi(stage, browser)))
  for (const answer of waiting) assert.deepEqual([answer.status, problemCode(answer)], [401, 'login_required'])
  assert.deepEqual(outcomes(stage), [200, 400])
  const answers = await browser.follow(`${JSON.parse(waiting[0]?.body ?? '').login_url}?return_to=/welcome`)
  assert.deepEqual(pagesSeen(answers), [stage.url('/welcome')])
  await assertGoesOn(stage, browser)
})

const GONE: Readonly<Record<string, (stage: KeycloakStage) => Promise<unknown>>> = {
  "Keycloak's own session is gone": (stage) => keycloak.admin.delete(`main/sessions/${receivedClaims(stage).sid}`),
  'the person has been disabled': (stage) => stage.change(userPath('alice'), { enabled: false }),
  'Keycloak forgets all sessions (not-before)': async (stage) => {
    await nextSecond()
    await stage.change('main', { notBefore: Math.floor(Date.now() / 1000) })
  },
}
for (const [name, take] of Object.entries(GONE)) {
  test(`${name}: the lost session ends once, on a page that says so, and nothing more is tried`, async (t) => {
    const stage = await setKeycloakStage(t, keycloak)
    const browser = await logInLost(stage)
    await take(stage)
    const page = (await browser.follow(stage.url('/api/x'))).at(-1)
    assert.equal(page?.status, 401)
    assert.match(page?.body ?? '', /could not be continued/)
    assert.equal(sessionId(stage, browser), undefined)
    assert.deepEqual(endings(stage), ['realm'])
    const shown = (await browser.follow(stage.url('/api/x'))).at(-1)
    assert.ok(shown !== undefined && findLoginForm(shown) !== undefined, "Keycloak's login page, at the next click")
  })
}

test('a person whose refresh token somebody else has used comes back logged in', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  await stage.change('main', ROTATING)
  const browser = await stage.loggedIn()
  await nextSecond()
  const { body } = stage.backchannel.calls.findLast(({ endpoint }) => endpoint === 'token')!
  const form = { ...WEB_GATEWAY, grant_type: 'refresh_token', refresh_token: JSON.parse(body).refresh_token }
  const url = `${keycloak.issuer('main')}/protocol/openid-connect/token`
  assert.equal((await fetch(url, { method: 'POST', body: new URLSearchParams(form) })).status, 200)
  await nextSecond()
  expireTokens(stage)
  assert.deepEqual(pagesSeen(await browser.follow(stage.url('/api/x'))), [stage.url('/api/x')])
  assert.deepEqual(outcomes(stage), [400])
  await assertGoesOn(stage, browser)
})

test('logging out of a lost session ends it at Keycloak too, by its spent refresh token', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const browser = await logInLost(stage)
  const { sid } = receivedClaims(stage)
  assert.equal((await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
  assert.deepEqual(endings(stage), ['user'])
  await assert.rejects(keycloak.admin.delete(`main/sessions/${sid}`), { code: 'ERR_KEYCLOAK_ADMIN_REFUSED' })
})

test('after a limit Keycloak asks for credentials though it knows the person, and lets them in with them', async (t) => {
  const stage = await setKeycloakStage(t, keycloak, { session: 'idle: 2m, afterLimit: reauthenticate' })
  const browser = await stage.loggedIn()
  stage.clock.advance(121)
  const shown = (await browser.follow(stage.url('/api/x'))).at(-1)
  assert.ok(shown !== undefined && findLoginForm(shown) !== undefined)
  const silent = await browser.navigate(stage.url('/auth/login?prompt=none&return_to=/welcome'))
  assert.equal(silent.headers.get('location'), '/welcome')
  await stage.logIn(browser, '/auth/login?return_to=/api/x')
  assert.equal(await statusOf(stage, browser), 200)
})

test('the oldest of too many sessions ends, and its login at Keycloak with it', async (t) => {
  const stage = await setKeycloakStage(t, keycloak, { session: 'maxPerUser: 1' })
  const oldest = await stage.loggedIn()
  const newest = await stage.loggedIn()
  assert.equal(await statusOf(stage, newest), 200)
  assert.equal(await statusOf(stage, oldest), 401)
  await assertGoesOn(stage, newest)
  assert.deepEqual(endings(stage), ['max-per-user'])
})
