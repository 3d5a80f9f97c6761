// What a real Keycloak refuses: the caller gets a status, the operator a line that names the switch and its client, the
// service nothing, and the session stays.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Keycloak } from '@doorman/dev-realm/keycloak'
import { useKeycloak } from '../../../../scripts/support/test-keycloak.ts'
import { eventsOf, problemCode, statusOf, userOf } from '../support/flow.ts'
import { logLines } from '../support/gathered-log.ts'
import { type KeycloakPair, setKeycloakPair } from '../support/keycloak-pair.ts'
import { clientPath, type Representation, type Username } from '../support/keycloak-realm.ts'
import { WEB_GATEWAY } from '../support/keycloak-stage.ts'

let keycloak: Keycloak
before(async () => {
  keycloak = await useKeycloak()
})
after(() => keycloak.stop())

/** Beside those of the pair: `unscoped` needs a role at billing, `nowhere` a client that there is not. */
const MORE = {
  services: `
  unscoped: { url: "\${UPSTREAM}", credential: { exchange: { audience: billing } } }
  nowhere: { url: "\${UPSTREAM}", credential: { exchange: { audience: nowhere } } }
  strange: { url: "\${UPSTREAM}", credential: { exchange: { audience: billing, scope: [strange] } } }
`,
  routes: ['unscoped', 'nowhere', 'strange']
    .map((name) => `\n  - { path: "/${name}/*", service: ${name}, require: { login: true } }`)
    .join(''),
}

interface Refusal {
  readonly name: string
  readonly service: string
  readonly status: 403 | 502 | 503
  /** What the operator's log says. */
  readonly because: RegExp
  /** Default: alice. */
  readonly username?: Username
  readonly cause?: (stage: KeycloakPair) => Promise<unknown>
}

const changeClient =
  (realm: 'main' | 'models', clientId: string, changes: Representation) => async (stage: KeycloakPair) =>
    stage.change(await clientPath(keycloak, clientId, realm), changes)

async function disableServiceAccountUser(stage: KeycloakPair): Promise<void> {
  const client = await clientPath(keycloak, WEB_GATEWAY.clientId)
  const { id } = await keycloak.admin.get<{ readonly id: string }>(`${client}/service-account-user`)
  await stage.change(`main/users/${id}`, { enabled: false })
}

const REFUSALS: readonly Refusal[] = [
  {
    name: 'token exchange is switched off for the client',
    service: 'billing',
    status: 502,
    because: /client web-gateway .*"Standard token exchange"/,
    cause: changeClient('main', 'web-gateway', { attributes: { 'standard.token.exchange.enabled': 'false' } }),
  },
  {
    name: 'the person has no role at the audience, and no scope brings it',
    service: 'unscoped',
    status: 403,
    because: /no role of client billing.*client web-gateway .*credential\.exchange\.scope/,
    username: 'bob',
  },
  { name: 'the audience is no client', service: 'nowhere', status: 502, because: /no client nowhere/ },
  {
    name: 'the audience is a disabled client',
    service: 'billing',
    status: 502,
    because: /client billing is disabled/,
    cause: changeClient('main', 'billing', { enabled: false }),
  },
  {
    name: 'the scope is not assigned to the client',
    service: 'strange',
    status: 502,
    because: /client web-gateway .*"strange"/,
  },
  {
    name: 'the client asks people for their consent',
    service: 'billing',
    status: 502,
    because: /client web-gateway .*"Consent required"/,
    cause: changeClient('main', 'web-gateway', { consentRequired: true }),
  },
  {
    name: 'the realm people log in to is disabled',
    service: 'billing',
    status: 503,
    because: /realms\/main is disabled/,
    cause: (stage) => stage.change('main', { enabled: false }),
  },
  {
    name: 'the user of the service account is disabled',
    service: 'jobs',
    status: 502,
    because: /service account user of client web-gateway/,
    cause: disableServiceAccountUser,
  },
  {
    name: 'the client of the second realm has no service account',
    service: 'robots',
    status: 502,
    because: /client model-robot .*"Service account roles"/,
    cause: changeClient('models', 'model-robot', { serviceAccountsEnabled: false }),
  },
  {
    name: 'the second realm knows another secret',
    service: 'robots',
    status: 503,
    because: /client model-robot: 401 unauthorized_client.*clientAuth/,
    cause: changeClient('models', 'model-robot', { secret: 'another' }),
  },
  {
    name: 'the second realm is disabled at client credentials',
    service: 'robots',
    status: 503,
    because: /realms\/models is disabled/,
    cause: (stage) => stage.change('models', { enabled: false }),
  },
  {
    name: 'the second realm is disabled at an assertion',
    service: 'grants',
    status: 503,
    because: /realms\/models is disabled/,
    cause: (stage) => stage.change('models', { enabled: false }),
  },
  {
    name: 'the person is not linked in the second realm',
    service: 'grants',
    status: 403,
    because: /not linked in .*realms\/models/,
    username: 'bob',
  },
  {
    name: 'the person is disabled in the second realm',
    service: 'grants',
    status: 403,
    because: /user in .*realms\/models is disabled/,
    cause: (stage) => stage.change('models/users/00000000-0000-4000-8000-0000000000a1', { enabled: false }),
  },
  {
    name: 'the client of the second realm may not use assertions',
    service: 'grants',
    status: 502,
    because: /client model-grantee .*oauth2\.jwt\.authorization\.grant\.enabled/,
    cause: changeClient('models', 'model-grantee', {
      attributes: { 'oauth2.jwt.authorization.grant.enabled': 'false' },
    }),
  },
  {
    name: 'the second realm has no enabled identity provider for assertions',
    service: 'grants',
    status: 502,
    because: /no enabled identity provider.*"JWT Authorization Grant"/,
    cause: (stage) => stage.change('models/identity-provider/instances/main', { enabled: false }),
  },
  {
    name: 'the client may not have the scope that makes an assertion',
    service: 'grants',
    status: 502,
    because: /client web-gateway .*"models-realm"/,
    cause: withoutScope('models-realm'),
  },
]

