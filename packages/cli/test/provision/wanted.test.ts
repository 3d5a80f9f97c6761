import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import type { WantedClient } from '@doorman/provision'
import {
  audiencesOf,
  buildFile,
  clientOf,
  models,
  readFile,
  realmOf,
  type WantedFile,
  wantedOf,
} from '../support/wanted-file.ts'

describe("the gateway's own client", () => {
  test('people come back to the callback and from the logout, and a session that ends is told', () => {
    const { settings, attributes, hasSecret, because } = clientOf({}, 'web-gateway')
    assert.deepEqual(settings.redirectUris, ['https://app.example.com/auth/callback'])
    assert.equal(attributes['post.logout.redirect.uris'], 'https://app.example.com/auth/logged-out')
    assert.equal(attributes['backchannel.logout.url'], 'https://app.example.com/auth/backchannel-logout')
    assert.equal(attributes['backchannel.logout.session.required'], 'true')
    assert.equal(attributes['pkce.code.challenge.method'], 'S256')
    assert.deepEqual([hasSecret, because], [true, 'realms.main'])
  })

  test('endpoints that were moved are registered where they are', () => {
    const rest = 'endpoints: { callback: /in, loggedOut: /out, backchannelLogout: /told }\n'
    const { settings, attributes } = clientOf({ rest }, 'web-gateway')
    assert.deepEqual(settings.redirectUris, ['https://app.example.com/in'])
    assert.equal(attributes['post.logout.redirect.uris'], 'https://app.example.com/out')
    assert.equal(attributes['backchannel.logout.url'], 'https://app.example.com/told')
  })

  test('a second login realm has paths of its own, and one address to say that a session has ended', () => {
    const realms = 'staff: { issuer: https://sso.example.com/realms/staff, clientId: door, clientAuth: { secret: x } }'
    const { settings, attributes } = clientOf({ realms }, 'door', 'staff')
    assert.deepEqual(settings.redirectUris, ['https://app.example.com/auth/callback/staff'])
    assert.equal(attributes['post.logout.redirect.uris'], 'https://app.example.com/auth/logged-out/staff')
    assert.equal(attributes['backchannel.logout.url'], 'https://app.example.com/auth/backchannel-logout')
  })

  test('with a private key it has no secret, and Keycloak is given the public key', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    const text = buildFile({}).replace('{ secret: x }', '{ privateKey: "${KEY}", algorithm: EdDSA, keyId: k1 }')
    const { wanted } = readFile(text, { KEY: key })
    const { attributes, hasSecret, settings } = wanted!.realms[0]!.clients[0]!
    const [jwk] = JSON.parse(attributes['jwks.string']!).keys
    assert.deepEqual([hasSecret, settings.clientAuthenticatorType], [false, 'client-jwt'])
    assert.deepEqual([jwk.kid, jwk.alg, jwk.kty, jwk.d], ['k1', 'EdDSA', 'OKP', undefined])
  })

  for (const algorithm of ['EdDSA', 'ES384', 'RS256']) {
    test(`without its private key for ${algorithm} it still signs, and the public key in Keycloak is left alone`, () => {
      const auth = `{ privateKey: "\${KEY}", algorithm: ${algorithm} }`
      const { wanted } = readFile(buildFile({}).replace('{ secret: x }', auth))
      const { attributes, hasSecret, settings } = wanted!.realms[0]!.clients[0]!
      assert.deepEqual([hasSecret, settings.clientAuthenticatorType], [false, 'client-jwt'])
      assert.equal(attributes['token.endpoint.auth.signing.alg'], algorithm)
      assert.equal(attributes['jwks.string'], undefined)
    })
  }
})

const REPORTS = 'reports: { url: "http://r:80", credential: accessToken }'
const BILLING = 'billing: { url: "http://b:80", credential: { exchange: { audience: ledger } } }'
const TIGHT =
  'billing: { url: "http://b:80", credential: { exchange: { audience: ledger, scope: [email, to-ledger] } } }'
