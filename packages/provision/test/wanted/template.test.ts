import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PLACEHOLDERS, SHAPES } from '../../src/wanted/shapes.ts'
import { parseTemplate } from '../../src/wanted/template.ts'

test('a template is text and placeholders', () => {
  assert.deepEqual(parseTemplate('id={{clientId}}, {{ clientSecret }}'), {
    kind: 'valid',
    parts: [
      { kind: 'text', text: 'id=' },
      { kind: 'placeholder', name: 'clientId' },
      { kind: 'text', text: ', ' },
      { kind: 'placeholder', name: 'clientSecret' },
    ],
  })
})

suite('an unknown placeholder is answered with the one that was meant', () => {
  const rows = [
    ['CLIENT_SECRET', 'clientSecret'],
    ['clientID', 'clientId'],
    ['secret', undefined],
    ['token_url', 'tokenUrl'],
    ['tokenURI', 'tokenUrl'],
    ['redirectUrl', 'redirectUri'],
    ['discovery', 'discoveryUrl'],
    ['.Values.host', undefined],
  ] as const
  for (const [written, meant] of rows) {
    test(`${written}: ${meant ?? 'none'}`, () => {
      const template = parseTemplate(`{{${written}}}`)
      assert.equal(template.kind, 'invalid')
      assert.equal(/Did you mean \{\{(\w+)\}\}/.exec(template.problem)?.[1], meant)
      for (const known of PLACEHOLDERS) assert.ok(template.problem.includes(known))
    })
  }
})

test('braces that do not close are refused', () => {
  assert.equal(parseTemplate('{{clientId').kind, 'invalid')
  assert.equal(parseTemplate('{{clientId}} {{').kind, 'invalid')
})

suite('every value of every shape is a template', () => {
  for (const [name, shape] of Object.entries(SHAPES)) {
    test(name, () => {
      for (const template of Object.values(shape)) assert.equal(parseTemplate(template).kind, 'valid')
    })
  }
})

suite('shapes have exactly the keys that their consumers read', () => {
  const rows = {
    mlflow:
      'MLFLOW_AUTH_ENABLED OIDC_PROVIDER_DISPLAY_NAME OIDC_CLIENT_ID OIDC_CLIENT_SECRET OIDC_DISCOVERY_URL OIDC_TOKEN_URL OIDC_REDIRECT_URI OIDC_SCOPE OIDC_GROUPS_CLAIM DEFAULT_LANDING_PAGE_IS_PERMISSIONS',
    phoenix:
      'PHOENIX_ENABLE_AUTH PHOENIX_SECRET PHOENIX_OAUTH2_KEYCLOAK_CLIENT_ID PHOENIX_OAUTH2_KEYCLOAK_CLIENT_SECRET PHOENIX_OAUTH2_KEYCLOAK_OIDC_CONFIG_URL PHOENIX_OAUTH2_KEYCLOAK_DISPLAY_NAME PHOENIX_OAUTH2_KEYCLOAK_ALLOW_SIGN_UP PHOENIX_OAUTH2_CLIENT_ID PHOENIX_OAUTH2_CLIENT_SECRET PHOENIX_OAUTH2_OIDC_CONFIG_URL',
    otel: 'MLFLOW_CLIENT_ID MLFLOW_CLIENT_SECRET KEYCLOAK_TOKEN_URL',
  } as const
  for (const [name, keys] of Object.entries(rows)) {
    test(name, () => assert.equal(Object.keys(SHAPES[name as keyof typeof rows]).join(' '), keys))
  }
})
