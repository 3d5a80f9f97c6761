// Callers that are no browsers, with tokens of a real Keycloak: verified by its keys, or asked about where they say little.
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { askGateway, decode, type GatewayAnswer, problemCode, statusOf } from '../support/flow.ts'
import { createKeycloakClient, type KeycloakAnswer, passwordOf } from '../support/keycloak-client.ts'
import { type KeycloakPair, setKeycloakPair } from '../support/keycloak-pair.ts'
import { addClient, clientPath, type Representation, type Username } from '../support/keycloak-realm.ts'
import { type KeycloakStageOptions, WEB_GATEWAY } from '../support/keycloak-stage.ts'
import { tokenSent } from '../support/pair-stage.ts'

const ALICE = '00000000-0000-4000-8000-000000000001'
const ALICE_OF_MODELS = '00000000-0000-4000-8000-0000000000a1'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

const FOR_US = ['basic', 'acr', 'profile', 'email', 'roles', 'gateway-audience']
/** Clients that have tokens of their own or of people, some of which are for the gateway. */
const CLIENTS: Readonly<Record<string, Representation>> = {
  mobile: { defaultClientScopes: FOR_US },
  light: {
    defaultClientScopes: FOR_US,
    attributes: { 'client.use.lightweight.access.token.enabled': 'true' },
  },
  stranger: { defaultClientScopes: ['basic', 'acr', 'profile', 'email', 'roles'] },
}

const ROUTES = ['agent', 'reports', 'billing', 'grants', 'models']
  .map((name) => `\n  - { path: "/any/${name}/*", service: ${name}, require: { login: true, via: [session, bearer] } }`)
  .concat('\n  - { path: "/any/admin/*", service: agent, require: { roles: [admin], via: [bearer] } }')
  .join('')

function setBearerStage(t: TestContext, options: KeycloakStageOptions = {}): Promise<KeycloakPair> {
  return setKeycloakPair(t, keycloak, {
    ...options,
    routes: ROUTES,
    async prepare(_publicUrl, realm) {
      for (const [clientId, more] of Object.entries(CLIENTS)) {
        const secret = `${clientId}-test-secret`
        const allowed = { directAccessGrantsEnabled: true, serviceAccountsEnabled: true, standardFlowEnabled: false }
        realm.putBackLater(await addClient(keycloak, 'main', { clientId, secret, ...allowed, ...more }))
      }
    },
  })
}

async function askRealm(clientId: string, form: Readonly<Record<string, string>>): Promise<KeycloakAnswer['body']> {
  const client = { client_id: clientId, client_secret: `${clientId}-test-secret` }
  return (await createKeycloakClient(keycloak).ask(form, client)).body
}

/** Somebody's tokens, as an application has them. */
const tokensOf = (clientId: string, username: Username = 'alice') =>
  askRealm(clientId, { ...passwordOf(username), scope: 'openid' })

const present = (stage: KeycloakPair, path: string, token: string | undefined): Promise<GatewayAnswer> =>
  askGateway(stage, path, { headers: { authorization: `Bearer ${token}` } })

function assertRefused(stage: KeycloakPair, answer: GatewayAnswer, what: string): void {
  assert.deepEqual([answer.status, JSON.parse(answer.body).code], [401, 'invalid_token'], what)
  const { host } = new URL(stage.publicUrl)
  assert.equal(answer.headers['www-authenticate'], `Bearer realm="${host}", error="invalid_token"`)
}

test("an application's token opens routes that take bearers, and each service receives its own credential", async (t) => {
  const stage = await setBearerStage(t)
  const { access_token: token } = await tokensOf('mobile')
  const sent = async (service: string) => {
    assert.equal((await present(stage, `/any/${service}/x`, token)).status, 200, service)
    return tokenSent(stage) ?? ''
  }
  const { sub, aud, client_id, sid } = decode(await sent('agent'))
  assert.deepEqual([sub, aud, client_id, sid], [ALICE, 'agent', 'mobile', undefined])
  assert.equal(await sent('reports'), token)
  assert.partialDeepStrictEqual(decode(await sent('billing')), { sub: ALICE, aud: 'billing' })
  assert.partialDeepStrictEqual(decode(await sent('grants')), { sub: ALICE_OF_MODELS, azp: 'model-grantee' })
  const models = await present(stage, '/any/models/x', token)
  assert.deepEqual([models.status, JSON.parse(models.body).code], [403, 'forbidden'])
  assert.equal((await present(stage, '/any/admin/x', token)).status, 403)
  assert.equal((await present(stage, '/any/admin/x', (await tokensOf('mobile', 'carol')).access_token)).status, 200)
  const robot = await askRealm('mobile', { grant_type: 'client_credentials' })
  assert.equal((await present(stage, '/any/agent/x', robot.access_token)).status, 200)
  assert.equal(decode(tokenSent(stage) ?? '').client_id, 'mobile')
})