const BATCH = 'batch: { url: "http://b:80", credential: serviceAccount }'
const LLM = 'llm: { url: "http://l:80", credential: { realm: models } }'

function routeTo(service: string, require = '{ login: true }'): readonly string[] {
  return [`path: "/${service}/*", service: ${service}, require: ${require}`]
}

interface GatewayFacts {
  readonly audiences: readonly string[]
  readonly account: boolean
  readonly exchange: boolean
  readonly optionalScopes: readonly string[] | null
  /** All other clients of the realm. */
  readonly others: readonly string[]
}

function factsOf(file: WantedFile, name = 'main', own = 'web-gateway'): GatewayFacts {
  const client = clientOf(file, own, name)
  const ids = realmOf(file, name).clients.map(({ clientId }) => clientId)
  return {
    audiences: audiencesOf(client),
    account: client.settings.serviceAccountsEnabled === true,
    exchange: client.attributes['standard.token.exchange.enabled'] === 'true',
    optionalScopes: client.optionalScopes,
    others: ids.filter((clientId) => clientId !== own),
  }
}

const NOTHING: GatewayFacts = {
  audiences: ['web-gateway'],
  account: false,
  exchange: false,
  optionalScopes: null,
  others: [],
}
const MODELS_ISSUER = 'https://sso.example.com/realms/models'

const NEEDS: Readonly<Record<string, { readonly file: WantedFile; readonly facts: Partial<GatewayFacts> }>> = {
  'routes without a credential': { file: {}, facts: {} },
  'an internal token': {
    file: { services: 'a: { url: "http://a:80", credential: internal }', routes: routeTo('a') },
    facts: {},
  },
  'the access token': {
    file: { services: REPORTS, routes: routeTo('reports') },
    facts: { audiences: ['web-gateway', 'reports'], others: ['reports'] },
  },
  'an exchange without a scope': {
    file: { services: BILLING, routes: routeTo('billing') },
    facts: { audiences: ['web-gateway', 'ledger'], exchange: true, others: ['ledger'] },
  },
  'an exchange with a scope': {
    file: { services: TIGHT, routes: routeTo('billing') },
    facts: { exchange: true, optionalScopes: ['to-ledger'], others: ['ledger'] },
  },
  "the gateway's own token": {
    file: { services: BATCH, routes: routeTo('batch', 'none') },
    facts: { audiences: ['web-gateway', 'batch'], account: true, others: ['batch'] },
  },
  'a JWT grant': {
    file: { realms: models('obtain: jwtGrant'), services: LLM, routes: routeTo('llm') },
    facts: { audiences: ['web-gateway', MODELS_ISSUER], exchange: true, others: [MODELS_ISSUER] },
  },
  'a JWT grant with an audience and a scope of its own': {
    file: {
      realms: models('obtain: { jwtGrant: { audience: the-models, scope: [to-models] } }'),
      services: LLM,
      routes: routeTo('llm'),
    },
    facts: { exchange: true, optionalScopes: ['to-models'], others: ['the-models'] },
  },
  'a JWT grant for services alone': {
    file: {
      realms: models('obtain: jwtGrant, services: [agent]'),
      services: 'agent: { url: "http://a:80", credential: internal, auth: { secret: 0123456789abcdef } }',
    },
    facts: { audiences: ['web-gateway', MODELS_ISSUER], exchange: true, others: [MODELS_ISSUER] },
  },
  'a JWT grant that nothing uses': { file: { realms: models('obtain: jwtGrant') }, facts: {} },
  'a second login': {
    file: {
      realms: models('obtain: { login: { identityProvider: shop } }'),
      services: LLM,
      routes: routeTo('llm'),
    },
    facts: { others: ['models-broker'] },
  },
  'a second login without an identity provider': {
    file: { realms: models('obtain: login'), services: LLM, routes: routeTo('llm') },
    facts: {},
  },
  'a service that no route uses': { file: { services: REPORTS }, facts: {} },
}

