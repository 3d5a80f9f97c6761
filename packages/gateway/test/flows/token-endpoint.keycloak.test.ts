// A service that acts for a person in the second realm of a real Keycloak: `POST /auth/token/{realm}`.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { decode, eventsOf, userOf } from '../support/flow.ts'
import { logLines } from '../support/gathered-log.ts'
import { type KeycloakPair, setKeycloakPair } from '../support/keycloak-pair.ts'
import { expireTokens } from '../support/keycloak-stage.ts'
import { SECOND_REALMS, tokenSent } from '../support/pair-stage.ts'

const ALICE_OF_MODELS = '00000000-0000-4000-8000-0000000000a1'
const SECRET = 'secret-of-the-asker'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

const ASKER = {
  // The last of them is `grants`.
  realms: `${SECOND_REALMS}    services: [asker]\n`,
  services: `  asker: { url: "\${UPSTREAM}", credential: internal, auth: { secret: ${SECRET} } }\n`,
  routes: '\n  - { path: "/asker/*", service: asker, require: { login: true } }',
}

async function sentTo(stage: KeycloakPair, browser: Browser, service: string): Promise<string> {
  assert.equal((await browser.fetch(stage.url(`/${service}/x`))).status, 200, service)
  return tokenSent(stage) ?? ''
}

async function ask(stage: KeycloakPair, subjectToken: string, secret = SECRET) {
  const response = await fetch(stage.url('/auth/token/grants'), {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`asker:${secret}`)}` },
    body: new URLSearchParams({ subject_token: subjectToken }),
  })
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, string>> }
}

test('a service that proves itself has the person’s token of the second realm, a fresh one when due', async (t) => {
  const stage = await setKeycloakPair(t, keycloak, ASKER)
  const alice = await stage.loggedIn()
  const { status, body } = await ask(stage, await sentTo(stage, alice, 'asker'))
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body).toSorted(), ['access_token', 'expires_at', 'expires_in', 'scope', 'token_type'])
  const caller = await stage.guard('llm', 'models').verify(body.access_token ?? '')
  assert.equal(caller.subject, ALICE_OF_MODELS)
  expireTokens(stage)
  const later = await ask(stage, await sentTo(stage, alice, 'asker'))
  assert.notEqual(later.body.access_token, body.access_token)
  assert.equal(decode(later.body.access_token ?? '').sub, ALICE_OF_MODELS)
  assert.equal(eventsOf(stage, 'token.served').length, 2)
})

test('no other token opens it, nor another secret, nor a token of somebody who has logged out', async (t) => {
  const stage = await setKeycloakPair(t, keycloak, ASKER)
  const alice = await stage.loggedIn()
  for (const service of ['reports', 'billing', 'jobs', 'robots', 'grants', 'agent']) {
    const { status, body } = await ask(stage, await sentTo(stage, alice, service))
    assert.deepEqual([status, body.error], [400, 'invalid_grant'], service)
  }
  const token = await sentTo(stage, alice, 'asker')
  const { status, body } = await ask(stage, token, 'another-secret-of-it')
  assert.deepEqual([status, body.error], [401, 'invalid_client'])
  const { logout_url: logoutUrl } = await userOf(stage, alice)
  await alice.follow(stage.url(String(logoutUrl)))
  const late = await ask(stage, token)
  assert.deepEqual([late.status, late.body.error], [400, 'invalid_grant'])
})

test('what Keycloak refuses is told to the service in words of OAuth, and to the operator by its reason', async (t) => {
  const stage = await setKeycloakPair(t, keycloak, ASKER)
  const { status, body } = await ask(stage, await sentTo(stage, await stage.loggedIn('bob'), 'asker'))
  assert.deepEqual([status, body.error], [403, 'access_denied'])
  const refused = (await logLines(stage.events, 'info')).find(({ event }) => event === 'token.refused')
  assert.match(String(refused?.because), /not linked in .*realms\/models/)
})