function withoutScope(name: string): (stage: KeycloakPair) => Promise<void> {
  return async (stage) => {
    const client = await clientPath(keycloak, WEB_GATEWAY.clientId)
    const path = `${client}/optional-client-scopes`
    const scopes = await keycloak.admin.get<readonly { readonly id: string; readonly name: string }[]>(path)
    const id = scopes.find((scope) => scope.name === name)?.id
    await keycloak.admin.delete(`${path}/${id}`)
    stage.putBackLater(() => keycloak.admin.put(`${path}/${id}`, {}))
  }
}

const WORDS = { 403: 'forbidden', 502: 'credential_unavailable', 503: 'temporarily_unavailable' } as const

for (const { name, service, status, because, username = 'alice', cause } of REFUSALS) {
  test(`${name}: ${status}, the operator is told what to do, and the session stays`, async (t) => {
    const stage = await setKeycloakPair(t, keycloak, MORE)
    const browser = await stage.loggedIn(username)
    await cause?.(stage)
    const answer = await browser.fetch(stage.url(`/${service}/x`))
    assert.deepEqual([answer.status, problemCode(answer)], [status, WORDS[status]], answer.body)
    assert.equal(answer.headers.has('retry-after'), status === 503)
    assert.doesNotMatch(answer.body, because)
    assert.deepEqual(answer.cookiesSet, [])
    await assertTold(stage, because, status)
    assert.ok(!stage.upstream.received.some(({ target }) => target.startsWith(`/${service}`)))
    assert.equal((await userOf(stage, browser)).preferred_username, username)
    assert.equal(await statusOf(stage, browser, '/reports/x'), 200)
    assert.deepEqual(eventsOf(stage, 'session.ended'), [])
  })
}

/** One line of the log, at the level of the status, names the reason; no line holds a token or a secret. */
async function assertTold(stage: KeycloakPair, because: RegExp, status: Refusal['status']): Promise<void> {
  const lines = await logLines(stage.events, 'info')
  const refused = lines.filter(({ event, outcome }) => event === 'credential.obtained' && outcome === 'refused')
  assert.equal(refused.length, 1)
  assert.match(String(refused[0]?.because), because)
  assert.equal(refused[0]?.level, status === 403 ? 'info' : 'error')
  assert.doesNotMatch(JSON.stringify(lines), /eyJ[\w-]+\.|test-secret/)
}

test('what was refused works once the switch is set, for the same session', async (t) => {
  const stage = await setKeycloakPair(t, keycloak)
  const alice = await stage.loggedIn()
  const client = await clientPath(keycloak, 'model-grantee', 'models')
  const putBack = await stage.change(client, { attributes: { 'oauth2.jwt.authorization.grant.enabled': 'false' } })
  assert.equal(await statusOf(stage, alice, '/grants/x'), 502)
  await putBack()
  stage.clock.advance(6)
  assert.equal(await statusOf(stage, alice, '/grants/x'), 200)
})
