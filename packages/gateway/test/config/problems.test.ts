import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProblem } from '../../src/config/problems.ts'
import { HEAD, problemsOf, summaryOf } from './support.ts'

const NEXT_LINE = HEAD.split('\n').length

/** [behaviour, lines after the head, what is told as `line:column kind key`, the first line being 1]. */
const AFTER_HEAD: readonly (readonly [string, string, readonly string[]])[] = [
  ['an unknown key', 'tenants: x', ['1:1 unknown-key tenants']],
  ['an unknown key inside', 'session: { idel: 3m }', ['1:12 unknown-key session.idel']],
  ['a key of a feature that has not landed', 'tls: { cert: x }', ['1:8 unknown-key tls.cert']],
  ['a duration without a unit', 'session: { idle: 30 }', ['1:18 value session.idle']],
  ['a duration in quotes without a unit', 'session: { idle: "30" }', ['1:18 value session.idle']],
  ['a duration of no length', 'session: { idle: 0s }', ['1:18 value session.idle']],
  ['a section without content', 'session:', ['1:9 value session']],
  ['a text where a list belongs', 'trustedProxies: 10.0.0.1', ['1:17 value trustedProxies']],
  ['a block that is none', 'trustedProxies: [10.0.0.0/33, 10.0.0.1, ::1/128]', ['1:18 value trustedProxies[0]']],
  ['a listener without a host', 'listen: 4000', ['1:9 value listen']],
  ['a port that is none', 'listen: 127.0.0.1:70000', ['1:9 value listen']],
  ['IPv6 without brackets', 'listen: "::1:4000"', ['1:9 value listen']],
  ['a store that is none', 'session: { store: "mysql://x" }', ['1:19 value session.store']],
  ['a fraction', 'session: { cachedSessions: 1.5 }', ['1:28 value session.cachedSessions']],
  ['an empty ring', 'keys: []', ['1:7 value keys']],
  ['a prefix of another kind', 'cookies: { prefix: __Secure- }', ['1:20 value cookies.prefix']],
  [
    'a login parameter that is none',
    'login: { parameters: { scope: any } }',
    ['1:24 unknown-key login.parameters.scope'],
  ],
  ['a status that is none', 'user: { anonymous: 204 }', ['1:20 value user.anonymous']],
  ['an endpoint that is no path', 'endpoints: { login: login }', ['1:21 value endpoints.login']],
  ['a key that stands twice', 'listen: 127.0.0.1:1\nlisten: 127.0.0.1:2', ['2:1 syntax']],
  ['two problems on one line', 'session: { idle: 1, x: 1 }', ['1:18 value session.idle', '1:21 unknown-key session.x']],
]

for (const [behaviour, lines, expected] of AFTER_HEAD) {
  test(`tells the place of ${behaviour}`, () => {
    const told = problemsOf(HEAD + lines).map(({ line, column, kind, key }) =>
      `${line - NEXT_LINE + 1}:${column} ${kind} ${key}`.trim(),
    )
    assert.deepEqual(told, expected)
  })
}

const REALM: readonly (readonly [string, string])[] = [
  ['an issuer with a trailing slash', 'issuer: https://sso.example.com/realms/main/'],
  ['an issuer with a query', 'issuer: "https://sso.example.com/realms/main?x"'],
  [
    'an issuer that is the discovery document',
    'issuer: https://sso.example.com/realms/main/.well-known/openid-configuration',
  ],
  ['a back channel with a path', 'backchannelUrl: http://keycloak:8080/realms'],
  ['scopes without openid', 'scopes: [profile]'],
  ['an algorithm that signs nothing', 'idTokenAlgorithms: [none]'],
  ['an empty secret', 'clientAuth: { secret: "" }'],
  ['no way to authenticate', 'clientAuth: {}'],
  ['a private key that is none', 'clientAuth: { privateKey: x, algorithm: ES256 }'],
  ['a time limit without end', 'timeout: 2h'],
]

for (const [behaviour, line] of REALM) {
  test(`refuses ${behaviour}`, () => {
    const key = line.slice(0, line.indexOf(':'))
    const settings = { issuer: 'issuer: https://sso.example.com/realms/main', clientAuth: 'clientAuth: { secret: x }' }
    const lines = Object.values({ ...settings, clientId: 'clientId: web', [key]: line })
    const told = problemsOf(`publicUrl: https://app.example.com\nrealms:\n  main:\n    ${lines.join('\n    ')}\n`)
    assert.equal(told.length, 1)
    assert.ok(told[0]?.key.startsWith(`realms.main.${key}`))
  })
}

