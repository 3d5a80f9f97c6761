// For which tenant a request is made: chosen among those a person has, told to the service, and never mixed up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser, BrowserAnswer } from '@doorman/dev-realm/browser'
import { askGateway, cookieOf, decode, problemCode } from '../support/flow.ts'
import {
  guarded,
  type PairStage,
  REALMS,
  setClient,
  setPairStage,
  testPairOnBothFronts,
  tokenSent,
} from '../support/pair-stage.ts'

const ROUTES = `
  - { path: "/agent/*", service: agent, require: { login: true } }
  - { path: "/owned/*", service: agent, require: { tenant: true } }
  - { path: "/either/*", service: agent, require: { tenant: true, via: [session, bearer] } }
  - { path: "/reports/*", service: reports, require: { tenant: true } }
  - { path: "/t/*", service: agent, require: { tenant: true } }
  - { path: "/open/*", service: feed, require: none }
`
const WITH_ORGANIZATIONS = REALMS.replace(
  'clientId: web-gateway',
  'clientId: web-gateway\n    scopes: [openid, profile, organization]',
)
const BY_HEADER = { realms: WITH_ORGANIZATIONS, routes: ROUTES, config: 'tenant: { claim: organization }' }
const BY_PATH = { ...BY_HEADER, config: 'tenant: { claim: organization, pathSegment: 2 }' }

function ask(stage: PairStage, browser: Browser, path: string, tenant?: string): Promise<BrowserAnswer> {
  return browser.fetch(stage.url(path), tenant === undefined ? {} : { headers: { 'x-tenant': tenant } })
}

/** What the service was told, in the header and in the token. */
function toldTenants(stage: PairStage): readonly unknown[] {
  const { headers } = stage.upstream.received.at(-1)!
  return [headers['x-tenant'], decode(tokenSent(stage) ?? '.e30.').tenant]
}

testPairOnBothFronts(
  'who has several tenants chooses one, and is shown them when they do not',
  async (stage) => {
    const bob = await stage.loggedIn('bob')
    for (const tenant of ['acme', 'globex', 'acme']) {
      assert.equal((await ask(stage, bob, '/owned/x', tenant)).status, 200)
      assert.deepEqual(toldTenants(stage), [tenant, tenant])
    }
    const before = stage.upstream.received.length
    for (const wrong of [undefined, 'initech', 'ACME', 'acme,globex', '', '__proto__']) {
      const answer = await ask(stage, bob, '/owned/x', wrong)
      assert.equal(answer.status, 400, wrong)
      assert.equal(problemCode(answer), 'tenant_ambiguous')
      assert.deepEqual(JSON.parse(answer.body).tenants, ['acme', 'globex'])
    }
    assert.equal(stage.upstream.received.length, before)
  },
  BY_HEADER,
)

testPairOnBothFronts(
  'who has one tenant needs no word for it, and who has none gets in where none is needed',
  async (stage) => {
    const [alice, carol] = [await stage.loggedIn('alice'), await stage.loggedIn('carol')]
    assert.equal((await ask(stage, alice, '/owned/x')).status, 200)
    assert.deepEqual(toldTenants(stage), ['acme', 'acme'])
    const refused = await ask(stage, carol, '/owned/x')
    assert.equal(refused.status, 403)
    assert.equal(problemCode(refused), 'tenant_required')
    assert.equal((await ask(stage, carol, '/agent/x')).status, 200)
    assert.deepEqual(toldTenants(stage), [undefined, undefined])
  },
  BY_HEADER,
)

testPairOnBothFronts(
  'X-Tenant from outside never reaches a service, whatever it says and however it is written',
  async (stage) => {
    const carol = cookieOf(stage, await stage.loggedIn('carol'))
    for (const name of ['x-tenant', 'X-TENANT', 'X_Tenant', 'x_tenant']) {
      for (const [path, cookie] of [
        ['/agent/x', carol],
        ['/open/x', carol],
        ['/open/x', ''],
      ] as const) {
        const answer = await askGateway(stage, path, { headers: { [name]: 'acme', cookie } })
        assert.equal(answer.status, 200, name)
        const sent = stage.upstream.received.at(-1)?.rawHeaders ?? []
        assert.deepEqual(
          sent.filter((_, at) => at % 2 === 0 && /tenant/i.test(sent[at] ?? '')),
          [],
        )
      }
    }
    const bob = await stage.loggedIn('bob')
    const headers = { 'x-tenant': 'globex', connection: 'close, X-Tenant, Authorization', cookie: cookieOf(stage, bob) }
    assert.equal((await askGateway(stage, '/owned/x', { headers })).status, 200)
    assert.deepEqual(toldTenants(stage), ['globex', 'globex'], 'what we send cannot be named away (GHSA-w9mr)')
  },
  BY_HEADER,
)

