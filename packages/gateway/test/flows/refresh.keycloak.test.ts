// The end of an access token, with a real Keycloak that rotates or does not, loses answers, changes its keys, or says no.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { assertLaterWithSession, eventsOf, problemCode } from '../support/flow.ts'
import { addRole, addSigningKey, clientPath, nextSecond, userPath } from '../support/keycloak-realm.ts'
import {
  expireTokens,
  type KeycloakStage,
  receivedClaims,
  setKeycloakStage,
  WEB_GATEWAY,
} from '../support/keycloak-stage.ts'

const WAITING = 20
// A round waits a second for Keycloak's clock: fifty of them are for CI.
const ROUNDS = process.env.CI === 'true' ? 50 : 5

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

const ROTATIONS = {
  off: { revokeRefreshToken: false, refreshTokenMaxReuse: 0 },
  'on with one reuse': { revokeRefreshToken: true, refreshTokenMaxReuse: 1 },
  on: { revokeRefreshToken: true, refreshTokenMaxReuse: 0 },
} as const

const callApi = (stage: KeycloakStage, browser: Browser) => browser.fetch(stage.url('/api/x'))
const statusOf = async (stage: KeycloakStage, browser: Browser) => (await callApi(stage, browser)).status
const outcomes = (stage: KeycloakStage) => stage.backchannel.refreshes().map(({ status }) => status)

for (const [name, rotation] of Object.entries(ROTATIONS)) {
  test(`rotation ${name}: a session goes on over three generations of tokens`, async (t) => {
    const stage = await setKeycloakStage(t, keycloak)
    await stage.change('main', rotation)
    const browser = await stage.loggedIn()
    for (let generation = 1; generation <= 3; generation += 1) {
      await nextSecond()
      expireTokens(stage)
      assert.equal(await statusOf(stage, browser), 200)
    }
    assert.deepEqual(outcomes(stage), [200, 200, 200])
    const sent = new Set(stage.backchannel.refreshes().map(({ form }) => form.get('refresh_token')))
    assert.equal(sent.size, 3)
  })
}

for (const replicas of [1, 2]) {
  test(`${WAITING} requests at expiry over ${replicas} gateways on one file are one token request, rotation on`, async (t) => {
    const stage = await setKeycloakStage(t, keycloak, { replicas })
    await stage.change('main', ROTATIONS.on)
    const busy = new Set<unknown>()
    for (const { events } of stage.gateways) {
      events.subscribe(({ kind }) => kind === 'request.answered' && busy.add(events))
    }
    const browser = await stage.loggedIn()
    for (let round = 1; round <= ROUNDS; round += 1) {
      await nextSecond()
      expireTokens(stage)
      const answers = await Promise.all(Array.from({ length: WAITING }, () => callApi(stage, browser)))
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
      assert.equal(stage.backchannel.refreshes().length, round)
    }
    assert.deepEqual(new Set(outcomes(stage)), new Set([200]))
    assert.equal(busy.size, replicas)
  })
}

for (const name of ['off', 'on with one reuse'] as const) {
  test(`rotation ${name}: an answer that was lost after Keycloak gave it costs nobody a session`, async (t) => {
    const stage = await setKeycloakStage(t, keycloak)
    await stage.change('main', ROTATIONS[name])
    const browser = await stage.loggedIn()
    await nextSecond()
    stage.backchannel.fault({ kind: 'lose' })
    expireTokens(stage)
    assert.equal(await statusOf(stage, browser), 200)
    await nextSecond()
    expireTokens(stage)
    assert.equal(await statusOf(stage, browser), 200)
    assert.deepEqual(outcomes(stage), [200, 200, 200])
    const [lost, repeated] = stage.backchannel.refreshes().map(({ form }) => form.get('refresh_token'))
    assert.equal(lost, repeated)
  })
}

/** 401 with a word, told once, and nothing more is asked of Keycloak. */
async function assertEnded(stage: KeycloakStage, browser: Browser): Promise<void> {
  const answer = await callApi(stage, browser)
  assert.deepEqual([answer.status, problemCode(answer)], [401, 'login_required'])
  const asked = stage.backchannel.calls.length
  assert.equal(await statusOf(stage, browser), 401)
  assert.equal(stage.backchannel.calls.length, asked)
  assert.deepEqual(
    eventsOf(stage, 'session.ended').map(({ by }) => by),
    ['realm'],
  )
}

const TELLS_NOBODY = { attributes: { 'backchannel.logout.url': '' } }

