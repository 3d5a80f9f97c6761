import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { GatewayConfig } from '../../src/config/gateway-config.ts'
import { parseConfig } from '../../src/config/load.ts'
import { principalOfClaims } from '../../src/explain/claimed-caller.ts'
import type { ExplainQuestion } from '../../src/explain/explain-question.ts'
import { explainRequest } from '../../src/explain/explain-request.ts'
import type { Explanation } from '../../src/explain/explanation.ts'
import { ANONYMOUS } from '../../src/policy/principal.ts'

const TEXT = `publicUrl: https://app.example.com
realms:
  main:
    issuer: https://sso.example.com/realms/main
    clientId: web-gateway
    clientAuth: { secret: s3cret }
tenant: { claim: organization }
limit: { rate: 1000/min, by: ip }
services:
  agent: { url: "http://agent:3001", credential: { internal: { roles: [user], claims: [department] } } }
  reports: { url: "http://reports:8000", credential: accessToken }
  billing: { url: "http://billing:8000", credential: { exchange: { audience: billing } } }
  feed: { url: "http://feed:80", credential: none }
routes:
  - { path: "/api/agent/*", service: agent, rewrite: "/v1/*", require: { roles: [user], tenant: true }, limit: { rate: 100/min, by: user } }
  - { path: "/api/reports/*", service: reports, methods: [GET], require: { clientRoles: { reports: [read] }, scopes: [reports], via: [session, bearer] } }
  - { path: "/api/billing/*", service: billing, require: { groups: [/staff], claims: { plan: gold } }, page: false }
  - { path: "/pay", service: reports, require: { acr: [gold], maxAge: 5m } }
  - { path: "/public/*", service: feed, require: none }
  - { path: "/robots", service: reports, require: { via: [bearer] } }
  - { path: "/shop/*", service: agent, require: { login: optional } }
`

function load(text: string): GatewayConfig {
  const reading = parseConfig(text, { file: 'doorman.yaml', env: {}, folder: '/etc/doorman' })
  assert(reading.kind === 'valid', JSON.stringify(reading))
  return reading.config
}

const CONFIG = load(TEXT)

const CLAIMS = {
  iss: 'https://sso.example.com/realms/main',
  sub: 'alice-id',
  azp: 'web-gateway',
  realm_access: { roles: ['user', 'default-roles-main'] },
  resource_access: { reports: { roles: ['read'] } },
  scope: 'openid reports',
  groups: ['/staff'],
  organization: { acme: {}, globex: {} },
  department: 'ops',
  plan: 'free',
  acr: 'gold',
  auth_time: 9000,
}

const ALICE = principalOfClaims({ claims: CLAIMS, via: 'session' }, CONFIG)
const BY_TOKEN = principalOfClaims({ claims: CLAIMS, via: 'bearer' }, CONFIG)

function explain(path: string, changes: Partial<ExplainQuestion> = {}, maskValues = false): Explanation {
  const question = { method: 'GET', path, principal: ALICE, headers: {}, now: 10_000, ...changes }
  return explainRequest(CONFIG, question, { maskValues })
}

function verdict({ decision }: Explanation): string {
  return decision.kind === 'deny' ? decision.code : decision.kind
}

