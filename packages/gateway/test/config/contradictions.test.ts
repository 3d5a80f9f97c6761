import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HEAD, summaryOf, warningsOf, withRoutes } from './support.ts'

const route = (fields: string) => withRoutes(HEAD, fields)
const routes = (...each: readonly string[]) => withRoutes(HEAD, ...each)

const CONTRADICTIONS: readonly (readonly [string, string, string])[] = [
  ['http: off loopback', HEAD.replace('https://app', 'http://app'), 'publicUrl'],
  ['a front end in clear', `${HEAD}frontends: [{ origin: "http://a.example" }]`, 'frontends[0].origin'],
  [
    'a prefix over http:',
    `${HEAD.replace('https://app.example.com', 'http://localhost:4000')}cookies: { prefix: __Host- }`,
    'cookies.prefix',
  ],
  ['no realm', `publicUrl: https://a.example\nrealms: {}\n`, 'realms'],
  ['one port for two listeners', `${HEAD}listen: 127.0.0.1:4001`, 'operator.listen'],
  ['one port for all addresses and loopback', `${HEAD}listen: 0.0.0.0:4001`, 'operator.listen'],
  ['probes on a taken port', `${HEAD}operator: { probes: "localhost:4000" }`, 'operator.probes'],
  ['idle longer than absolute', `${HEAD}session: { idle: 2d }`, 'session.idle'],
  ['two endpoints at one path', `${HEAD}endpoints: { logout: /auth/user }`, 'endpoints.logout'],
  ['an endpoint among the callbacks of realms', `${HEAD}endpoints: { user: /auth/callback/me }`, 'endpoints.user'],
  ['an endpoint among the logins of realms', `${HEAD}endpoints: { user: /auth/login/me }`, 'endpoints.user'],
  ['an endpoint that would own another one', `${HEAD}endpoints: { token: /auth }`, 'endpoints.token'],
  ['a route to no service', route('path: /a, service: none-such, require: none'), 'routes[0].service'],
  ['a route to a property of all objects', route('path: /a, service: constructor, require: none'), 'routes[0].service'],
  ['a route at /auth', route('path: /auth, service: feed, require: none'), 'routes[0].path'],
  ['a route below /auth', route('path: /auth/x, service: feed, require: none'), 'routes[0].path'],
  ['a route that owns /auth', route('path: "/auth/*", service: feed, require: none'), 'routes[0].path'],
  ['a route below /Auth', route('path: "/Auth/x", service: feed, require: none'), 'routes[0].path'],
  [
    'a route at a moved endpoint',
    `${route('path: "/me/*", service: feed, require: none')}endpoints: { user: /me }`,
    'routes[0].path',
  ],
  [
    'a route below the callback, where realms have theirs',
    `${route('path: "/back/main", service: feed, require: none')}endpoints: { callback: /back }`,
    'routes[0].path',
  ],
  [
    'a route below the tokens of realms',
    `${route('path: "/tokens/*", service: feed, require: none')}endpoints: { token: /tokens }`,
    'routes[0].path',
  ],
  [
    'roles of nobody',
    route('path: /a, service: reports, require: { login: false, roles: [a] }'),
    'routes[0].require.login',
  ],
  [
    'client roles of nobody',
    route('path: /a, service: reports, require: { login: false, clientRoles: { c: [a] } }'),
    'routes[0].require.login',
  ],
  ['a token where nobody must log in', route('path: /a, service: reports, require: none'), 'routes[0].require'],
  ['a star out of nowhere', route('path: /a, service: feed, require: none, rewrite: "/b/*"'), 'routes[0].rewrite'],
  [
    'a route after its like',
    routes('path: /a, service: feed, require: none', 'path: /a, service: reports, require: { login: true }'),
    'routes[1].path',
  ],
  [
    'a method after all methods',
    routes('path: /a, service: feed, require: none', 'path: /a, service: feed, require: none, methods: [GET]'),
    'routes[1].path',
  ],
  [
    'a method that is taken',
    routes(
      'path: /a, service: feed, require: none, methods: [GET, PUT]',
      'path: /a, service: feed, require: none, methods: [PUT]',
    ),
    'routes[1].path',
  ],
  [
    'HEAD after GET',
    routes(
      'path: /a, service: feed, require: none, methods: [GET]',
      'path: /a, service: feed, require: none, methods: [HEAD]',
    ),
    'routes[1].path',
  ],
]

