// A credential that cannot be had: the request is answered, its service sees nothing, and the session stays.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULTS } from '@doorman/dev-realm'
import type { Browser } from '@doorman/dev-realm/browser'
import { eventsOf, problemCode, userOf } from '../support/flow.ts'
import { type PairStage, SERVICES, setClient, setPairStage, testPairOnBothFronts } from '../support/pair-stage.ts'

const CREDENTIALS = ['agent', 'reports', 'billing', 'jobs', 'robots', 'grants', 'models']

/** Every answer is what it should be, and nothing has reached a service. */
async function assertRefused(
  stage: PairStage,
  browser: Browser,
  service: string,
  status: number,
  code: string,
): Promise<void> {
  for (const answer of [
    await browser.fetch(stage.url(`/${service}/x`)),
    await browser.fetch(stage.url(`/${service}/y`)),
  ]) {
    assert.equal(answer.status, status, answer.body)
    assert.equal(problemCode(answer), code)
    assert.equal(answer.headers.has('retry-after'), status === 503)
    assert.deepEqual(answer.cookiesSet, [])
  }
  assert.deepEqual(stage.upstream.received, [])
  assert.equal((await userOf(stage, browser)).preferred_username, 'alice')
}

testPairOnBothFronts('nobody who is not logged in gets a credential', async (stage) => {
  for (const service of CREDENTIALS) {
    const answer = await stage.browser().fetch(stage.url(`/${service}/x`))
    assert.equal(answer.status, 401, service)
    assert.equal(problemCode(answer), 'login_required')
  }
  assert.deepEqual(stage.upstream.received, [])
  assert.deepEqual([stage.realm.calls.list(), stage.models.calls.list()], [[], []])
})

interface Trouble {
  readonly name: string
  readonly service: string
  readonly status: number
  readonly code: string
  readonly cause: (stage: PairStage) => void | Promise<void>
}

