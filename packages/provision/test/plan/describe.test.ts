import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedClient } from '../../src/keycloak/observed.ts'
import { describeClient } from '../../src/plan/describe.ts'
import { planRealm } from '../../src/plan/plan-realm.ts'
import { resolveWanted } from '../../src/wanted/resolve-wanted.ts'
import { clientsSection } from '../../src/wanted/schema-clients.ts'
import { provisionSection } from '../../src/wanted/schema-provision.ts'
import { OWNER_ATTRIBUTE } from '../../src/wanted/wanted.ts'
import { asObserved, audienceMapper, OWNER, realmOf, wantedClient } from '../support/realms.ts'

const SETTINGS = {
  enabled: true,
  publicClient: false,
  clientAuthenticatorType: 'client-secret',
  standardFlowEnabled: false,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: true,
  fullScopeAllowed: false,
  frontchannelLogout: false,
  redirectUris: [],
  webOrigins: [],
}
const LOGIN = { ...SETTINGS, standardFlowEnabled: true, serviceAccountsEnabled: false, redirectUris: ['https://ml/x'] }
const DEFAULT_ROLE = 'default-roles-main'

/** As Keycloak has it before anybody adopts it. */
function observed(parts: Partial<ObservedClient>): ObservedClient {
  return { ...asObserved(wantedClient('mlflow')), settings: SETTINGS, attributes: {}, defaultScopes: [], ...parts }
}

function describe(parts: Partial<ObservedClient>) {
  return describeClient(observed(parts), DEFAULT_ROLE)
}

/** The paths that `doorman plan` would change in a file with the section. */
function pathsLeft(parts: Partial<ObservedClient>): readonly string[] {
  const clients = clientsSection.parse({ mlflow: describe(parts).section })
  const realm = {
    name: 'main',
    issuer: 'https://sso.example.com/realms/main',
    backchannelUrl: null,
    clientId: 'web-gateway',
    clientAuth: { kind: 'secret' },
    scopes: ['openid'],
    obtain: null,
    introspects: false,
    isHandedOut: false,
    redirectUris: [],
    postLogoutRedirectUris: [],
    backchannelLogoutUrl: null,
  } as const
  const frontDoor = { publicUrl: 'https://app.example.com', loginRealm: 'main', realms: [realm], routes: [] }
  const provision = provisionSection.parse({ owner: OWNER })
  const { realms } = resolveWanted({ sections: { provision, clients }, frontDoor, locate: (path) => path })
  const { changes } = planRealm(realms[0]!, realmOf(observed(parts)), OWNER)
  return changes
    .filter(({ name }) => name.startsWith('mlflow'))
    .flatMap(({ kind, fields }) => fields.map(({ path }) => `${kind}: ${path}`))
}

const FULL_LOGIN: Partial<ObservedClient> = {
  settings: { ...LOGIN, enabled: false, name: 'MLflow', description: 'experiments', webOrigins: ['https://ml'] },
  attributes: {
    'pkce.code.challenge.method': 'S256',
    'post.logout.redirect.uris': 'https://ml/1##https://ml/2',
    'backchannel.logout.url': 'https://ml/logout',
    'backchannel.logout.session.required': 'true',
    'access.token.lifespan': '300',
    'client.session.idle.timeout': '1800',
    'client.session.max.lifespan': '90',
  },
  mappers: new Map([['audience', { id: 'x', ...audienceMapper('reports') }]]),
  defaultScopes: ['profile', 'basic'],
  optionalScopes: ['phone', 'email'],
  roles: { kind: 'seen', value: new Map([['reader', 'x']]) },
  serviceAccount: null,
}

const WITH_ACCOUNT: Partial<ObservedClient> = {
  settings: { ...SETTINGS, fullScopeAllowed: true, directAccessGrantsEnabled: true },
  defaultScopes: ['basic', 'service_account'],
  serviceAccount: {
    kind: 'seen',
    value: { userId: 'x', realmRoles: ['operator', DEFAULT_ROLE], clientRoles: { reports: ['reader'], other: [] } },
  },
}

test('a service is told in few words', () => {
  assert.deepEqual(describe({}), {
    clientId: 'mlflow',
    section: { preset: 'service', adopt: true },
    remarks: [],
    isIncomplete: false,
  })
})

test('everything that a section can say of a login is said', () => {
  assert.deepEqual(describe(FULL_LOGIN).section, {
    preset: 'web',
    adopt: true,
    name: 'MLflow',
    description: 'experiments',
    enabled: false,
    redirectUris: ['https://ml/x'],
    postLogoutRedirectUris: ['https://ml/1', 'https://ml/2'],
    webOrigins: ['https://ml'],
    backchannelLogoutUrl: 'https://ml/logout',
    mappers: { audience: { type: 'oidc-audience-mapper', config: audienceMapper('reports').config } },
    scopes: { default: ['basic', 'profile'], optional: ['email', 'phone'] },
    roles: ['reader'],
    lifetimes: { accessToken: '5m', sessionIdle: '30m', sessionMax: '90s' },
  })
})

test('what a service account may is said', () => {
  assert.deepEqual(describe(WITH_ACCOUNT).section, {
    preset: 'service',
    adopt: true,
    directAccessGrants: true,
    scopes: { default: ['basic'] },
    serviceAccountRoles: { realm: ['operator'], clients: { reports: ['reader'] } },
  })
})