for (const [behaviour, text, key] of CONTRADICTIONS) {
  test(`refuses ${behaviour}`, () => {
    assert.deepEqual(
      summaryOf(text).map((line) => line.replace(/^\d+:\d+ /, '')),
      [`contradiction ${key}`],
    )
  })
}

test('a route without `require` is refused', () => {
  assert.deepEqual(summaryOf(route('path: /a, service: reports')), ['10:5 missing routes[0].require'])
})

test('a requirement that says nothing is refused', () => {
  assert.deepEqual(summaryOf(route('path: /a, service: reports, require: {}')), ['10:44 value routes[0].require'])
  assert.deepEqual(summaryOf(route('path: /a, service: reports, require: { roles: [] }')), [
    '10:53 value routes[0].require.roles',
  ])
})

const HARMLESS: readonly (readonly [string, string])[] = [
  ['http: on loopback', HEAD.replace('https://app.example.com', 'http://localhost:4000')],
  ['http: on 127.0.0.2', HEAD.replace('https://app.example.com', 'http://127.0.0.2:4000')],
  ['http: on IPv6 loopback', HEAD.replace('https://app.example.com', '"http://[::1]:4000"')],
  ['port 0 twice', `${HEAD}listen: 127.0.0.1:0\noperator: { listen: "127.0.0.1:0", probes: "127.0.0.1:0" }`],
  ['one port on two addresses', `${HEAD}listen: 10.0.0.1:4001`],
  ['a route that owns everything', route('path: "/*", service: reports, require: { login: true }')],
  ['a route beside /auth', route('path: /authors, service: reports, require: { login: true }')],
  [
    'methods divided over two routes',
    routes(
      'path: /a, service: reports, require: { login: true }, methods: [GET]',
      'path: /a, service: reports, require: { roles: [a] }, methods: [PUT]',
    ),
  ],
  ['one path answering for many', route('path: "/a/*", service: reports, require: { login: true }, rewrite: /index')],
]

for (const [behaviour, text] of HARMLESS) {
  test(`takes ${behaviour} without a word`, () => {
    assert.deepEqual(summaryOf(text), [])
    assert.deepEqual(warningsOf(text), [])
  })
}

const DOUBTS: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'routes that differ by case',
    routes(
      'path: /a, service: reports, require: { login: true }',
      'path: /A, service: reports, require: { login: true }',
    ),
    ['11:13 routes[1].path'],
  ],
  [
    'routes that differ by a slash',
    routes(
      'path: /a, service: reports, require: { login: true }',
      'path: /a/, service: reports, require: { login: true }',
    ),
    ['11:13 routes[1].path'],
  ],
  [
    'routes that differ by an escape',
    routes(
      'path: "/a%21", service: reports, require: { login: true }',
      'path: "/a!", service: reports, require: { login: true }',
    ),
    ['11:13 routes[1].path'],
  ],
  ['a realm in clear', HEAD.replace('https://sso', 'http://sso'), ['4:13 realms.main.issuer']],
  ['a trust in everybody', `${HEAD}trustedProxies: [0.0.0.0/0]`, ['9:18 trustedProxies[0]']],
  ['metrics for everybody', `${HEAD}operator: { listen: "0.0.0.0:4001" }`, ['9:21 operator.listen']],
  [
    'plain http: for other machines',
    `${HEAD.replace('https://app.example.com', 'http://localhost:4000')}listen: 0.0.0.0:4000`,
    ['9:9 listen'],
  ],
]

for (const [behaviour, text, warnings] of DOUBTS) {
  test(`warns of ${behaviour}`, () => {
    assert.deepEqual(warningsOf(text), warnings)
  })
}
