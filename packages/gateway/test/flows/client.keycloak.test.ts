// How the gateway proves to a real Keycloak who it is, and what it says when Keycloak does not believe it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { assertLaterWithSession, eventsOf, nextEvent } from '../support/flow.ts'
import { clientPath } from '../support/keycloak-realm.ts'
import {
  type KeycloakStage,
  type KeycloakStageOptions,
  setKeycloakStage,
  WEB_GATEWAY,
} from '../support/keycloak-stage.ts'

const REFRESH_NOW_EVERY_SECONDS = 10

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

async function firstWarning(stage: KeycloakStage): Promise<string> {
  const [warned = await nextEvent(stage, 'realm.warned')] = eventsOf(stage, 'realm.warned')
  return warned.warning
}

async function readiness(stage: KeycloakStage): Promise<{ readonly status: number; readonly body: string }> {
  const { host, port } = stage.gateways[0]!.operatorAddress
  const response = await fetch(`http://${host}:${port}/readyz`)
  return { status: response.status, body: await response.text() }
}

const REFUSED_CLIENTS: readonly (readonly [string, KeycloakStageOptions, RegExp])[] = [
  [
    'a redirect URI that is not registered',
    { isRegistered: false },
    /redirect URI http:\/\/localhost:\d+\/auth\/callback/,
  ],
  ['a wrong secret', { client: { ...WEB_GATEWAY, clientAuth: '{ secret: wrong }' } }, /401 unauthorized_client/],
  [
    'an unknown client',
    { isRegistered: false, client: { ...WEB_GATEWAY, clientId: 'nobody' } },
    /client nobody: 401 invalid_client/,
  ],
  [
    'a disabled client',
    {
      isRegistered: false,
      client: { clientId: 'disabled-client', clientAuth: '{ secret: disabled-client-test-secret }' },
    },
    /401 invalid_client/,
  ],
]

for (const [name, options, warning] of REFUSED_CLIENTS) {
  test(`${name} is found and said at start`, async (t) => {
    const stage = await setKeycloakStage(t, keycloak, options)
    assert.match(await firstWarning(stage), warning)
    const { status, body } = await readiness(stage)
    assert.equal(status, 503)
    assert.match(body, warning)
  })
}

test('a login with a secret that was changed at Keycloak is refused with a word for the operator', async (t) => {
  const stage = await setKeycloakStage(t, keycloak)
  await stage.loggedIn()
  await stage.change(await clientPath(keycloak, WEB_GATEWAY.clientId), { secret: 'changed' })
  const browser = stage.browser()
  const answers = await stage.logIn(browser, '/auth/login')
  assert.equal(answers.at(-1)?.status, 503)
  const failed = eventsOf(stage, 'request.failed').at(-1)
  assert.equal(failed?.code, 'ERR_REALM_CLIENT_REJECTED')
  assert.match(String(failed?.detail.because), /401 unauthorized_client/)
  assert.equal((await browser.fetch(stage.url('/auth/user'))).status, 401)
})

test('a secret of reserved characters arrives as it is', async (t) => {
  const secret = 'a% b+c&d=é:f'
  const client = { ...WEB_GATEWAY, clientAuth: `{ secret: "${secret}" }` }
  const stage = await setKeycloakStage(t, keycloak, { client })
  await stage.change(await clientPath(keycloak, client.clientId), { secret })
  const browser = await stage.loggedIn()
  assert.equal((await browser.fetch(stage.url('/auth/user'))).status, 200)
})

test('private_key_jwt logs in and refreshes; an assertion that Keycloak refuses keeps the session', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const pem = JSON.stringify(await exportPKCS8(privateKey))
  const clientAuth = `{ privateKey: ${pem}, algorithm: ES256, keyId: gateway-1 }`
  const stage = await setKeycloakStage(t, keycloak, { client: { clientId: 'jwt-gateway', clientAuth } })
  const client = await clientPath(keycloak, 'jwt-gateway')
  const register = async (kid: string) => {
    const keys = [{ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'ES256' }]
    const inline = { 'use.jwks.url': 'false', 'use.jwks.string': 'true', 'jwks.string': JSON.stringify({ keys }) }
    return stage.change(client, { attributes: inline })
  }
  const refresh = (browser: Browser) => browser.fetch(stage.url('/auth/refresh'), { method: 'POST' })
  await register('gateway-1')
  const browser = await stage.loggedIn()
  assert.equal((await refresh(browser)).status, 200)
  await register('another key')
  // Not by an expired token: Keycloak would refuse the assertion for its time.
  stage.clock.advance(REFRESH_NOW_EVERY_SECONDS)
  assertLaterWithSession(await refresh(browser))
  const refused = stage.backchannel.refreshes().at(-1)
  assert.deepEqual([refused?.status, JSON.parse(refused?.body ?? '').error], [400, 'invalid_client'])
  assert.equal((await browser.fetch(stage.url('/api/x'))).status, 200)
})
