// Logging in at a real Keycloak: its pages, its parameters, its refusals. Facts: notes/keycloak.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Browser, type BrowserAnswer, findLoginForm } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { eventsOf, sessionId } from '../support/flow.ts'
import { addSigningKey, clientPath, nextSecond } from '../support/keycloak-realm.ts'
import {
  expireTokens,
  type KeycloakStage,
  receivedClaims,
  setKeycloakStage,
  WEB_GATEWAY,
} from '../support/keycloak-stage.ts'
import { post } from '../support/login-steps.ts'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

const isPage = (answer: BrowserAnswer) => answer.status === 200 && answer.url.startsWith(keycloak.url)
const isAsked = (answers: readonly BrowserAnswer[]) => answers.some(isPage)
const redemptions = ({ backchannel }: KeycloakStage) =>
  backchannel.calls.filter(({ form }) => form.has('code') && form.get('code') !== 'doorman-start-check')
const statusOf = async (stage: KeycloakStage, browser: Browser, path = '/api/x') =>
  (await browser.fetch(stage.url(path))).status

test('alice logs in over two pages, is known with her roles, and the service gets a token it can verify', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const browser = stage.browser()
  const answers = await stage.logIn(browser, '/auth/login?return_to=/welcome')
  assert.equal(answers.filter(isPage).length, 2)
  assert.equal(answers.at(-1)?.url, stage.url('/welcome'))
  const user = JSON.parse((await browser.fetch(stage.url('/auth/user'))).body)
  assert.equal(user.name, 'Alice Test')
  assert.ok(user.roles.includes('researcher'))
  assert.deepEqual(user.client_roles.reports, ['read'])
  assert.equal(await statusOf(stage, browser), 200)
  const keys = createRemoteJWKSet(new URL(`${keycloak.issuer('main')}/protocol/openid-connect/certs`))
  const token = stage.upstream.received.at(-1)!.headers.authorization!.slice('Bearer '.length)
  await jwtVerify(token, keys, { issuer: keycloak.issuer('main'), audience: 'reports' })
})

test('a route for administrators lets carol in and alice not', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  assert.equal(await statusOf(stage, await stage.loggedIn('carol'), '/admin/x'), 200)
  assert.equal(await statusOf(stage, await stage.loggedIn('alice'), '/admin/x'), 403)
})

test('Keycloak is called at its back channel, and the issuer stays the public one', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const browser = await stage.loggedIn()
  expireTokens(stage)
  assert.equal(await statusOf(stage, browser), 200)
  const used = new Set(stage.backchannel.calls.map(({ endpoint }) => endpoint))
  assert.deepEqual(used, new Set(['openid-configuration', 'token', 'auth', 'certs']))
  const metadata = JSON.parse(stage.backchannel.calls[0]!.body)
  assert.equal(metadata.issuer, keycloak.issuer('main'))
  assert.ok(metadata.token_endpoint.startsWith(stage.backchannel.origin))
  assert.ok(metadata.revocation_endpoint.startsWith(keycloak.url))
  assert.equal(receivedClaims(stage).iss, keycloak.issuer('main'))
})

for (const parameter of ['force=true', 'max_age=0']) {
  test(`${parameter} asks for the password again; the session is a new one, Keycloak's own the same`, async (t) => {
    const stage = await setKeycloakStage(t, keycloak)
    const browser = await stage.loggedIn()
    await statusOf(stage, browser)
    const [firstId, first] = [sessionId(stage, browser), receivedClaims(stage)]
    await nextSecond()
    const answers = await stage.logIn(browser, `/auth/login?${parameter}&return_to=/welcome`)
    assert.ok(isAsked(answers))
    assert.equal(answers.at(-1)?.url, stage.url('/welcome'))
    await statusOf(stage, browser)
    const second = receivedClaims(stage)
    assert.notEqual(sessionId(stage, browser), firstId)
    assert.equal(second.sid, first.sid)
    assert.ok(Number(second.auth_time) > Number(first.auth_time))
  })
}

test('max_age that is not exceeded asks nothing', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const answers = await stage.logIn(await stage.loggedIn(), '/auth/login?max_age=3600&return_to=/welcome')
  assert.ok(!isAsked(answers))
  assert.equal(eventsOf(stage, 'login.finished').length, 2)
})

test('prompt=none logs in whom Keycloak knows, and leaves a stranger a stranger', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const silently = '/auth/login?prompt=none&return_to=/welcome'
  const stranger = stage.browser()
  const answers = await stage.logIn(stranger, silently)
  const callback = new URL(answers.at(-2)!.url)
  assert.equal(callback.searchParams.get('error'), 'login_required')
  assert.equal(callback.searchParams.get('iss'), keycloak.issuer('main'))
  assert.equal(answers.at(-1)?.url, stage.url('/welcome'))
  assert.equal(await statusOf(stage, stranger), 401)
  const known = await stage.loggedIn()
  assert.ok(!isAsked(await stage.logIn(known, silently)))
  assert.equal(await statusOf(stage, known), 200)
})

