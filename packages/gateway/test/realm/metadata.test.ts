import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { buildDiscoveryUrl, type MetadataOptions, parseMetadata } from '../../src/realm/metadata.ts'

const PROTOCOL = 'https://sso.example.com/realms/main/protocol/openid-connect'

const direct: MetadataOptions = {
  issuer: 'https://sso.example.com/realms/main',
  backchannelUrl: null,
  allowsDevRealm: false,
}
const inside: MetadataOptions = { ...direct, backchannelUrl: 'http://keycloak:8080' }

const document = {
  issuer: 'https://sso.example.com/realms/main',
  authorization_endpoint: `${PROTOCOL}/auth`,
  token_endpoint: `${PROTOCOL}/token`,
  jwks_uri: `${PROTOCOL}/certs`,
  end_session_endpoint: `${PROTOCOL}/logout`,
  code_challenge_methods_supported: ['plain', 'S256'],
}

function refusal(
  change: Readonly<Record<string, unknown>>,
  options: MetadataOptions,
): Readonly<Record<string, unknown>> {
  let detail: Readonly<Record<string, unknown>> | null = null
  assert.throws(
    () => parseMetadata({ ...document, ...change }, options),
    (error) => {
      if (isGatewayError(error, 'ERR_REALM_METADATA_INVALID')) detail = error.detail
      return detail !== null
    },
  )
  return detail ?? {}
}

const discoveryUrls: ReadonlyArray<readonly [issuer: string, backchannelUrl: string | null, url: string]> = [
  ['https://sso.example.com', null, 'https://sso.example.com/.well-known/openid-configuration'],
  ['https://sso.example.com/realms/x', null, 'https://sso.example.com/realms/x/.well-known/openid-configuration'],
  ['https://sso.example.com/realms/x/', null, 'https://sso.example.com/realms/x/.well-known/openid-configuration'],
  ['https://sso.example.com/realms/x', 'http://kc:8080', 'http://kc:8080/realms/x/.well-known/openid-configuration'],
]

for (const [issuer, backchannelUrl, url] of discoveryUrls) {
  test(`looks for ${issuer} ${backchannelUrl === null ? '' : `through ${backchannelUrl} `}at ${url}`, () => {
    assert.equal(buildDiscoveryUrl({ ...direct, issuer, backchannelUrl }).href, url)
  })
}

test('calls the addresses of the metadata when there is no back channel', () => {
  const metadata = parseMetadata(document, direct)
  assert.equal(metadata.tokenUrl.href, `${PROTOCOL}/token`)
  assert.equal(metadata.jwksUrl.href, `${PROTOCOL}/certs`)
  assert.equal(metadata.logoutUrl?.href, `${PROTOCOL}/logout`)
  assert.equal(metadata.introspectionUrl, null)
})

test('takes paths from the metadata and never hosts when there is a back channel', () => {
  // Keycloak leaves some endpoints public whatever host was asked, and all of them without the dynamic option.
  const introspection_endpoint = `${PROTOCOL}/token/introspect`
  const token_endpoint = 'http://elsewhere:9/realms/main/protocol/openid-connect/token'
  const mixed = { ...document, token_endpoint, introspection_endpoint }
  const metadata = parseMetadata(mixed, inside)
  const base = 'http://keycloak:8080/realms/main/protocol/openid-connect'
  assert.equal(metadata.tokenUrl.href, `${base}/token`)
  assert.equal(metadata.jwksUrl.href, `${base}/certs`)
  assert.equal(metadata.logoutUrl?.href, `${base}/logout`)
  assert.equal(metadata.introspectionUrl?.href, `${base}/token/introspect`)
  assert.equal(metadata.authorizationUrl.href, `${base}/auth`)
})

test('sends browsers to the public addresses although there is a back channel', () => {
  const metadata = parseMetadata(document, inside)
  assert.equal(metadata.authorizationEndpoint, `${PROTOCOL}/auth`)
  assert.equal(metadata.endSessionEndpoint, `${PROTOCOL}/logout`)
})

for (const issuer of [
  'https://sso.example.com/realms/main/',
  'https://SSO.example.com/realms/main',
  'http://sso.example.com/realms/main',
  undefined,
  7,
]) {
  test(`refuses metadata whose issuer is ${JSON.stringify(issuer)}`, () => {
    assert.equal(refusal({ issuer }, direct).reason, 'issuer')
  })
}

test('names both issuers and the settings of Keycloak when the back channel calls itself otherwise', () => {
  const detail = refusal({ issuer: 'http://keycloak:8080/realms/main' }, inside)
  assert.equal(detail.configured, direct.issuer)
  assert.equal(detail.announced, 'http://keycloak:8080/realms/main')
  for (const word of [
    direct.issuer,
    'http://keycloak:8080/realms/main',
    'KC_HOSTNAME',
    'KC_HOSTNAME_BACKCHANNEL_DYNAMIC=true',
  ]) {
    assert.ok(String(detail.because).includes(word), word)
  }
})

for (const endpoint of ['authorization_endpoint', 'token_endpoint', 'jwks_uri']) {
  for (const value of [
    undefined,
    'nowhere',
    'javascript:alert(1)',
    `${PROTOCOL}//x`,
    `${PROTOCOL}/x;y=1`,
    'http://sso.example.com/x',
  ]) {
    test(`refuses ${JSON.stringify(value)} as ${endpoint} of an https realm`, () => {
      refusal({ [endpoint]: value }, direct)
    })
  }
}

test('refuses a development realm unless it is allowed', () => {
  assert.equal(refusal({ doorman_dev_realm: true }, direct).reason, 'development_realm')
  parseMetadata({ ...document, doorman_dev_realm: true }, { ...direct, allowsDevRealm: true })
})

const methods: ReadonlyArray<readonly [announced: unknown, method: string]> = [
  [undefined, 'basic'],
  [['client_secret_basic', 'client_secret_post'], 'basic'],
  [['private_key_jwt', 'client_secret_post'], 'post'],
  ['client_secret_post', 'basic'],
]

for (const [announced, method] of methods) {
  test(`sends a secret by ${method} when the realm announces ${JSON.stringify(announced)}`, () => {
    const metadata = parseMetadata({ ...document, token_endpoint_auth_methods_supported: announced }, direct)
    assert.equal(metadata.secretMethod, method)
  })
}

test('counts only a literal true as the announcement of iss in authorization responses', () => {
  const announce = (value: unknown) =>
    parseMetadata({ ...document, authorization_response_iss_parameter_supported: value }, direct).announcesIssuer
  assert.deepEqual([true, 'true', undefined].map(announce), [true, false, false])
})

test('does without an end-session endpoint', () => {
  const metadata = parseMetadata({ ...document, end_session_endpoint: undefined }, direct)
  assert.equal(metadata.endSessionEndpoint, null)
  assert.equal(metadata.logoutUrl, null)
})