suite('an explanation of who is let through', () => {
  const rows: readonly (readonly [string, string, Partial<ExplainQuestion>, string])[] = [
    ['everybody where nothing is required', '/public/x', { principal: ANONYMOUS }, 'allow'],
    ['who has role and tenant', '/api/agent/x', { headers: { 'x-tenant': 'acme' } }, 'allow'],
    ['who comes with a token', '/api/reports/x', { principal: BY_TOKEN }, 'allow'],
    ['nobody where somebody may be', '/shop/x', { principal: ANONYMOUS }, 'allow'],
    ['somebody where nobody has to be', '/shop/x', {}, 'allow'],
    ['nobody where somebody is required', '/pay', { principal: ANONYMOUS }, 'ERR_SESSION_REQUIRED'],
    ['nobody where a token is required', '/robots', { principal: ANONYMOUS }, 'ERR_BEARER_REQUIRED'],
    ['a session where a token is required', '/robots', {}, 'ERR_BEARER_REQUIRED'],
    ['a token where a session is required', '/pay', { principal: BY_TOKEN }, 'ERR_SESSION_REQUIRED'],
    ['who has several tenants', '/api/agent/x', {}, 'ERR_TENANT_AMBIGUOUS'],
    ['who names a foreign tenant', '/api/agent/x', { headers: { 'x-tenant': 'initech' } }, 'ERR_TENANT_AMBIGUOUS'],
    ['who has another plan', '/api/billing/x', {}, 'ERR_POLICY_FORBIDDEN'],
    ['who logged in too long ago', '/pay', {}, 'ERR_POLICY_STEP_UP_REQUIRED'],
    ['who has just logged in', '/pay', { now: 9100 }, 'allow'],
    ['a path that nobody owns', '/nothing', {}, 'ERR_ROUTE_NOT_FOUND'],
    ['a path of the gateway that is not there', '/auth/nothing', {}, 'ERR_ROUTE_NOT_FOUND'],
    ['a path of the gateway in other letters', '/Auth/user', {}, 'ERR_ROUTE_NOT_FOUND'],
    ['an endpoint of the gateway', '/auth/user', {}, 'own'],
    ['an endpoint of a realm', '/auth/token/models', {}, 'own'],
    ['a method that is not listed', '/api/reports/x', { method: 'POST' }, 'ERR_ROUTE_METHOD_NOT_ALLOWED'],
    ['a path that others read as a stricter one', '/PUBLIC/../pay', {}, 'ERR_REQUEST_MALFORMED'],
    ['a path in letters of another case', '/Pay', {}, 'ERR_REQUEST_MALFORMED'],
    ['what is no path', 'https://app.example.com/', {}, 'ERR_REQUEST_MALFORMED'],
  ]
  for (const [name, path, changes, expected] of rows) {
    test(`has ${expected} for ${name}`, () => assert.equal(verdict(explain(path, changes)), expected))
  }

  test('has the status and the word that the caller gets', () => {
    const { decision } = explain('/pay')
    assert(decision.kind === 'deny')
    assert.deepEqual([decision.status, decision.wire], [401, 'step_up_required'])
  })
})

test('no route answers in the place of the gateway, in whatever letters', () => {
  const config = load(`${TEXT}  - { path: "/*", service: feed, require: none }\n`)
  for (const path of ['/auth/nothing', '/Auth/user', '/%61uth/x']) {
    const question = { method: 'GET', path, principal: ANONYMOUS, headers: {}, now: 10_000 }
    assert.equal(verdict(explainRequest(config, question, { maskValues: false })), 'ERR_ROUTE_NOT_FOUND')
  }
})

