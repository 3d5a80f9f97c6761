// What each service receives from the two realms of a real Keycloak, verified as a service verifies it, and how it is
// kept up to date.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import type { BackchannelCall } from '../support/backchannel.ts'
import { decode, eventsOf, problemCode, statusOf, userOf } from '../support/flow.ts'
import { type KeycloakPair, setKeycloakPair } from '../support/keycloak-pair.ts'
import { addRole, clientPath, nextSecond, userPath } from '../support/keycloak-realm.ts'
import { expireTokens, receivedClaims, WEB_GATEWAY } from '../support/keycloak-stage.ts'
import { guarded, tokenSent } from '../support/pair-stage.ts'

const ALICE = '00000000-0000-4000-8000-000000000001'
const ALICE_OF_MODELS = '00000000-0000-4000-8000-0000000000a1'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

const asked = ({ backchannel }: KeycloakPair, grantType: string): readonly BackchannelCall[] =>
  backchannel.calls.filter(({ form }) => form.get('grant_type') === grantType)
const outcomes = (calls: readonly BackchannelCall[]) => calls.map(({ status }) => status)

/** The token a service got when somebody asked for its page. */
async function tokenAt(stage: KeycloakPair, browser: Browser, service: string): Promise<string> {
  const answer = (await browser.follow(stage.url(`/${service}/x`))).at(-1)
  assert.equal(answer?.status, 200, `${service}: ${answer?.body}`)
  return tokenSent(stage) ?? ''
}

async function tokensAt(
  stage: KeycloakPair,
  browser: Browser,
  services: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const tokens = new Map<string, string>()
  for (const service of services) tokens.set(service, await tokenAt(stage, browser, service))
  return tokens
}

/** By service: for whom its token is, of which realm, and what a guard then knows. */
const KINDS = {
  agent: ['agent', 'main', { kind: 'internal', subject: ALICE, clientId: 'web-gateway' }],
  reports: ['reports', 'main', { kind: 'realm', subject: ALICE, clientId: 'web-gateway' }],
  billing: ['billing', 'main', { kind: 'realm', subject: ALICE, clientRoles: { billing: ['pay'] } }],
  jobs: ['web-gateway', 'main', { kind: 'realm', clientId: 'web-gateway', sessionId: null }],
  robots: ['llm', 'models', { kind: 'realm', clientId: 'model-robot', sessionId: null }],
  grants: ['llm', 'models', { subject: ALICE_OF_MODELS, clientId: 'model-grantee', sessionId: null }],
  models: ['llm', 'models', { subject: ALICE_OF_MODELS, clientId: 'model-gateway', roles: ['model-user'] }],
} as const

test('each service receives its own credential, which no service of another kind takes', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const tokens = await tokensAt(stage, await stage.loggedIn(), Object.keys(KINDS))
  for (const [service, [audience, realm, { ...expected }]] of Object.entries(KINDS)) {
    const caller = await stage.guard(audience, realm).verify(tokens.get(service) ?? '')
    const { roles = [], ...others } = { roles: undefined, ...expected }
    assert.partialDeepStrictEqual(caller, others, service)
    for (const role of roles) assert.ok(caller.roles.includes(role), `${service}: ${role}`)
  }
  assert.equal(new Set(tokens.values()).size, tokens.size)
  assert.equal(decode(tokens.get('billing') ?? '').aud, 'billing')
  const takers = [
    ['agent', 'main', ['agent']],
    ['billing', 'main', ['billing', 'reports']],
    ['llm', 'models', ['robots', 'grants', 'models']],
  ] as const
  for (const [audience, realm, own] of takers) {
    for (const [service, token] of tokens) {
      if (own.some((name) => name === service)) continue
      await assert.rejects(stage.guard(audience, realm).verify(token), { status: 401 }, `${service} at ${audience}`)
    }
  }
})

test('a service that does no login learns the person and their roles from the internal token alone', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  stage.upstream.answer(guarded(stage.guard('agent')))
  const answer = await (await stage.loggedIn()).fetch(stage.url('/agent/x'))
  assert.equal(answer.status, 200, answer.body)
  const { kind, subject, roles } = JSON.parse(answer.body)
  assert.deepEqual([kind, subject], ['internal', ALICE])
  assert.ok(roles.includes('user') && roles.includes('researcher') && !roles.includes('admin'))
  assert.equal((await fetch(`${stage.upstream.origin}/agent/x`)).status, 401)
})