describe('what a route sends decides what the login realm has', () => {
  for (const [name, { file, facts }] of Object.entries(NEEDS)) {
    test(name, () => assert.deepEqual(factsOf(file), { ...NOTHING, ...facts }))
  }

  test('asking the realm about tokens takes a service account', () => {
    const text = buildFile({}).replace('clientAuth: { secret: x }', 'clientAuth: { secret: x }, introspect: true')
    assert.equal(readFile(text).wanted!.realms[0]!.clients[0]!.settings.serviceAccountsEnabled, true)
  })

  test('an audience is a client that asks for no tokens', () => {
    const { settings } = clientOf({ services: REPORTS, routes: routeTo('reports') }, 'reports')
    const flows = ['standardFlowEnabled', 'implicitFlowEnabled', 'directAccessGrantsEnabled', 'serviceAccountsEnabled']
    assert.ok(flows.every((flow) => settings[flow] === false))
    assert.equal(settings.publicClient, false)
  })

  test('a scope that an exchange names is made, and brings its audience', () => {
    const [scope, ...more] = realmOf({ services: TIGHT, routes: routeTo('billing') }).scopes
    assert.deepEqual(more, [])
    assert.equal(scope?.name, 'to-ledger')
    assert.deepEqual(audiencesOf(scope), ['ledger'])
  })

  test("a scope that the entry of the gateway's own client names is there already", () => {
    const rest = 'clients: { web-gateway: { scopes: { optional: [to-ledger] } } }\n'
    const file = { services: TIGHT, routes: routeTo('billing'), rest }
    assert.deepEqual(realmOf(file).scopes, [])
    assert.deepEqual(clientOf(file, 'web-gateway').optionalScopes, ['to-ledger'])
  })

  test('scopes that a login asks for can be asked for', () => {
    const scopes =
      'clientAuth: { secret: x }, scopes: [openid, profile, "organization:*", offline_access, "orders:read"]'
    const { wanted } = readFile(buildFile({}).replace('clientAuth: { secret: x }', scopes))
    const [main] = wanted!.realms
    assert.deepEqual(main!.clients[0]!.optionalScopes, ['organization', 'offline_access', 'orders:read'])
    assert.deepEqual(
      main!.scopes.map(({ name, mappers }) => [name, mappers]),
      [['orders:read', {}]],
    )
  })
})

