import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { buildSecretValues, isConfidential, notesOf, renderShape, renderTemplate } from '../../src/secrets/values.ts'
import { SHAPES } from '../../src/wanted/shapes.ts'

const values = buildSecretValues({
  clientId: 'mlflow',
  clientSecret: 'canary',
  issuer: 'https://sso.example.com/auth/realms/my%20realm',
  internalUrl: 'http://keycloak:8080/auth/',
  redirectUris: ['https://mlflow.example.com/*', 'https://mlflow.example.com/callback'],
})

test('public addresses come from the issuer, internal ones from where consumers reach Keycloak', () => {
  const { OIDC_DISCOVERY_URL, OIDC_TOKEN_URL, OIDC_REDIRECT_URI } = renderShape(SHAPES.mlflow, values, {})
  assert.deepEqual(
    [OIDC_DISCOVERY_URL, OIDC_TOKEN_URL, OIDC_REDIRECT_URI],
    [
      'http://keycloak:8080/auth/realms/my%20realm/.well-known/openid-configuration',
      'http://keycloak:8080/auth/realms/my%20realm/protocol/openid-connect/token',
      'https://mlflow.example.com/callback',
    ],
  )
  assert.equal(values.tokenUrl, 'https://sso.example.com/auth/realms/my%20realm/protocol/openid-connect/token')
  assert.equal(values.publicUrl, 'https://sso.example.com/auth')
  assert.equal(values.realm, 'my realm')
  assert.equal(values.redirectOrigin, 'https://mlflow.example.com')
})

test("an application's own secret is made once and kept after that", () => {
  const first = renderShape(SHAPES.phoenix, values, {})
  assert.match(first.PHOENIX_SECRET ?? '', /^[\w-]{43}$/)
  assert.notEqual(renderShape(SHAPES.phoenix, values, {}).PHOENIX_SECRET, first.PHOENIX_SECRET)
  assert.notEqual(renderShape(SHAPES.phoenix, values, { PHOENIX_SECRET: '' }).PHOENIX_SECRET, '')
  assert.deepEqual(renderShape(SHAPES.phoenix, values, { ...first, PHOENIX_OAUTH2_CLIENT_ID: 'old' }), first)
})

suite('no secret, and an empty one, are never a value', () => {
  for (const clientSecret of [null, '']) {
    test(String(clientSecret), () => {
      assert.throws(() => renderTemplate('{{clientSecret}}', { ...values, clientSecret }, 'KEY'), {
        code: 'ERR_DELIVERY_FAILED',
        detail: { reason: 'value', placeholder: 'clientSecret' },
      })
    })
  }
})

test('the address of a client that has none is empty, and said to be', () => {
  const bare = { ...values, redirectUri: null, redirectOrigin: null }
  const rendered = renderShape(SHAPES.mlflow, bare, {})
  assert.equal(rendered.OIDC_REDIRECT_URI, '')
  assert.equal(notesOf(SHAPES.mlflow, rendered).length, 1)
  assert.deepEqual(notesOf(SHAPES.mlflow, renderShape(SHAPES.mlflow, values, {})), [])
})

test('values are confidential by what their templates name', () => {
  assert.ok(isConfidential('x {{clientSecret}}'))
  assert.ok(isConfidential('{{random}}'))
  assert.ok(!isConfidential('{{clientId}} {{issuer}}'))
})