test('an action that somebody cancels at Keycloak is an ordinary login that says so', async (t) => {
  const config = 'login: { parameters: { kc_action: [UPDATE_PASSWORD] } }'
  const stage = await setKeycloakStage(t, keycloak, { config })
  const browser = await stage.loggedIn()
  const page = (await browser.follow(stage.url('/auth/login?kc_action=UPDATE_PASSWORD&return_to=/welcome'))).at(-1)!
  const action = /<form id="kc-passwd-update-form"[^>]* action="([^"]+)"/.exec(page.body)![1]!
  const answers = await browser.follow(action.replaceAll('&amp;', '&'), post({ 'cancel-aia': 'true' }))
  assert.equal(answers.at(-1)?.url, stage.url('/welcome?kc_action_status=cancelled'))
  assert.equal(await statusOf(stage, browser), 200)
})

test('a login that asked for acr gold and was answered with silver is refused', async (t) => {
  const stage = await setKeycloakStage(t, keycloak, { config: 'login: { parameters: { acr_values: any } }' })
  await stage.change(await clientPath(keycloak, WEB_GATEWAY.clientId), {
    attributes: { 'acr.loa.map': '{"silver":"1","gold":"2"}' },
  })
  const browser = stage.browser()
  const answers = await stage.logIn(browser, '/auth/login?acr_values=gold')
  assert.equal(answers.at(-1)?.status, 403)
  assert.equal(eventsOf(stage, 'login.refused')[0]?.code, 'ERR_LOGIN_ACR_INSUFFICIENT')
  assert.equal(await statusOf(stage, browser), 401)
  await stage.logIn(browser, '/auth/login?acr_values=silver')
  assert.equal(await statusOf(stage, browser), 200)
})

/** A browser at Keycloak's second page, with the answer it is about to send. */
async function atPasswordForm(stage: KeycloakStage, returnTo: string, browser = stage.browser()) {
  const first = findLoginForm((await browser.follow(stage.url(`/auth/login?return_to=${returnTo}`))).at(-1)!)!
  const second = findLoginForm((await browser.follow(first.action, post({ username: 'alice' }))).at(-1)!)!
  return { browser, action: second.action, submission: post({ password: 'alice-test-password' }) }
}

test('a form of Keycloak sent again after it was finished starts the login again by itself', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const { browser, action, submission } = await atPasswordForm(stage, '/welcome')
  await browser.navigate(action, submission)
  const answers = await browser.follow(action, submission)
  assert.equal(new URL(answers[1]!.url).searchParams.get('error'), 'temporarily_unavailable')
  assert.equal(answers.at(-1)?.url, stage.url('/welcome'))
  assert.equal(await statusOf(stage, browser), 200)
})

test('two tabs both finish their logins, each where it wanted to go', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const one = await atPasswordForm(stage, '/one')
  const two = await atPasswordForm(stage, '/two', one.browser)
  const places = []
  for (const { browser, action, submission } of [one, two]) {
    places.push((await browser.follow(action, submission)).at(-1)?.url)
  }
  assert.deepEqual(places, [stage.url('/one'), stage.url('/two')])
  assert.equal(await statusOf(stage, one.browser), 200)
})

test('of two callbacks at once over two gateways one redeems the code, and its session lives', async (t) => {
  const stage = await setKeycloakStage(t, keycloak, { replicas: 2 })
  const { browser, action, submission } = await atPasswordForm(stage, '/welcome')
  const callback = (await browser.navigate(action, submission)).headers.get('location')!
  const answers = await Promise.all([browser.navigate(callback), browser.navigate(callback)])
  assert.deepEqual(
    answers.map(({ headers }) => headers.get('location')),
    ['/welcome', '/welcome'],
  )
  assert.equal(redemptions(stage).length, 1)
  expireTokens(stage)
  assert.equal(await statusOf(stage, browser), 200)
})

test('a lost answer to the code is a second login without a page, never the code again', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const { browser, action, submission } = await atPasswordForm(stage, '/welcome')
  stage.backchannel.fault({ kind: 'lose' })
  const answers = await browser.follow(action, submission)
  assert.equal(answers.at(-1)?.url, stage.url('/welcome'))
  assert.ok(!isAsked(answers))
  const codes = redemptions(stage).map(({ form }) => form.get('code'))
  assert.equal(new Set(codes).size, 2)
  expireTokens(stage)
  assert.equal(await statusOf(stage, browser), 200)
})

test('a key that replaced another between two logins is fetched once', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  await stage.loggedIn('alice')
  stage.putBackLater(await addSigningKey(keycloak))
  const bob = await stage.loggedIn('bob')
  assert.equal(await statusOf(stage, bob), 200)
  assert.equal(stage.backchannel.calls.filter(({ endpoint }) => endpoint === 'certs').length, 2)
})