describe('a second realm', () => {
  test('trusts the login realm for assertions, and lets our client present them', () => {
    const file = { realms: models('obtain: jwtGrant'), services: LLM, routes: routeTo('llm') }
    const { attributes, settings, mappers } = clientOf(file, 'model-gateway', 'models')
    assert.equal(attributes['oauth2.jwt.authorization.grant.enabled'], 'true')
    assert.equal(attributes['oauth2.jwt.authorization.grant.idp'], 'main')
    assert.deepEqual([settings.standardFlowEnabled, settings.serviceAccountsEnabled], [false, false])
    assert.deepEqual(audiencesOf({ mappers }), ['llm'])
    const [provider, ...more] = realmOf(file, 'models').identityProviders
    assert.deepEqual([more, provider?.alias, provider?.secretOf], [[], 'main', null])
    assert.equal(provider?.config.issuer, 'https://sso.example.com/realms/shop')
    assert.equal(provider?.config.jwksUrl, 'https://sso.example.com/realms/shop/protocol/openid-connect/certs')
    assert.equal(provider?.config.jwtAuthorizationGrantEnabled, 'true')
  })

  test('reaches the login realm by the address inside the network, and browsers by the public one', () => {
    const realms = models('obtain: { login: { identityProvider: shop } }, backchannelUrl: http://keycloak:8080')
    const text = buildFile({ realms, services: LLM, routes: routeTo('llm') }).replace(
      'clientId: web-gateway',
      'clientId: web-gateway, backchannelUrl: http://keycloak:8080',
    )
    const [main, second] = readFile(text).wanted!.realms
    const { config } = second!.identityProviders[0]!
    assert.equal(config.tokenUrl, 'http://keycloak:8080/realms/shop/protocol/openid-connect/token')
    assert.equal(config.authorizationUrl, 'https://sso.example.com/realms/shop/protocol/openid-connect/auth')
    const broker = main!.clients.find(({ clientId }) => clientId === 'models-broker')
    assert.equal(
      broker?.attributes['backchannel.logout.url'],
      'http://keycloak:8080/realms/models/protocol/openid-connect/logout/backchannel-logout',
    )
    assert.deepEqual(broker?.settings.redirectUris, [`${MODELS_ISSUER}/broker/shop/endpoint`])
  })

  test('that people log in to takes them back to a path of its own', () => {
    const file = { realms: models('obtain: login'), services: LLM, routes: routeTo('llm') }
    const { settings, attributes } = clientOf(file, 'model-gateway', 'models')
    assert.deepEqual(settings.redirectUris, ['https://app.example.com/auth/callback/models'])
    assert.equal(attributes['pkce.code.challenge.method'], 'S256')
    assert.equal(attributes['post.logout.redirect.uris'], undefined)
  })

  test('sends the secret of the client that the login realm has for it', () => {
    const realms = models('obtain: { login: { identityProvider: shop } }')
    const [provider] = realmOf({ realms, services: LLM, routes: routeTo('llm') }, 'models').identityProviders
    assert.deepEqual(provider?.secretOf, { realm: 'main', clientId: 'models-broker' })
    assert.equal(provider?.config.clientSecret, undefined)
  })

  test('of the gateway itself takes a service account', () => {
    const file = { realms: models('obtain: clientCredentials'), services: LLM, routes: routeTo('llm', 'none') }
    assert.deepEqual(factsOf(file, 'models', 'model-gateway'), {
      ...NOTHING,
      audiences: ['llm'],
      account: true,
      others: ['llm'],
    })
  })

  test('that is the same realm of Keycloak is one realm', () => {
    const realms =
      'own: { issuer: https://sso.example.com/realms/shop, clientId: own, clientAuth: { secret: x }, obtain: clientCredentials }'
    const { realms: wanted } = wantedOf({ realms })
    assert.deepEqual(
      wanted.map(({ name, clients }) => [name, clients.map(({ clientId }) => clientId)]),
      [['main', ['web-gateway', 'own']]],
    )
  })
})

describe('roles', () => {
  test('that routes ask for are there to be given, in the realms whose people they are for', () => {
    const realms = 'staff: { issuer: https://sso.example.com/realms/staff, clientId: door, clientAuth: { secret: x } }'
    const require =
      '{ roles: [reader, offline_access], allRoles: [editor], clientRoles: { shop: [buyer], account: [view-profile] }, realms: [staff] }'
    const file = { realms, services: REPORTS, routes: routeTo('reports', require) }
    assert.deepEqual(realmOf(file, 'staff').roles, [
      { name: 'reader', because: 'routes[1].require' },
      { name: 'editor', because: 'routes[1].require' },
    ])
    assert.deepEqual(realmOf(file).roles, [])
    assert.deepEqual(clientOf(file, 'shop', 'staff').roles, ['buyer'])
    assert.ok(!realmOf(file, 'staff').clients.some(({ clientId }) => clientId === 'account'))
  })
})

function entry(fields: string, clientId = 'app'): WantedClient {
  return clientOf({ rest: `clients:\n  app: { ${fields} }\n` }, clientId)
}