testPairOnBothFronts(
  'a segment of the path chooses where the configuration says so, and the header does not',
  async (stage) => {
    const bob = await stage.loggedIn('bob')
    for (const tenant of ['acme', 'globex']) {
      assert.equal((await ask(stage, bob, `/t/${tenant}/orders`, 'acme')).status, 200)
      assert.deepEqual(toldTenants(stage), [tenant, tenant])
    }
    for (const path of ['/t/initech/orders', '/t/Acme/orders', '/t', '/t/']) {
      const answer = await ask(stage, bob, path, 'acme')
      assert.equal(answer.status, 403, path)
    }
    const alice = await stage.loggedIn('alice')
    assert.equal((await ask(stage, alice, '/t/globex/orders')).status, 403)
    assert.equal((await ask(stage, alice, '/agent/globex')).status, 200)
    assert.deepEqual(toldTenants(stage), [undefined, undefined])
  },
  BY_PATH,
)

for (const form of ['list', 'map', 'string'] as const) {
  test(`a service learns the tenant from the token alone, where the claim is a ${form}`, async (t) => {
    const stage = await setPairStage(t, { ...BY_HEADER, pair: { settings: { organizationClaim: form } } })
    stage.upstream.answer(guarded(stage.guard('agent')))
    const alice = await stage.loggedIn()
    const answer = await ask(stage, alice, '/owned/x')
    assert.equal(JSON.parse(answer.body).tenant, 'acme')
  })
}

test('a tenant taken away counts from the next refresh on', async (t) => {
  const stage = await setPairStage(t, BY_HEADER)
  const bob = await stage.loggedIn('bob')
  assert.equal((await ask(stage, bob, '/owned/x', 'globex')).status, 200)
  stage.realm.directory.setUser('bob', { organizations: ['acme'] })
  assert.equal((await bob.fetch(stage.url('/auth/refresh'), { method: 'POST' })).status, 200)
  assert.equal((await ask(stage, bob, '/owned/x', 'globex')).status, 400)
  assert.equal((await ask(stage, bob, '/owned/x')).status, 200)
  assert.deepEqual(toldTenants(stage), ['acme', 'acme'])
})

test('a bearer chooses among the tenants of its own token', async (t) => {
  const stage = await setPairStage(t, BY_HEADER)
  setClient(stage.realm, 'web-gateway', { audiences: ['web-gateway'] })
  const bob = await stage.loggedIn('bob')
  assert.equal((await ask(stage, bob, '/reports/x', 'acme')).status, 200)
  const authorization = `Bearer ${tokenSent(stage)}`
  for (const [tenant, status] of [
    ['globex', 200],
    ['acme', 200],
    ['initech', 400],
  ] as const) {
    const answer = await askGateway(stage, '/either/x', { headers: { authorization, 'x-tenant': tenant } })
    assert.equal(answer.status, status)
    if (status === 200) assert.deepEqual(toldTenants(stage), [tenant, tenant])
  }
})

const REQUESTS = 1000
const BATCH = 40

test(`one warm session that alternates between two tenants: ${REQUESTS} requests, each with its own`, async (t) => {
  const stage = await setPairStage(t, BY_HEADER)
  stage.upstream.answer(guarded(stage.guard('agent')))
  const bob = await stage.loggedIn('bob')
  for (let done = 0; done < REQUESTS; done += BATCH) {
    const asked = Array.from({ length: BATCH }, (_, at) => ((at * 7 + done) % 3 === 0 ? 'acme' : 'globex'))
    const answers = await Promise.all(asked.map((tenant, at) => ask(stage, bob, `/owned/${done + at}`, tenant)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      asked.map(() => 200),
    )
    assert.deepEqual(
      answers.map(({ body }) => JSON.parse(body).tenant),
      asked,
    )
  }
  assert.equal(stage.upstream.received.length, REQUESTS)
  const tokens = new Set(stage.upstream.received.map(({ headers }) => headers.authorization))
  assert.equal(tokens.size, 2)
  for (const { headers } of stage.upstream.received) {
    assert.equal(decode(headers.authorization ?? '').tenant, headers['x-tenant'])
  }
})