test('tells every problem of a file at once, in the order of the file', () => {
  const text = `publicURL: https://app.example.com
realms:
  main:
    issuer: https://sso.example.com/realms/main
    client_id: web-gateway
    clientAuth: { secert: hunter2 }
services:
  reports: { url: "http://reports:8000/v1", credential: accesToken }
routes:
  - { path: "/auth/x", service: report, require: { roles: [a], login: false } }
  - { path: "/b", service: reports }
keys: ["\${NOPE}"]
`
  assert.deepEqual(summaryOf(text), [
    '1:1 missing publicUrl',
    '1:1 unknown-key publicURL',
    '3:3 missing realms.main.clientId',
    '5:5 unknown-key realms.main.client_id',
    '6:5 missing realms.main.clientAuth.secret',
    '6:19 unknown-key realms.main.clientAuth.secert',
    '8:19 value services.reports.url',
    '8:57 value services.reports.credential',
    '10:13 contradiction routes[0].path',
    '10:33 contradiction routes[0].service',
    '10:71 contradiction routes[0].require.login',
    '11:5 missing routes[1].require',
    '12:8 interpolation keys[0]',
  ])
})

const SUGGESTIONS: readonly (readonly [string, string])[] = [
  ['publicURL: https://a.example', 'publicUrl'],
  ['listne: 127.0.0.1:1', 'listen'],
  ['session: { absolut: 3h }', 'absolute'],
  ['user: { claim: [] }', 'claims'],
  ['routes: [{ path: /a, service: reprots, require: none }]', 'reports'],
  ['routes: [{ path: /a, service: reports, require: { role: [a] } }]', 'roles'],
  ['routes: [{ path: /a, service: feed, require: none, methods: [get] }]', 'GET'],
]

for (const [line, meant] of SUGGESTIONS) {
  test(`suggests ${meant} for ${line}`, () => {
    const [problem] = problemsOf(`${HEAD}${line}\n`).filter(({ suggestion }) => suggestion !== null)
    assert.equal(problem?.suggestion, `did you mean ${meant}?`)
  })
}

test('suggests nothing for a key like no other', () => {
  assert.equal(problemsOf(`${HEAD}kubernetes: 1\n`)[0]?.suggestion, null)
})

const BROKEN: readonly (readonly [string, string])[] = [
  ['publicUrl: "https://hunter2', '1:28'],
  ['a: 1\n\tb: hunter2', '2:1'],
  ['secret: *hunter2', '1:9'],
  ['secret: @hunter2', '1:9'],
  ['a: 1\nhunter2', '2:1'],
]

for (const [text, at] of BROKEN) {
  test(`tells where ${JSON.stringify(text)} stops being YAML`, () => {
    const [problem] = problemsOf(text)
    assert.equal(problem?.kind, 'syntax')
    assert.equal(`${problem?.line}:${problem?.column}`, at)
  })
}

test('an empty file lacks everything', () => {
  assert.deepEqual(summaryOf(''), ['1:1 value'])
})

const SECRETS: readonly string[] = [
  `${HEAD}keys: hunter2`,
  `${HEAD}realms: hunter2`,
  `${HEAD}hunter: { hunter2: 1 }`.replace('hunter2', 'x'),
  HEAD.replace('{ secret: s3cret }', 'hunter2'),
  HEAD.replace('{ secret: s3cret }', '{ privateKey: hunter2, algorithm: ES256 }'),
  HEAD.replace('{ secret: s3cret }', '{ secert: hunter2 }'),
  HEAD.replace('http://reports', 'http://u:hunter2@reports'),
  HEAD.replace('https://app.example.com', '${SECRET}'),
  HEAD.replace('credential: accessToken', 'credential: "${SECRET}"'),
  ...BROKEN.map(([text]) => text),
]

test('no message shows a value', () => {
  for (const text of SECRETS) {
    const told = problemsOf(text, { env: { SECRET: 'hunter2' } }).map(formatProblem)
    assert.notEqual(told.length, 0, text)
    assert.ok(!told.join().includes('hunter2'), told.join())
  }
})