describe('an entry of clients', () => {
  test('without a word is a service: confidential, with its service account alone', () => {
    const { settings, attributes, hasSecret, serviceAccount } = entry('')
    assert.deepEqual(settings, {
      enabled: true,
      publicClient: false,
      standardFlowEnabled: false,
      implicitFlowEnabled: false,
      directAccessGrantsEnabled: false,
      serviceAccountsEnabled: true,
      fullScopeAllowed: false,
      clientAuthenticatorType: 'client-secret',
    })
    assert.deepEqual([attributes, hasSecret, serviceAccount], [{}, true, null])
  })

  const PRESETS: readonly (readonly [preset: string, publicClient: boolean, login: boolean, hasSecret: boolean])[] = [
    ['web', false, true, true],
    ['spa', true, true, false],
    ['bearer', false, false, true],
  ]
  for (const [preset, publicClient, login, hasSecret] of PRESETS) {
    test(`of preset ${preset}`, () => {
      const uris = login ? 'redirectUris: [https://app.example.com/in], ' : ''
      const client = entry(`${uris}preset: ${preset}`)
      assert.equal(client.settings.publicClient, publicClient)
      assert.equal(client.settings.standardFlowEnabled, login)
      assert.equal(client.settings.serviceAccountsEnabled, false)
      assert.equal(client.attributes['pkce.code.challenge.method'], login ? 'S256' : undefined)
      assert.equal(client.hasSecret, hasSecret)
    })
  }

  test('may have another client id and realm than its key and the login realm', () => {
    const realms = models('obtain: clientCredentials')
    const rest = 'clients: { job: { realm: models, clientId: "spiffe://example.com/job" } }\n'
    assert.equal(clientOf({ realms, rest }, 'spiffe://example.com/job', 'models').because, 'clients.job')
  })

  test('gives its service account roles, which are made where they are missing', () => {
    const rest = `clients:
  app: { serviceAccountRoles: { realm: [operator], clients: { api: [run], realm-management: [view-users] } } }
  api: { preset: bearer, roles: [stop] }
`
    const realm = realmOf({ rest })
    assert.deepEqual(realm.roles, [{ name: 'operator', because: 'clients.app.serviceAccountRoles' }])
    assert.deepEqual(clientOf({ rest }, 'api').roles, ['stop', 'run'])
    assert.equal(clientOf({ rest }, 'app').settings.fullScopeAllowed, true)
    assert.ok(!realm.clients.some(({ clientId }) => clientId === 'realm-management'))
  })

  test('that names a client of the gateway adds to it, and holds where both speak', () => {
    const rest = `clients:
  web-gateway: { adopt: true, redirectUris: [https://old.example.com/in], backchannelLogoutUrl: "http://doorman:4000/told", audiences: [x] }
`
    const { adopt, settings, attributes, mappers, because } = clientOf({ rest }, 'web-gateway')
    assert.equal(adopt, true)
    assert.equal(settings.serviceAccountsEnabled, false)
    assert.deepEqual(settings.redirectUris, ['https://old.example.com/in', 'https://app.example.com/auth/callback'])
    assert.equal(attributes['backchannel.logout.url'], 'http://doorman:4000/told')
    assert.deepEqual(audiencesOf({ mappers }), ['x', 'web-gateway'])
    assert.equal(because, 'clients.web-gateway, realms.main')
  })

  test('that names the client of a service stays what the service makes it, unless it has a preset', () => {
    const file = { services: REPORTS, routes: routeTo('reports') }
    const plain = clientOf({ ...file, rest: 'clients: { reports: { roles: [read] } }\n' }, 'reports')
    assert.deepEqual([plain.settings.serviceAccountsEnabled, plain.hasSecret, plain.roles], [false, true, ['read']])
    const service = clientOf({ ...file, rest: 'clients: { reports: { preset: service } }\n' }, 'reports')
    assert.equal(service.settings.serviceAccountsEnabled, true)
  })

  test('may prove itself by keys or by the token of a pod, and has no secret then', () => {
    const signed = entry('auth: { privateKey: { jwksUrl: "https://app.example.com/jwks" } }')
    assert.deepEqual([signed.hasSecret, signed.settings.clientAuthenticatorType], [false, 'client-jwt'])
    assert.deepEqual(signed.attributes, { 'use.jwks.url': 'true', 'jwks.url': 'https://app.example.com/jwks' })
    const pod = entry('auth: { kubernetes: { identityProvider: k8s, subject: "system:serviceaccount:ns:sa" } }')
    assert.deepEqual([pod.hasSecret, pod.settings.clientAuthenticatorType], [false, 'federated-jwt'])
    assert.deepEqual(pod.attributes, {
      'jwt.credential.issuer': 'k8s',
      'jwt.credential.sub': 'system:serviceaccount:ns:sa',
    })
  })

  test('says lifetimes in seconds, as Keycloak does', () => {
    const { attributes } = entry('lifetimes: { accessToken: 5m, sessionIdle: 30m, sessionMax: 12h }')
    assert.deepEqual(attributes, {
      'access.token.lifespan': '300',
      'client.session.idle.timeout': '1800',
      'client.session.max.lifespan': '43200',
    })
  })

  test('writes mappers as Keycloak stores them', () => {
    const { mappers } = entry(
      'mappers: { groups: { type: oidc-group-membership-mapper, config: { full.path: false, id.token.claim: true, access.token.claim: false, userinfo.token.claim: false } } }',
    )
    assert.deepEqual(mappers.groups, {
      protocolMapper: 'oidc-group-membership-mapper',
      config: {
        'full.path': 'false',
        'id.token.claim': 'true',
        'access.token.claim': 'false',
        'userinfo.token.claim': 'false',
        'introspection.token.claim': 'false',
      },
    })
  })

  test('delivers a shape, with keys added and replaced', () => {
    const [delivery] = entry(
      'deliver: [{ envFile: ./app.env, shape: otel, keys: { EXTRA: "1", MLFLOW_CLIENT_ID: me } }]',
    ).deliver
    assert.equal(delivery?.kind, 'env-file')
    assert.ok(delivery?.kind === 'env-file' && delivery.path.startsWith('/') && delivery.path.endsWith('/app.env'))
    assert.deepEqual(delivery.keys, {
      MLFLOW_CLIENT_ID: 'me',
      MLFLOW_CLIENT_SECRET: '{{clientSecret}}',
      KEYCLOAK_TOKEN_URL: '{{internalTokenUrl}}',
      EXTRA: '1',
    })
  })

  test('delivers to clusters, files and commands', () => {
    const { deliver } = entry(`deliver: [
      { kubernetes: { namespaces: [a, b], name: app, labels: { team: shop }, restart: [Deployment/web, statefulset/db] }, shape: generic },
      { file: /etc/secret, template: "{{clientSecret}}" },
      { command: [vault, kv, put, "-"], keys: { ID: "{{clientId}}" } } ]`)
    assert.deepEqual(
      deliver.map(({ kind }) => kind),
      ['kubernetes', 'file', 'command'],
    )
    const [cluster] = deliver
    assert.deepEqual(cluster?.kind === 'kubernetes' && [cluster.namespaces, cluster.labels, cluster.restart], [
      ['a', 'b'],
      { team: 'shop' },
      [
        { kind: 'Deployment', name: 'web' },
        { kind: 'StatefulSet', name: 'db' },
      ],
    ])
    assert.deepEqual(deliver[1], { kind: 'file', path: '/etc/secret', template: '{{clientSecret}}' })
  })
})

describe('the file as a whole', () => {
  test('is owned by the host of publicUrl, or by whom it says', () => {
    assert.equal(wantedOf({}).owner, 'app.example.com')
    assert.equal(wantedOf({ rest: 'provision: { owner: shop }\n' }).owner, 'shop')
  })

  test('lets secrets overlap where one is rotated, as long as it says', () => {
    assert.equal(realmOf({}).rotation, null)
    const rest = 'provision: { overlap: 1h }\nclients: { app: { rotate: 30d } }\n'
    assert.deepEqual(realmOf({ rest }).rotation, { overlapSeconds: 3600, because: 'clients.app' })
    assert.equal(clientOf({ rest }, 'app').rotateSeconds, 2_592_000)
  })

  test('knows a realm by the last segment of its issuer, and passes over one that is not of Keycloak', () => {
    const realms =
      'other: { issuer: https://idp.example.com, clientId: x, clientAuth: { secret: x }, obtain: clientCredentials }'
    assert.deepEqual(
      wantedOf({ realms }).realms.map(({ realm, name }) => [realm, name]),
      [['shop', 'main']],
    )
  })
})
