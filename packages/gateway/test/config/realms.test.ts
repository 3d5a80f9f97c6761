import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObtainConfig } from '../../src/config/gateway-config.ts'
import { configOf, HEAD, kindsOf, warningsOf, withAgent, withModels } from './support.ts'

const MODELS = 'https://sso.example.com/realms/models'
const SECRET = 'auth: { secret: a-secret-of-sixteen }'
const AGENT = `credential: internal, ${SECRET}`

const GRANT: ObtainConfig = { kind: 'jwtGrant', audience: MODELS, exchangeScopes: [] }
const LOGIN: ObtainConfig = { kind: 'login', identityProvider: null }
const OBTAIN: readonly (readonly [string, ObtainConfig])[] = [
  ['clientCredentials', { kind: 'clientCredentials' }],
  ['{ clientCredentials: {} }', { kind: 'clientCredentials' }],
  ['jwtGrant', GRANT],
  ['{ jwtGrant: {} }', GRANT],
  ['{ jwtGrant: { audience: m, scope: [a, b] } }', { kind: 'jwtGrant', audience: 'm', exchangeScopes: ['a', 'b'] }],
  ['login', LOGIN],
  ['{ login: {} }', LOGIN],
  ['{ login: { identityProvider: main } }', { kind: 'login', identityProvider: 'main' }],
]

for (const [yaml, expected] of OBTAIN) {
  test(`takes obtain: ${yaml}`, () => {
    assert.deepEqual(configOf(withModels(`obtain: ${yaml}`)).realms.models?.obtain, expected)
  })
}

test('asks for openid wherever people log in, and for nothing elsewhere', () => {
  const scopesOf = (fields: string) => configOf(withModels(fields)).realms.models?.scopes
  assert.deepEqual(scopesOf('obtain: login'), ['openid', 'profile', 'email'])
  assert.deepEqual(scopesOf('obtain: jwtGrant'), [])
  assert.deepEqual(scopesOf('obtain: clientCredentials'), [])
  assert.deepEqual(scopesOf('obtain: clientCredentials, scopes: [models]'), ['models'])
})

test('people log in to the first realm without `obtain`, wherever it stands', () => {
  const text = withModels('').replace('    clientId: web', '    obtain: jwtGrant\n    clientId: web')
  assert.equal(configOf(text).loginRealm, 'models')
  assert.equal(configOf(text).frontends[0]?.realm, 'models')
})

const REFUSED: readonly (readonly [string, string, readonly string[]])[] = [
  ['no realm to log in to', HEAD.replace('    clientId', '    obtain: login\n    clientId'), ['realms']],
  ['a login without openid', HEAD.replace('    clientId', '    scopes: [email]\n    clientId'), ['realms.main.scopes']],
  ['a second login without openid', withModels('obtain: login, scopes: [email]'), ['realms.models.scopes']],
  [
    'one client twice',
    withModels('').replace('clientId: gateway', 'clientId: web-gateway').replace('realms/models', 'realms/main'),
    ['realms.models.clientId'],
  ],
  [
    'introspection where no bearer token comes from',
    withModels('obtain: login, introspect: true'),
    ['realms.models.introspect'],
  ],
  [
    'tokens of a service account for the browser',
    withModels('obtain: clientCredentials, dangerouslyGiveToBrowser: true'),
    ['realms.models.dangerouslyGiveToBrowser'],
  ],
  [
    'tokens of the login for the browser',
    withModels('dangerouslyGiveToBrowser: true'),
    ['realms.models.dangerouslyGiveToBrowser'],
  ],
  ['tokens of the login for a service', withAgent(AGENT, withModels('services: [agent]')), ['realms.models.services']],
  ['tokens for an unknown service', withModels('obtain: login, services: [agent]'), ['realms.models.services[0]']],
  [
    'tokens for a service that cannot prove itself',
    withAgent('credential: internal', withModels('obtain: login, services: [agent]')),
    ['realms.models.services[0]'],
  ],
]

for (const [behaviour, text, keys] of REFUSED) {
  test(`refuses ${behaviour}`, () => {
    assert.deepEqual(
      kindsOf(text),
      keys.map((key) => `contradiction ${key}`),
    )
  })
}

test('tells contradictions of a realm beside its other problems', () => {
  const text = withModels('obtain: clientCredentials, dangerouslyGiveToBrowser: true, timeout: 5')
  assert.deepEqual(kindsOf(text), [
    'contradiction realms.models.dangerouslyGiveToBrowser',
    'value realms.models.timeout',
  ])
})

test('a misspelt way to obtain is not taken for a realm to log in to', () => {
  const text = HEAD.replace('    clientId', '    obtain: logni\n    clientId')
  assert.deepEqual(kindsOf(text), ['contradiction realms', 'value realms.main.obtain'])
})

const DOUBTS: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a token that scripts can read',
    withModels('obtain: login, dangerouslyGiveToBrowser: true'),
    ['7:147 realms.models.dangerouslyGiveToBrowser'],
  ],
  ['a realm whose tokens nobody gets', withModels('obtain: login'), ['7:11 realms.models']],
  ['a realm nobody logs in to', withModels('scopes: [openid]'), ['7:11 realms.models']],
  [
    'introspection of tokens nobody may present',
    HEAD.replace('    clientId', '    introspect: true\n    clientId'),
    ['5:17 realms.main.introspect'],
  ],
  [
    'a service that has nothing to ask with',
    withAgent(`credential: none, ${SECRET}`, withModels('obtain: login, services: [agent]')),
    ['7:132 realms.models.services[0]'],
  ],
]

for (const [behaviour, text, warnings] of DOUBTS) {
  test(`warns of ${behaviour}`, () => assert.deepEqual(warningsOf(text), warnings))
}

const HARMLESS: readonly (readonly [string, string])[] = [
  ['a realm whose token a service receives', withAgent('credential: { realm: models }', withModels('obtain: login'))],
  ['a realm whose token a service asks for', withAgent(AGENT, withModels('obtain: jwtGrant, services: [agent]'))],
  [
    'a realm whose people present bearer tokens',
    `${withModels('introspect: true')}routes: [{ path: /a, service: feed, require: { via: [bearer] } }]`,
  ],
  [
    'two clients in one realm',
    `${withModels('').replace('realms/models', 'realms/main')}frontends: [{ origin: "https://b.example.com", realm: models }]`,
  ],
]

for (const [behaviour, text] of HARMLESS) {
  test(`takes ${behaviour} without a word`, () => assert.deepEqual([kindsOf(text), warningsOf(text)], [[], []]))
}