test('after exchanges the next refresh still brings an ID token, and new claims reach every credential', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const alice = await stage.loggedIn()
  await tokensAt(stage, alice, ['billing', 'grants'])
  await stage.change(userPath('alice'), { firstName: 'Alicia' })
  stage.putBackLater(await addRole(keycloak, 'alice', 'newcomer'))
  expireTokens(stage)
  const { roles } = decode(await tokenAt(stage, alice, 'agent'))
  assert.ok([roles].flat().includes('newcomer'))
  const [refresh] = stage.backchannel.refreshes()
  assert.ok(JSON.parse(refresh?.body ?? '').id_token)
  const user = await userOf(stage, alice)
  assert.equal(user.name, 'Alicia Test')
  assert.ok([user.roles].flat().includes('newcomer'))
})

test('an exchanged token is asked for once, and again with the next access token', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const alice = await stage.loggedIn()
  const first = await tokenAt(stage, alice, 'billing')
  assert.equal(await tokenAt(stage, alice, 'billing'), first)
  assert.equal(asked(stage, EXCHANGE).length, 1)
  const { form } = asked(stage, EXCHANGE)[0]!
  assert.deepEqual([form.get('audience'), form.get('scope')], ['billing', 'openid billing-audience'])
  expireTokens(stage)
  assert.notEqual(await tokenAt(stage, alice, 'billing'), first)
  assert.deepEqual(outcomes(asked(stage, EXCHANGE)), [200, 200])
})

test('an access token that is dead at Keycloak is refreshed and exchanged once more', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const client = await clientPath(keycloak, WEB_GATEWAY.clientId)
  const putBack = await stage.change(client, { attributes: { 'access.token.lifespan': '1' } })
  const alice = await stage.loggedIn()
  await nextSecond()
  await nextSecond()
  await putBack()
  // So that the gateway takes the token for alive.
  stage.clock.advance(-60)
  assert.equal(decode(await tokenAt(stage, alice, 'billing')).aud, 'billing')
  assert.deepEqual(outcomes(asked(stage, EXCHANGE)), [400, 200])
  assert.deepEqual(outcomes(stage.backchannel.refreshes()), [200])
})

test('whose session has ended at Keycloak gets no exchanged token, and is logged out here', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const alice = await stage.loggedIn()
  await tokenAt(stage, alice, 'reports')
  // As when it is cut off from the gateway's back channel.
  const client = await clientPath(keycloak, WEB_GATEWAY.clientId)
  await stage.change(client, { attributes: { 'backchannel.logout.url': '' } })
  await keycloak.admin.delete(`main/sessions/${receivedClaims(stage).sid}`)
  const answer = await alice.fetch(stage.url('/billing/x'))
  assert.deepEqual([answer.status, problemCode(answer)], [401, 'login_required'])
  assert.deepEqual(outcomes(asked(stage, EXCHANGE)), [400])
  assert.deepEqual(
    eventsOf(stage, 'session.ended').map(({ by }) => by),
    ['realm'],
  )
  assert.equal(await statusOf(stage, alice, '/reports/x'), 401)
  assert.deepEqual(
    stage.upstream.received.filter(({ target }) => target.startsWith('/billing')),
    [],
  )
})

test('tokens of the second realm are renewed when due, each in its own way', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const alice = await stage.loggedIn()
  const services = ['models', 'robots', 'grants']
  const before = await tokensAt(stage, alice, services)
  for (const [service, token] of before) assert.equal(await tokenAt(stage, alice, service), token, service)
  await nextSecond()
  expireTokens(stage)
  for (const service of services) assert.equal(await statusOf(stage, alice, `/${service}/x`), 200)
  const later = await tokensAt(stage, alice, services)
  for (const service of services) {
    assert.notEqual(later.get(service), before.get(service), service)
    await stage.guard('llm', 'models').verify(later.get(service) ?? '')
  }
  const ofModels = (calls: readonly BackchannelCall[]) => calls.filter(({ realm }) => realm === 'models')
  assert.deepEqual(outcomes(ofModels(stage.backchannel.refreshes())), [200])
  assert.deepEqual(outcomes(ofModels(asked(stage, JWT_BEARER))), [200, 200])
  assert.equal(new Set(asked(stage, JWT_BEARER).map(({ form }) => form.get('assertion'))).size, 2)
  assert.equal(asked(stage, EXCHANGE).length, 2)
  assert.equal((await userOf(stage, alice)).id, ALICE)
})
