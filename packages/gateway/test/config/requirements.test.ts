import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LimitConfig } from '../../src/config/gateway-config.ts'
import { configOf, HEAD, kindsOf, problemsOf, warningsOf, withRoutes } from './support.ts'

const route = (fields: string, head = HEAD) => withRoutes(head, `path: "/a/*", service: reports, ${fields}`)
const TENANT = `${HEAD}tenant: {}\n`

test('people of the first login realm count where a route names none', () => {
  assert.partialDeepStrictEqual(configOf(route('require: { login: true }')).routes[0]?.require, { realms: ['main'] })
})

test('every rule about the person is understood', () => {
  const rules = `via: [bearer, session, bearer], allRoles: [a, b], scopes: [read], groups: [/staff], tenant: true,
      claims: { department: sales, level: [1, 2], verified: true }, acr: gold, maxAge: 15m`
  assert.deepEqual(configOf(route(`require: { ${rules} }`, TENANT)).routes[0]?.require, {
    login: true,
    via: ['bearer', 'session'],
    realms: ['main'],
    roles: [],
    allRoles: ['a', 'b'],
    clientRoles: {},
    scopes: ['read'],
    groups: ['/staff'],
    tenant: true,
    claims: { department: ['sales'], level: [1, 2], verified: [true] },
    acr: ['gold'],
    maxAgeSeconds: 900,
  })
})

test('a login may be optional, for sessions and bearers of whatever realm', () => {
  const two = HEAD.replace(
    'services:',
    '  staff: { issuer: "https://sso.example.com/realms/staff", clientId: a, clientAuth: { secret: b } }\nservices:',
  )
  const rules = 'require: { login: optional, via: [session, bearer], realms: [main, staff] }'
  assert.deepEqual(configOf(route(rules, two)).routes[0]?.require, {
    ...(configOf(route('require: { login: true }')).routes[0]?.require as object),
    login: 'optional',
    via: ['session', 'bearer'],
    realms: ['main', 'staff'],
  })
})

for (const rule of [
  'roles: [a]',
  'allRoles: [a]',
  'clientRoles: { a: [b] }',
  'scopes: [a]',
  'groups: [/a]',
  'tenant: true',
  'claims: { a: b }',
  'acr: gold',
  'maxAge: 5m',
]) {
  test(`refuses ${rule} where a login is optional, and says what to write`, () => {
    const [problem, ...others] = problemsOf(route(`require: { login: optional, ${rule} }`, TENANT))
    assert.deepEqual([problem?.kind, problem?.key], ['contradiction', `routes[0].require.${rule.split(':', 1)[0]}`])
    assert.match(problem?.suggestion ?? '', /login: true/)
    assert.deepEqual(others, [])
  })
}

test('warns of a login that is optional and told to nobody', () => {
  const optional = 'path: /a, service: feed, require: { login: optional }'
  assert.deepEqual(warningsOf(withRoutes(HEAD, optional)), ['10:50 routes[0].require.login'])
  assert.deepEqual(warningsOf(route('require: { login: optional }')), [])
})

const VALUES: readonly (readonly [string, string, string])[] = [
  ['a login that is neither', 'login: maybe', 'login'],
  ['no way to prove oneself', 'via: []', 'via'],
  ['an unknown way to prove oneself', 'via: [cookie]', 'via[0]'],
  ['no role of all', 'allRoles: []', 'allRoles'],
  ['a group without its slash', 'groups: [staff]', 'groups[0]'],
  ['the group of everybody', 'groups: [/]', 'groups[0]'],
  ['a scope with a space', 'scopes: ["a b"]', 'scopes[0]'],
  ['a claim of no value', 'claims: { a: [] }', 'claims.a'],
  ['a claim that is nothing', 'claims: { a: }', 'claims.a'],
  ['no authentication context', 'acr: []', 'acr'],
  ['an age of no length', 'maxAge: 0s', 'maxAge'],
  ['an age of half seconds', 'maxAge: 1500ms', 'maxAge'],
  ['a tenant by name', 'tenant: acme', 'tenant'],
]

for (const [behaviour, rule, key] of VALUES) {
  test(`refuses ${behaviour}`, () => {
    assert.deepEqual(kindsOf(route(`require: { ${rule} }`)), [`value routes[0].require.${key}`])
  })
}

test('a way to prove oneself implies a login', () => {
  const { require } = configOf(route('require: { via: [bearer] }')).routes[0] ?? {}
  assert.ok(require !== 'none' && require?.login)
})

test('where tenants come from has its defaults', () => {
  const tenantOf = (yaml: string) => configOf(`${HEAD}tenant: ${yaml}`).tenant
  assert.deepEqual(tenantOf('{}'), { claim: 'organization', pathSegment: null })
  assert.deepEqual(tenantOf('{ claim: org, pathSegment: 2 }'), { claim: 'org', pathSegment: 2 })
  assert.deepEqual(kindsOf(`${HEAD}tenant: { pathSegment: 0 }`), ['value tenant.pathSegment'])
})