suite('an explanation', () => {
  test('names the route, what is asked for upstream, and the limits', () => {
    const { route, limits } = explain('/api/agent/chat?x=1')
    assert.deepEqual(route, {
      kind: 'route',
      path: '/api/agent/*',
      methods: null,
      service: 'agent',
      upstream: 'http://agent:3001/v1/chat',
    })
    assert.deepEqual(
      limits.map(({ of, by, requests }) => [of, by, requests]),
      [
        ['gateway', 'ip', 1000],
        ['route', 'user', 100],
      ],
    )
  })

  test('lists every rule, also after one that does not hold', () => {
    const { rules } = explain('/api/billing/x')
    assert.deepEqual(
      rules.map(({ rule, saw, holds }) => [rule, saw, holds]),
      [
        ['login', 'alice-id', true],
        ['via', 'session', true],
        ['realms', 'main', true],
        ['groups', ['/staff'], true],
        ['claims plan', 'free', false],
      ],
    )
  })

  test('of an optional login says what strangers send, and what others do', () => {
    const [stranger, alice] = [explain('/shop/x', { method: 'POST', principal: ANONYMOUS }), explain('/shop/x')]
    assert.deepEqual(stranger.rules, [{ rule: 'login', wants: 'optional', saw: null, holds: true }])
    assert.equal(stranger.credential?.kind, 'none')
    assert.equal(Object.fromEntries(stranger.headers?.set ?? []).authorization, undefined)
    assert.equal(stranger.notes.length, 2)
    assert.deepEqual(
      alice.rules.map(({ rule }) => rule),
      ['login', 'via', 'realms'],
    )
    assert.equal(alice.credential?.claims?.sub, 'alice-id')
    assert.equal(Object.fromEntries(alice.headers?.set ?? []).authorization, 'Bearer (internal)')
    assert.equal(alice.notes.length, 1)
    const byToken = explain('/shop/x', { principal: BY_TOKEN })
    assert.deepEqual([verdict(byToken), byToken.credential?.kind], ['allow', 'none'])
  })

  test('tells the tenants somebody may name', () => {
    assert.deepEqual(explain('/api/agent/x').tenant, { kind: 'ambiguous', tenants: ['acme', 'globex'] })
    assert.deepEqual(explain('/api/agent/x', { headers: { 'x-tenant': 'acme' } }).tenant, {
      kind: 'decided',
      tenant: 'acme',
    })
  })

  test('has the claims of an internal token, and no token', () => {
    const { credential, headers } = explain('/api/agent/x', { headers: { 'x-tenant': 'acme' } })
    assert.equal(credential?.kind, 'internal')
    assert.equal(credential?.audience, 'agent')
    assert.deepEqual(credential?.claims, {
      department: 'ops',
      iss: 'https://app.example.com',
      aud: 'agent',
      sub: 'alice-id',
      realm: 'main',
      sid: "the session's public handle",
      roles: ['user'],
      tenant: 'acme',
      client_id: 'web-gateway',
      jti: 'new for each',
      iat: 10_000,
      exp: 10_060,
    })
    assert.deepEqual(
      headers?.set.filter(([name]) => name === 'authorization'),
      [['authorization', 'Bearer (internal)']],
    )
  })

  test('has kind and audience of a token that the realm makes', () => {
    const { credential } = explain('/api/billing/x')
    assert.deepEqual(credential, { kind: 'exchange', audience: 'billing', scopes: [], realm: 'main', claims: null })
    assert.equal(explain('/pay').credential?.realm, 'main')
    assert.deepEqual(
      explain('/public/x')
        .headers?.set.map(([name]) => name)
        .includes('authorization'),
      false,
    )
  })

  test('tells which headers go no further and which are set', () => {
    const headers = { 'x-tenant': 'acme', 'x-user': 'root', accept: '*/*', cookie: '__Host-Http-doorman=x; theme=dark' }
    const found = explain('/api/agent/x', { headers: { ...headers, authorization: 'Basic eA==' } }).headers
    assert.deepEqual(found?.removed, ['x-tenant', 'x-user', 'cookie', 'authorization'])
    assert.deepEqual(found?.set.map(([name]) => name).toSorted(), [
      'authorization',
      'forwarded',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-request-id',
      'x-tenant',
    ])
  })

  test('notes what a reader might not expect', () => {
    assert.deepEqual(explain('/public/x?a=1', { principal: ANONYMOUS }).notes, [
      'the query was left out: it decides nothing',
    ])
    assert.match(explain('/pay', { principal: ANONYMOUS }).notes.join(), /sent to log in/)
    assert.match(explain('/pay').notes.join(), /sent to log in/)
    assert.deepEqual(explain('/api/billing/x', { principal: ANONYMOUS }).notes, [])
    assert.match(explain('/pay', { method: 'POST', now: 9100 }).notes.join(), /must also prove/)
  })

  test('of nothing that is forwarded has no credential and no headers', () => {
    const { rules, credential, headers, limits } = explain('/nothing')
    assert.deepEqual([rules, credential, headers, limits], [[], null, null, []])
  })

  test('shares nothing with the claims it was asked about', () => {
    const claims = { sub: 'x', groups: ['/a'] }
    principalOfClaims({ claims, via: 'session' }, CONFIG)
    claims.groups.push('/b')
    assert.deepEqual(claims.groups, ['/a', '/b'])
  })
})

suite('an explanation with masked values', () => {
  const secrets = ['alice-id', 'acme', 'globex', 'ops', '/staff', 'free', 'default-roles-main']

  test('says of claims only what shape they have', () => {
    const { rules } = explain('/api/billing/x', {}, true)
    assert.deepEqual(
      rules.map(({ rule, saw, holds }) => [rule, saw, holds]),
      [
        ['login', 'text', true],
        ['via', 'session', true],
        ['realms', 'main', true],
        ['groups', 'list of 1', true],
        ['claims plan', 'text', false],
      ],
    )
  })

  for (const path of ['/api/agent/x', '/api/reports/x', '/api/billing/x', '/pay', '/public/x', '/robots']) {
    test(`of ${path} holds no value of a claim beside what the configuration wants`, () => {
      for (const headers of [{}, { 'x-tenant': 'acme' }]) {
        const { rules, ...rest } = explain(path, { headers }, true)
        const text = JSON.stringify({ ...rest, rules: rules.map(({ saw }) => saw) })
        for (const secret of secrets) assert(!text.includes(`"${secret}"`), secret)
      }
    })
  }

  test('still tells a missing claim from a wrong one, and names the claims a token would carry', () => {
    const nobody = principalOfClaims({ claims: { sub: 'x' }, via: 'session' }, CONFIG)
    assert.equal(explain('/api/billing/x', { principal: nobody }, true).rules.at(-1)?.saw, null)
    const { credential } = explain('/api/agent/x', { headers: { 'x-tenant': 'acme' } }, true)
    assert.equal(credential?.claims?.department, 'text')
    assert.equal(credential?.claims?.aud, 'agent')
    assert.equal(credential?.claims?.roles, 'list of 1')
  })
})