const ENDS: Readonly<Record<string, (stage: KeycloakStage) => Promise<unknown>>> = {
  'a user who was disabled': (stage) => stage.change(userPath('alice'), { enabled: false }),
  'a session that was deleted at a Keycloak that tells nobody': async (stage) => {
    await stage.change(await clientPath(keycloak, WEB_GATEWAY.clientId), TELLS_NOBODY)
    await keycloak.admin.delete(`main/sessions/${receivedClaims(stage).sid}`)
  },
}

for (const [name, breakIt] of Object.entries(ENDS)) {
  test(`${name} is a session that ends at the next refresh, once`, async (t) => {
    const stage = await setKeycloakStage(t, keycloak)
    const browser = await stage.loggedIn()
    assert.equal(await statusOf(stage, browser), 200)
    await breakIt(stage)
    expireTokens(stage)
    await assertEnded(stage, browser)
    assert.deepEqual(outcomes(stage), [400])
  })
}

test('a refresh token that has expired at Keycloak ends the session', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  await stage.change(await clientPath(keycloak, WEB_GATEWAY.clientId), {
    attributes: { 'client.session.idle.timeout': '1' },
  })
  const browser = await stage.loggedIn()
  await nextSecond()
  // For the gateway no time has passed, or it would end the session without asking.
  stage.clock.advance(-1.1)
  const answer = await browser.fetch(stage.url('/auth/refresh'), { method: 'POST' })
  assert.deepEqual([answer.status, problemCode(answer)], [401, 'login_required'])
  assert.deepEqual(outcomes(stage), [400])
  assert.equal(await statusOf(stage, browser), 401)
})

const KEEPS: Readonly<Record<string, readonly [number, (stage: KeycloakStage) => Promise<() => Promise<void>>]>> = {
  'a wrong client secret': [401, async (stage) => stage.change(await webGateway(), { secret: 'another' })],
  'a disabled client': [401, async (stage) => stage.change(await webGateway(), { enabled: false })],
  'a disabled realm': [403, (stage) => stage.change('main', { enabled: false })],
}

const webGateway = () => clientPath(keycloak, WEB_GATEWAY.clientId)

for (const [name, [status, breakIt]] of Object.entries(KEEPS)) {
  test(`${name} keeps the session: 503 while its token has ended, 200 once that is put right`, async (t) => {
    const stage = await setKeycloakStage(t, keycloak)
    const browser = await stage.loggedIn()
    const putBack = await breakIt(stage)
    assert.equal(await statusOf(stage, browser), 200)
    expireTokens(stage)
    assertLaterWithSession(await callApi(stage, browser))
    assert.deepEqual(outcomes(stage), [status])
    await putBack()
    stage.clock.advance(5)
    assert.equal(await statusOf(stage, browser), 200)
    assert.deepEqual(eventsOf(stage, 'session.ended'), [])
  })
}

test('a Keycloak that is starting (503 in text/plain, a senseless Retry-After) keeps the session', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const browser = await stage.loggedIn()
  const headers = { 'content-type': 'text/plain', 'retry-after': '33' }
  const starting = { kind: 'answer', status: 503, headers, body: 'starting' } as const
  stage.backchannel.fault(starting, starting)
  expireTokens(stage)
  assertLaterWithSession(await callApi(stage, browser))
  stage.clock.advance(5)
  assert.equal(await statusOf(stage, browser), 200)
})

test('a Keycloak slower than a request may wait is asked once, and its answer is kept', async (t) => {
  const stage = await setKeycloakStage(t, keycloak, { config: 'refresh: { wait: 100ms }' })
  const browser = await stage.loggedIn()
  const { promise, resolve } = Promise.withResolvers<void>()
  stage.backchannel.fault({ kind: 'hold', until: promise })
  expireTokens(stage)
  assertLaterWithSession(await callApi(stage, browser))
  resolve()
  assert.equal(await statusOf(stage, browser), 200)
  assert.deepEqual(outcomes(stage), [200])
})

test('a key that replaced another just before a refresh is fetched once, and the new claims are taken', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  const browser = await stage.loggedIn()
  const deleteKey = await addSigningKey(keycloak)
  stage.putBackLater(deleteKey)
  await stage.change(userPath('alice'), { firstName: 'Alicia' })
  stage.putBackLater(await addRole(keycloak, 'alice', 'newcomer'))
  expireTokens(stage)
  assert.equal(await statusOf(stage, browser), 200)
  const user = JSON.parse((await browser.fetch(stage.url('/auth/user'))).body)
  assert.equal(user.name, 'Alicia Test')
  assert.ok(user.roles.includes('newcomer'))
  assert.equal(stage.backchannel.calls.filter(({ endpoint }) => endpoint === 'certs').length, 2)
  await deleteKey()
  expireTokens(stage)
  assert.equal(await statusOf(stage, browser), 200)
})
