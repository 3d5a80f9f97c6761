import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { Credential } from '../../src/config/gateway-config.ts'
import { configOf, HEAD, kindsOf, warningsOf, withAgent, withModels, withRoutes } from './support.ts'

const INTERNAL: Credential = { kind: 'internal', audience: 'agent', roles: 'all', clientRoles: [], claims: [] }

const CREDENTIALS: readonly (readonly [string, Credential])[] = [
  ['none', { kind: 'none' }],
  ['accessToken', { kind: 'accessToken' }],
  ['internal', INTERNAL],
  ['{ internal: {} }', INTERNAL],
  [
    '{ internal: { audience: a, roles: [r], clientRoles: [c], claims: [email] } }',
    { kind: 'internal', audience: 'a', roles: ['r'], clientRoles: ['c'], claims: ['email'] },
  ],
  ['{ internal: { roles: [] } }', { ...INTERNAL, roles: [] }],
  ['{ exchange: { audience: b } }', { kind: 'exchange', audience: 'b', scopes: [] }],
  ['{ exchange: { audience: b, scope: [x] } }', { kind: 'exchange', audience: 'b', scopes: ['x'] }],
  ['serviceAccount', { kind: 'serviceAccount', scopes: [] }],
  ['{ serviceAccount: { scope: [x, y] } }', { kind: 'serviceAccount', scopes: ['x', 'y'] }],
  ['{ realm: models }', { kind: 'realm', realm: 'models' }],
]

for (const [yaml, expected] of CREDENTIALS) {
  test(`takes credential: ${yaml}, for a service and for a route`, () => {
    const head = withAgent(`credential: ${yaml}`, withModels('obtain: jwtGrant'))
    const config = configOf(withRoutes(head, `path: /a, service: agent, require: { login: true }, credential: ${yaml}`))
    assert.deepEqual(config.services.agent?.credential, expected)
    assert.deepEqual(config.routes[0]?.credential, expected)
  })
}

test('routes share the very credential of their service, so that it can be a key; their own is another one', () => {
  const rest = 'service: agent, require: { login: true }'
  const text = withRoutes(
    withAgent('credential: internal'),
    `path: /a, ${rest}`,
    `path: /b, ${rest}`,
    `path: /c, ${rest}, credential: internal`,
  )
  const { services, routes } = configOf(text)
  const [a, b, c] = routes.map(({ credential }) => credential)
  assert.equal(a, services.agent?.credential)
  assert.equal(b, a)
  assert.notEqual(c, a)
  assert.deepEqual(c, a)
})

const OWN = [
  'iss',
  'aud',
  'sub',
  'sid',
  'roles',
  'client_roles',
  'tenant',
  'client_id',
  'jti',
  'iat',
  'exp',
  'nbf',
  'typ',
]

for (const claim of OWN) {
  test(`refuses to copy the claim ${claim}, which internal tokens have of their own`, () => {
    assert.deepEqual(kindsOf(withAgent(`credential: { internal: { claims: [email, ${claim}] } }`)), [
      'value services.agent.credential.internal.claims[1]',
    ])
  })
}

const FOR_NOBODY: readonly (readonly [string, string])[] = [
  ['internal', 'obtain: login'],
  ['accessToken', 'obtain: login'],
  ['{ exchange: { audience: b } }', 'obtain: login'],
  ['{ realm: models }', 'obtain: login'],
  ['{ realm: models }', 'obtain: jwtGrant'],
]

for (const [yaml, obtain] of FOR_NOBODY) {
  for (const require of ['none', '{ login: false }']) {
    test(`refuses credential: ${yaml} (${obtain}) for nobody (require: ${require})`, () => {
      const head = withAgent(`credential: ${yaml}`, withModels(obtain))
      assert.deepEqual(kindsOf(withRoutes(head, `path: /a, service: agent, require: ${require}`)), [
        'contradiction routes[0].require',
      ])
    })
  }
}