const TROUBLES: readonly Trouble[] = [
  {
    name: 'the realm is down at an exchange',
    service: 'billing',
    status: 503,
    code: 'temporarily_unavailable',
    cause: ({ realm }) => realm.stopListening(),
  },
  {
    name: 'the realm is down when the gateway asks for its own token',
    service: 'jobs',
    status: 503,
    code: 'temporarily_unavailable',
    cause: ({ realm }) => realm.stopListening(),
  },
  {
    name: 'the client may not exchange',
    service: 'billing',
    status: 502,
    code: 'credential_unavailable',
    cause: ({ realm }) => setClient(realm, 'web-gateway', { exchange: false }),
  },
  {
    name: 'the scope of the exchange is not assigned',
    service: 'billing',
    status: 502,
    code: 'credential_unavailable',
    cause: ({ realm }) => setClient(realm, 'web-gateway', { optionalScopes: {} }),
  },
  {
    name: 'the audience of the exchange is disabled',
    service: 'billing',
    status: 502,
    code: 'credential_unavailable',
    cause: ({ realm }) => setClient(realm, 'billing', { enabled: false }),
  },
  {
    name: 'the exchange gives something other than an access token',
    service: 'billing',
    status: 502,
    code: 'credential_unavailable',
    cause: ({ realm }) =>
      realm.faults.tokenResponse({ issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' }),
  },
  {
    name: 'the exchange gives a token for another service',
    service: 'billing',
    status: 502,
    code: 'credential_unavailable',
    cause: ({ realm }) => realm.faults.tokenResponse({ access_token: `e30.${segment({ aud: 'reports' })}.AA` }),
  },
  {
    name: 'the exchange gives a token that is no bearer token',
    service: 'billing',
    status: 502,
    code: 'credential_unavailable',
    cause: ({ realm }) => realm.faults.tokenResponse({ token_type: 'N_A' }),
  },
  {
    name: 'the client has no service account',
    service: 'jobs',
    status: 502,
    code: 'credential_unavailable',
    cause: ({ realm }) => {
      const { serviceAccount: _, ...client } = realm.directory.findClient('web-gateway')!
      realm.directory.setClient(client)
    },
  },
  {
    name: 'the second realm is down at client credentials',
    service: 'robots',
    status: 503,
    code: 'temporarily_unavailable',
    cause: ({ models }) => models.stopListening(),
  },
  {
    name: 'the second realm is down at an assertion',
    service: 'grants',
    status: 503,
    code: 'temporarily_unavailable',
    cause: ({ models }) => models.stopListening(),
  },
  {
    name: 'the second realm is out of order',
    service: 'robots',
    status: 503,
    code: 'temporarily_unavailable',
    cause: ({ models }) => void models.faults.every('token', FAULTS.serverError),
  },
  {
    name: 'the second realm has another secret for the client',
    service: 'robots',
    status: 503,
    code: 'temporarily_unavailable',
    cause: ({ models }) => setClient(models, 'model-robot', { secret: 'rotated' }),
  },
  {
    name: 'the person is unknown in the second realm',
    service: 'grants',
    status: 403,
    code: 'forbidden',
    cause: ({ models }) => models.directory.removeUser('alice'),
  },
  {
    name: 'the person is disabled in the second realm',
    service: 'grants',
    status: 403,
    code: 'forbidden',
    cause: ({ models }) => models.directory.setUser('alice', { enabled: false }),
  },
  {
    name: 'the client of the second realm may not use assertions',
    service: 'grants',
    status: 502,
    code: 'credential_unavailable',
    cause: ({ models }) => setClient(models, 'model-grantee', { jwtGrant: { identityProviders: [] } }),
  },
]

function segment(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

for (const { name, service, status, code, cause } of TROUBLES) {
  test(`${name}: ${status}, and never a request without a credential`, async (t) => {
    const stage = await setPairStage(t)
    const alice = await stage.loggedIn()
    await cause(stage)
    await assertRefused(stage, alice, service, status, code)
    const [told] = eventsOf(stage, 'credential.obtained').slice(-1)
    assert.equal(told?.outcome, 'refused')
    assert.ok((told?.because ?? '') !== '')
  })
}

const BARE = `${SERVICES}
  unscoped: { url: "\${UPSTREAM}", credential: { exchange: { audience: billing } } }
  nowhere: { url: "\${UPSTREAM}", credential: { exchange: { audience: nowhere } } }
`
const BARE_ROUTES = `
  - { path: "/unscoped/*", service: unscoped, require: { login: true } }
  - { path: "/nowhere/*", service: nowhere, require: { login: true } }
  - { path: "/reports/*", service: reports, require: { login: true } }
`

test('who has no role at an audience is told 403, and an audience that does not exist is 502', async (t) => {
  const stage = await setPairStage(t, { services: BARE, routes: BARE_ROUTES })
  const [alice, bob] = [await stage.loggedIn('alice'), await stage.loggedIn('bob')]
  assert.equal((await alice.fetch(stage.url('/unscoped/x'))).status, 200)
  const refused = await bob.fetch(stage.url('/unscoped/x'))
  assert.equal(refused.status, 403)
  assert.equal(problemCode(refused), 'forbidden')
  assert.equal((await alice.fetch(stage.url('/nowhere/x'))).status, 502)
  assert.equal(stage.upstream.received.length, 1)
  for (const browser of [alice, bob]) assert.equal((await browser.fetch(stage.url('/reports/x'))).status, 200)
})

test('what was refused works again once an operator has set the switch', async (t) => {
  let shift = 0
  const stage = await setPairStage(t, { gateway: { clock: () => Date.now() / 1000 + shift } })
  const alice = await stage.loggedIn()
  setClient(stage.realm, 'web-gateway', { exchange: false })
  await assertRefused(stage, alice, 'billing', 502, 'credential_unavailable')
  setClient(stage.realm, 'web-gateway', { exchange: true })
  shift = 6
  assert.equal((await alice.fetch(stage.url('/billing/x'))).status, 200)
})

testPairOnBothFronts('who needs a second realm that is down stays logged in', async (stage) => {
  const alice = await stage.loggedIn()
  await stage.models.stopListening()
  // What the gateway knows of the realm is enough to send a browser there, and a script is told to.
  assert.equal((await alice.navigate(stage.url('/models/x'))).status, 303)
  assert.equal((await alice.fetch(stage.url('/models/x'))).status, 401)
  assert.deepEqual(stage.upstream.received, [])
  assert.equal((await userOf(stage, alice)).preferred_username, 'alice')
})
