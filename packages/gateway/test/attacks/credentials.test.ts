// What a service receives, under attack by who calls it, by other services and by whoever writes the headers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { buildReply } from '../../src/http/reply.ts'
import { createOperator } from '../../src/operator/endpoints.ts'
import { askGateway, cookieOf, decode, statusOf } from '../support/flow.ts'
import { guarded, type PairStage, REALMS, setPairStage, tokenSent } from '../support/pair-stage.ts'
import { buildRaw, sendRaw } from '../support/raw-http.ts'

const ROUTES = `
  - { path: "/agent/*", service: agent, require: { login: true } }
  - { path: "/billing/*", service: billing, require: { login: true } }
  - { path: "/reports/*", service: reports, require: { login: true } }
  - { path: "/either/*", service: agent, require: { login: true, via: [session, bearer] } }
  - { path: "/bearer/*", service: agent, require: { login: true, via: [bearer] } }
  - { path: "/open/*", service: feed, require: none }
`
const TENANTS = {
  realms: REALMS.replace('clientId: web-gateway', 'clientId: web-gateway\n    scopes: [openid, profile, organization]'),
  routes: `${ROUTES}  - { path: "/owned/*", service: agent, require: { tenant: true } }`,
  config: 'tenant: { claim: organization }',
}

async function sentTo(stage: PairStage, browser: Browser, path: string): Promise<string> {
  assert.equal(await statusOf(stage, browser, path), 200)
  return tokenSent(stage) ?? ''
}

test('a role that was taken away is in no credential made after the next refresh (CVE-2021-41230, GHSA-x883)', async (t) => {
  const stage = await setPairStage(t, { routes: ROUTES })
  const alice = await stage.loggedIn()
  const rolesAt = async (path: string) => {
    const { roles, realm_access: access } = decode(await sentTo(stage, alice, path))
    return JSON.stringify(roles ?? access)
  }
  for (const path of ['/agent/x', '/billing/x', '/reports/x']) assert.match(await rolesAt(path), /researcher/)
  stage.realm.directory.setUser('alice', { realmRoles: ['user'] })
  assert.equal((await alice.fetch(stage.url('/auth/refresh'), { method: 'POST' })).status, 200)
  for (const path of ['/agent/x', '/billing/x', '/reports/x']) assert.doesNotMatch(await rolesAt(path), /researcher/)
})

test('an internal token opens neither our door, nor another service, nor the operator’s (CVE-2024-47616)', async (t) => {
  const stage = await setPairStage(t, { routes: ROUTES })
  const alice = await stage.loggedIn()
  const authorization = `Bearer ${await sentTo(stage, alice, '/agent/x')}`
  const received = stage.upstream.received.length
  for (const path of ['/agent/x', '/either/x', '/bearer/x']) {
    assert.equal((await askGateway(stage, path, { headers: { authorization } })).status, 401, path)
  }
  assert.equal(stage.upstream.received.length, received)
  await assert.rejects(stage.guard('reports').authenticate(authorization), { status: 401, reason: 'audience' })
  const explain = { path: '/explain', method: 'POST', access: 'token', answer: () => buildReply(200) } as const
  const operator = createOperator([explain], 'the-token-of-the-operator')
  const request = {
    method: 'POST',
    path: '/explain',
    clientAddress: '',
    query: new URLSearchParams(),
    readBody: async () => '',
  }
  assert.equal((await operator({ ...request, headers: { authorization } })).status, 401)
  const operators = { authorization: 'Bearer the-token-of-the-operator' }
  assert.equal((await operator({ ...request, headers: operators })).status, 200)
  assert.equal((await askGateway(stage, '/bearer/x', { headers: operators })).status, 401)
})

test('a token of somebody else beside a session speaks for neither of them (gogatekeeper)', async (t) => {
  const stage = await setPairStage(t, { routes: ROUTES })
  const [alice, bob] = [await stage.loggedIn('alice'), await stage.loggedIn('bob')]
  const token = await sentTo(stage, bob, '/reports/x')
  const received = stage.upstream.received.length
  const cookie = cookieOf(stage, alice)
  for (const presented of [token, `${token.slice(0, -4)}AAAA`, 'expired']) {
    const headers = { cookie, authorization: `Bearer ${presented}` }
    for (const path of ['/either/x', '/bearer/x'])
      assert.equal((await askGateway(stage, path, { headers })).status, 400)
  }
  assert.equal(stage.upstream.received.length, received)
  const headers = { cookie, authorization: `Bearer ${token}` }
  assert.equal((await askGateway(stage, '/agent/x', { headers })).status, 200)
  assert.equal(decode(tokenSent(stage) ?? '').sub, decode(await sentTo(stage, alice, '/agent/x')).sub)
})

test('an open route sends no token, whoever asks, and a forged one goes no further (Oathkeeper issue 669)', async (t) => {
  const stage = await setPairStage(t, { routes: ROUTES })
  const alice = await stage.loggedIn()
  const authorization = `Bearer ${await sentTo(stage, alice, '/agent/x')}`
  for (const headers of [{}, { cookie: cookieOf(stage, alice) }, { authorization }]) {
    assert.equal((await askGateway(stage, '/open/x', { headers })).status, 200)
    assert.doesNotMatch(stage.upstream.received.at(-1)?.rawHeaders.join('\n') ?? '', /eyJ[\w-]+\.|authorization\n/i)
  }
})

const SMUGGLED: readonly (readonly [string, readonly string[]])[] = [
  ['another spelling', ['X_Tenant: globex', 'X.Tenant: globex', 'X-Tenant-: globex', 'X-Tenant-Id: globex']],
  ['Connection, which would take it off', ['Connection: close, X-Tenant, Authorization']],
]
for (const [what, lines] of SMUGGLED) {
  test(`the tenant that a service is told cannot be changed by ${what} (CVE-2026-35051, GHSA-w9mr)`, async (t) => {
    const stage = await setPairStage(t, TENANTS)
    stage.upstream.answer(guarded(stage.guard('agent')))
    const bob = await stage.loggedIn('bob')
    const { port } = stage.gateways[0]!.publicAddress
    const known = [`Host: ${new URL(stage.publicUrl).host}`, `Cookie: ${cookieOf(stage, bob)}`, 'X-Tenant: acme']
    const answer = await sendRaw(port, buildRaw('GET /owned/x', [...known, ...lines]))
    assert.equal(answer.status, 200, answer.body)
    const { headers, rawHeaders } = stage.upstream.received.at(-1)!
    assert.deepEqual([headers['x-tenant'], decode(tokenSent(stage) ?? '').tenant], ['acme', 'acme'])
    assert.doesNotMatch(rawHeaders.join('\n'), /globex/)
  })
}

test('two tenants in one request are none', async (t) => {
  const stage = await setPairStage(t, TENANTS)
  const bob = await stage.loggedIn('bob')
  const { port } = stage.gateways[0]!.publicAddress
  const known = [`Host: ${new URL(stage.publicUrl).host}`, `Cookie: ${cookieOf(stage, bob)}`]
  for (const lines of [
    ['X-Tenant: acme', 'X-Tenant: globex'],
    ['X-Tenant: acme', 'x-tenant: acme'],
    ['X-Tenant: acme,globex'],
    ['X-Tenant:'],
  ]) {
    assert.equal((await sendRaw(port, buildRaw('GET /owned/x', [...known, ...lines]))).status, 400)
  }
  assert.deepEqual(stage.upstream.received, [])
})