test('the own credentials of the gateway may be sent for nobody', () => {
  for (const yaml of ['none', 'serviceAccount', '{ realm: models }']) {
    const head = withAgent(`credential: ${yaml}`, withModels('obtain: clientCredentials'))
    assert.deepEqual(kindsOf(withRoutes(head, 'path: /a, service: agent, require: none')), [], yaml)
  }
})

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['a token of an unknown realm', withAgent('credential: { realm: model }'), 'services.agent.credential.realm'],
  [
    'a token of a property of all objects',
    withAgent('credential: { realm: constructor }'),
    'services.agent.credential.realm',
  ],
  ['a token of the login realm', withAgent('credential: { realm: main }'), 'services.agent.credential.realm'],
  [
    'a token of an unknown realm for a route',
    withRoutes(HEAD, 'path: /a, service: feed, require: { login: true }, credential: { realm: x }'),
    'routes[0].credential.realm',
  ],
  [
    'a second login for bearers alone',
    withRoutes(
      withModels('obtain: login'),
      'path: /a, service: feed, require: { via: [bearer] }, credential: { realm: models }',
    ),
    'routes[0].require.via',
  ],
]

for (const [behaviour, text, key] of REFUSED) {
  test(`refuses ${behaviour}`, () => assert.deepEqual(kindsOf(text), [`contradiction ${key}`]))
}

test('warns of services that accept the tokens of one another', () => {
  const text = withAgent('credential: internal')
  const two = text.replace('credential: none', 'credential: { internal: { audience: agent } }')
  assert.deepEqual(warningsOf(text), [])
  assert.deepEqual(warningsOf(two), ['7:117 services.feed.credential'])
})

test('a route may send its own service another token for the same audience', () => {
  const text = withRoutes(
    withAgent('credential: internal'),
    'path: /a, service: agent, require: { login: true }, credential: { internal: { roles: [] } }',
  )
  assert.deepEqual(warningsOf(text), [])
})

test('internal tokens live from 10 to 300 whole seconds', () => {
  const lifeOf = (life: string) => configOf(`${HEAD}internalTokens: { life: ${life} }`).internalTokens.lifeSeconds
  assert.deepEqual(['10s', '5m', '30000ms'].map(lifeOf), [10, 300, 30])
  for (const life of ['9s', '301s', '10500ms', '1h', '60']) {
    assert.deepEqual(kindsOf(`${HEAD}internalTokens: { life: ${life} }`), ['value internalTokens.life'], life)
  }
})

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PUBLIC = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const PRIVATE = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const withAuth = (auth: string) => withAgent(`credential: none, auth: ${auth}`)

test('a service proves itself with a secret or with a key', () => {
  const authOf = (auth: string, env = {}) => configOf(withAuth(auth), { env }).services.agent?.auth
  assert.deepEqual(authOf('{ secret: sixteen-letters! }'), { kind: 'secret', secret: 'sixteen-letters!' })
  for (const KEY of [PUBLIC, JSON.stringify(keys.publicKey.export({ format: 'jwk' }))]) {
    const expected = { kind: 'publicKey', publicKey: KEY, algorithm: 'ES256' }
    assert.deepEqual(authOf('{ publicKey: "${KEY}", algorithm: ES256 }', { KEY }), expected)
  }
})

const UNFIT: readonly (readonly [string, string, string])[] = [
  ['a short secret', '{ secret: fifteen-letters }', 'secret'],
  ['a key of another algorithm', `{ publicKey: ${JSON.stringify(PUBLIC)}, algorithm: RS256 }`, 'publicKey'],
  ["a service's private key", `{ publicKey: ${JSON.stringify(PRIVATE)}, algorithm: ES256 }`, 'publicKey'],
  [
    "a service's private key as JWK",
    `{ publicKey: '${JSON.stringify(keys.privateKey.export({ format: 'jwk' }))}', algorithm: ES256 }`,
    'publicKey',
  ],
]

for (const [behaviour, auth, key] of UNFIT) {
  test(`refuses ${behaviour}`, () => assert.deepEqual(kindsOf(withAuth(auth)), [`value services.agent.auth.${key}`]))
}