const limit = (requests: number, windowSeconds: number): LimitConfig => ({
  requests,
  windowSeconds,
  burst: 0,
  by: 'user',
  isShared: false,
})
const RATES: readonly (readonly [string, LimitConfig])[] = [
  ['{ rate: 5/s }', limit(5, 1)],
  ['{ rate: 100/min }', limit(100, 60)],
  ['{ rate: 100/h }', limit(100, 3600)],
  ['{ rate: 1/d }', limit(1, 86_400)],
  ['{ rate: 9/min, burst: 20, by: ip }', { ...limit(9, 60), burst: 20, by: 'ip' }],
]

for (const [yaml, expected] of RATES) {
  test(`takes limit: ${yaml}, for a route and for all`, () => {
    const config = configOf(route(`require: { login: true }, limit: ${yaml}`, `${HEAD}limit: ${yaml}\n`))
    assert.deepEqual([config.routes[0]?.limit, config.limit], [expected, expected])
  })
}

for (const rate of ['0/s', '5', '5/m', '5/min ', '-1/s', '1.5/s', '5/10s', '1000000000/s', '5 / s']) {
  test(`refuses the rate ${JSON.stringify(rate)}`, () => {
    assert.deepEqual(kindsOf(`${HEAD}limit: { rate: "${rate}" }`), ['value limit.rate'])
  })
}

test('logins are limited by address only, and can be unlimited', () => {
  assert.equal(configOf(`${HEAD}login: { limit: false }`).login.limit, null)
  assert.deepEqual(configOf(`${HEAD}login: { limit: { rate: 5/min } }`).login.limit, { ...limit(5, 60), by: 'ip' })
  assert.deepEqual(kindsOf(`${HEAD}login: { limit: true }`), ['value login.limit'])
  assert.deepEqual(kindsOf(`${HEAD}login: { limit: { rate: 5/min, by: user } }`), ['value login.limit.by'])
})

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['a tenant where nobody has one', route('require: { tenant: true }'), 'routes[0].require.tenant'],
  [
    'a limit by tenant where nobody has one',
    route('require: { login: true }, limit: { rate: 1/s, by: tenant }'),
    'routes[0].limit.by',
  ],
  ['a limit of all by tenant where nobody has one', `${HEAD}limit: { rate: 1/s, by: tenant }`, 'limit.by'],
  [
    'a limit by client where no client is known',
    route('require: { login: true }, limit: { rate: 1/s, by: client }'),
    'routes[0].limit.by',
  ],
  ['a limit of all by client where no client is known', `${HEAD}limit: { rate: 1/s, by: client }`, 'limit.by'],
  [
    'a tenant in a segment that is not there',
    withRoutes(`${HEAD}tenant: { pathSegment: 3 }\n`, 'path: /a/b/, service: reports, require: { tenant: true }'),
    'routes[0].path',
  ],
  ['people of a realm that is not there', route('require: { realms: [mian] }'), 'routes[0].require.realms[0]'],
  ['rules about nobody', route('require: { login: false, scopes: [a] }'), 'routes[0].require.login'],
  ['bearers that are nobody', route('require: { login: false, via: [bearer] }'), 'routes[0].require.login'],
]

for (const [behaviour, text, key] of REFUSED) {
  test(`refuses ${behaviour}`, () => assert.deepEqual(kindsOf(text), [`contradiction ${key}`]))
}

const HARMLESS: readonly (readonly [string, string])[] = [
  ['a tenant in a segment below the route', route('require: { tenant: true }', `${HEAD}tenant: { pathSegment: 3 }\n`)],
  [
    'a tenant in a fixed segment',
    withRoutes(`${HEAD}tenant: { pathSegment: 2 }\n`, 'path: /a/b, service: reports, require: { tenant: true }'),
  ],
  [
    'a route without tenants on a short path',
    withRoutes(`${HEAD}tenant: { pathSegment: 2 }\n`, 'path: /a, service: reports, require: { login: true }'),
  ],
  [
    'a limit by client for bearers',
    route(
      'require: { via: [session, bearer] }, limit: { rate: 1/s, by: client }',
      `${HEAD}session: { store: memory }\n`,
    ),
  ],
  ['a step-up for bearers alone', route('require: { via: [bearer], acr: [gold], maxAge: 5m }')],
]

for (const [behaviour, text] of HARMLESS) {
  test(`takes ${behaviour} without a word`, () => assert.deepEqual([kindsOf(text), warningsOf(text)], [[], []]))
}

test('warns once that processes on one store do not count together', () => {
  const one = 'path: /a, service: feed, require: none, limit: { rate: 1/s }'
  const two = 'path: /b, service: feed, require: none, limit: { rate: 1/s }'
  assert.deepEqual(warningsOf(withRoutes(HEAD, one, two)), ['10:54 routes[0].limit'])
  assert.deepEqual(warningsOf(withRoutes(`${HEAD}limit: { rate: 1/s }\n`, one)), ['9:8 limit'])
  assert.deepEqual(warningsOf(withRoutes(`${HEAD}session: { store: memory }\n`, one)), [])
})
