import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { buildSecretValues, isConfidential, renderShape, renderTemplate } from '../../src/secrets/values.ts'
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

suite('what a client does not have is not delivered', () => {
  const bare = { ...values, clientSecret: null, redirectUri: null, redirectOrigin: null }
  for (const placeholder of ['clientSecret', 'redirectUri', 'redirectOrigin'] as const) {
    test(placeholder, () => {
      assert.throws(() => renderTemplate(`{{${placeholder}}}`, bare, 'KEY'), {
        code: 'ERR_DELIVERY_FAILED',
        detail: { reason: 'value', placeholder },
      })
    })
  }
})

test('an empty secret is never a value', () => {
  assert.throws(() => renderTemplate('{{clientSecret}}', { ...values, clientSecret: '' }, 'KEY'), {
    code: 'ERR_DELIVERY_FAILED',
  })
})

test('values are confidential by what their templates name', () => {
  assert.ok(isConfidential('x {{clientSecret}}'))
  assert.ok(isConfidential('{{random}}'))
  assert.ok(!isConfidential('{{clientId}} {{issuer}}'))
})