test('what the preset would change is said by its name', () => {
  const { section } = describe({ settings: { ...LOGIN, serviceAccountsEnabled: true, frontchannelLogout: true } })
  assert.deepEqual(section.settings, { serviceAccountsEnabled: true, frontchannelLogout: true })
  assert.deepEqual(section.attributes, { 'pkce.code.challenge.method': '' })
})

const PRESETS: readonly (readonly [string, ObservedClient['settings']])[] = [
  ['spa', { publicClient: true, standardFlowEnabled: true }],
  ['web', { standardFlowEnabled: true }],
  ['web', { implicitFlowEnabled: true, serviceAccountsEnabled: false }],
  ['service', { directAccessGrantsEnabled: true, serviceAccountsEnabled: false }],
  ['bearer', { serviceAccountsEnabled: false }],
]
for (const [preset, settings] of PRESETS) {
  test(`${JSON.stringify(settings)} is a ${preset}`, () => {
    assert.equal(describe({ settings: { ...SETTINGS, ...settings } }).section.preset, preset)
  })
}

const AS_IT_IS: Readonly<Record<string, Partial<ObservedClient>>> = {
  'a plain service': {},
  'a login': FULL_LOGIN,
  'a service account': WITH_ACCOUNT,
  'a service account without full scope': { ...WITH_ACCOUNT, settings: SETTINGS },
  'a bearer': { settings: { ...SETTINGS, serviceAccountsEnabled: false } },
  'a bearer with full scope': { settings: { ...SETTINGS, serviceAccountsEnabled: false, fullScopeAllowed: true } },
  'the password grant alone': {
    settings: { ...SETTINGS, serviceAccountsEnabled: false, directAccessGrantsEnabled: true },
  },
  'a page without origins': { settings: { ...LOGIN, publicClient: true } },
  'a page without PKCE': { settings: { ...LOGIN, publicClient: true, webOrigins: ['+'], fullScopeAllowed: true } },
  'a login with a service account': { settings: { ...LOGIN, serviceAccountsEnabled: true } },
  'a login with any redirect URI': { settings: { ...LOGIN, redirectUris: ['*'], webOrigins: ['*'] } },
  'a login out of fashion': { settings: { ...LOGIN, standardFlowEnabled: false, implicitFlowEnabled: true } },
  'a logout back to any redirect URI': { settings: LOGIN, attributes: { 'post.logout.redirect.uris': '+' } },
  'a back-channel logout without sid': {
    settings: LOGIN,
    attributes: { 'backchannel.logout.url': 'https://ml/out', 'backchannel.logout.session.required': 'false' },
  },
  'a published key': {
    settings: { ...SETTINGS, clientAuthenticatorType: 'client-jwt' },
    attributes: { 'use.jwks.url': 'true', 'jwks.url': 'https://ml/jwks' },
  },
  'a stored key': { settings: { ...SETTINGS, clientAuthenticatorType: 'client-jwt' }, secret: { kind: 'none' } },
  'a certificate': { settings: { ...SETTINGS, clientAuthenticatorType: 'client-x509' }, secret: { kind: 'none' } },
  'a pod': {
    settings: { ...SETTINGS, clientAuthenticatorType: 'federated-jwt' },
    attributes: { 'jwt.credential.issuer': 'cluster', 'jwt.credential.sub': 'system:serviceaccount:ml:mlflow' },
    secret: { kind: 'none' },
  },
  'a workload of SPIFFE': {
    settings: { ...SETTINGS, clientAuthenticatorType: 'federated-jwt' },
    attributes: { 'jwt.credential.issuer': 'spire', 'jwt.credential.sub': 'spiffe://x/y' },
    secret: { kind: 'none' },
  },
  'lifetimes that no file can say': { attributes: { 'client.session.max.lifespan': String(86_400 * 1000) } },
  'a mapper that is a script': {
    mappers: new Map([['mine', { id: 'x', protocolMapper: 'script-mine.js', config: {} }]]),
  },
}
for (const [what, parts] of Object.entries(AS_IT_IS)) {
  test(`${what}, described, would only be adopted`, () => {
    assert.deepEqual(pathsLeft(parts), [`client: attributes.${OWNER_ATTRIBUTE}`])
  })
}

test('what no file can say is remarked upon and left as it is', () => {
  const { section, remarks, isIncomplete } = describe({ settings: { ...LOGIN, redirectUris: ['*'] } })
  assert.deepEqual([section.redirectUris, remarks.length, isIncomplete], [undefined, 1, true])
})

test('what is hidden is remarked upon', () => {
  const { remarks } = describe({
    roles: { kind: 'hidden', lacks: 'view-clients' },
    serviceAccount: { kind: 'hidden', lacks: 'view-users' },
  })
  assert.equal(remarks.length, 2)
})

test('a client that carries a mark needs no adoption', () => {
  assert.equal(describe({ attributes: { [OWNER_ATTRIBUTE]: OWNER } }).section.adopt, undefined)
})

test('no secret is described', () => {
  const description = describe({ attributes: { 'client.secret.rotated': 'kept-out-of-every-plan' } })
  assert.doesNotMatch(JSON.stringify(description), /kept-out-of-every-plan/)
})