test('a route for sessions alone takes no bearer, and a session beside a bearer is 400', async (t) => {
  const stage = await setBearerStage(t)
  const { access_token: token } = await tokensOf('mobile')
  assert.equal((await present(stage, '/reports/x', token)).status, 401)
  const alice = await stage.loggedIn()
  const both = await alice.fetch(stage.url('/any/agent/x'), { headers: { authorization: `Bearer ${token}` } })
  assert.deepEqual([both.status, problemCode(both)], [400, 'invalid_request'])
  assert.equal(await statusOf(stage, alice, '/any/agent/x'), 200)
})

test('tokens of other kinds, for others, of other realms and of our own are refused', async (t) => {
  const stage = await setBearerStage(t)
  const { id_token: idToken, refresh_token: refreshToken, access_token: token } = await tokensOf('mobile')
  const alice = await stage.loggedIn()
  const sent = async (service: string) => {
    await alice.fetch(stage.url(`/${service}/x`))
    return tokenSent(stage)
  }
  const foreign = {
    'an ID token': idToken,
    'a refresh token': refreshToken,
    'a token that is not for us': (await tokensOf('stranger')).access_token,
    'a lightweight token, which says nothing': (await tokensOf('light')).access_token,
    'an internal token': await sent('agent'),
    'an exchanged token': await sent('billing'),
    'a token of the second realm': await sent('robots'),
    'a token that was made an administrator': forge(token ?? '', { realm_access: { roles: ['admin'] } }),
  }
  const before = stage.upstream.received.length
  for (const [what, one] of Object.entries(foreign)) {
    assert.ok(one, what)
    assertRefused(stage, await present(stage, '/any/agent/x', one), what)
  }
  assert.equal(stage.upstream.received.length, before)
})

/** With other claims and the old signature. */
function forge(token: string, changes: Readonly<Record<string, unknown>>): string {
  const [header, , signature] = token.split('.')
  const claims = Buffer.from(JSON.stringify({ ...decode(token), ...changes })).toString('base64url')
  return `${header}.${claims}.${signature}`
}

const INTROSPECTING = { main: '    introspect: true' }
/** How long an answer of the realm is believed. */
const BELIEVED_SECONDS = 10

test('a lightweight token is asked about, and opens what its person may', async (t) => {
  const stage = await setBearerStage(t, INTROSPECTING)
  const { access_token: token } = await tokensOf('light')
  assert.deepEqual([decode(token ?? '').sub, decode(token ?? '').realm_access], [undefined, undefined])
  for (const path of ['/any/agent/x', '/any/agent/y']) assert.equal((await present(stage, path, token)).status, 200)
  const { sub, roles, client_id } = decode(tokenSent(stage) ?? '')
  assert.deepEqual([sub, client_id], [ALICE, 'light'])
  assert.ok([roles].flat().includes('researcher'))
  assert.equal((await present(stage, '/any/admin/x', token)).status, 403)
  const asked = stage.backchannel.calls.filter(({ form }) => form.get('token') === token)
  assert.equal(asked.length, 1)
})

test('a token that is asked about is refused once its session has ended', async (t) => {
  const stage = await setBearerStage(t, INTROSPECTING)
  for (const clientId of ['light', 'mobile']) {
    const { access_token: token } = await tokensOf(clientId)
    assert.equal((await present(stage, '/any/agent/x', token)).status, 200, clientId)
    await keycloak.admin.delete(`main/sessions/${decode(token ?? '').sid}`)
    stage.clock.advance(BELIEVED_SECONDS + 1)
    assertRefused(stage, await present(stage, '/any/agent/x', token), clientId)
  }
})

test('where the realm is asked, what is not for us or no access token is refused too', async (t) => {
  const stage = await setBearerStage(t, INTROSPECTING)
  const { id_token: idToken, refresh_token: refreshToken } = await tokensOf('light')
  const { access_token: token } = await tokensOf('stranger')
  for (const [what, one] of Object.entries({ idToken, refreshToken, stranger: token, opaque: 'opaque' })) {
    assertRefused(stage, await present(stage, '/any/agent/x', one), what)
  }
})

test('an introspection that Keycloak refuses lets nobody in, and is not the fault of the token', async (t) => {
  const stage = await setBearerStage(t, INTROSPECTING)
  const { access_token: token } = await tokensOf('light')
  await stage.change(await clientPath(keycloak, WEB_GATEWAY.clientId), { secret: 'another' })
  const answer = await present(stage, '/any/agent/x', token)
  assert.deepEqual([answer.status, JSON.parse(answer.body).code], [503, 'temporarily_unavailable'])
  assert.deepEqual(stage.upstream.received, [])
})
