import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { type ClientEntry, renderClientsSection } from '../../src/provision/clients-section.ts'

function render(section: ClientEntry['section'], parts: Partial<ClientEntry> = {}): string {
  return renderClientsSection([{ clientId: 'mlflow', section, remarks: [], isIncomplete: false, ...parts }])
}

const SECTION = {
  adopt: true,
  preset: 'web',
  redirectUris: ['https://ml.example.com/callback'],
  mappers: {
    'audience of reports': { type: 'oidc-audience-mapper', config: { 'included.client.audience': 'reports' } },
  },
  scopes: { default: ['basic', 'profile'], optional: [] },
  attributes: { 'pkce.code.challenge.method': '' },
}

test('a section reads as somebody would write it', () => {
  const text = render(SECTION, { remarks: ['its roles could not be seen'] })
  assert.equal(
    text.replace(/^# .*\n/gm, ''),
    `clients:
  # its roles could not be seen
  mlflow:
    adopt: true
    preset: web
    redirectUris: ["https://ml.example.com/callback"]
    mappers:
      "audience of reports":
        type: oidc-audience-mapper
        config: { included.client.audience: reports }
    scopes: { default: [basic, profile], optional: [] }
    attributes: { pkce.code.challenge.method: "" }
`,
  )
})

test('a section says what it was made from', () => {
  assert.deepEqual(parse(render(SECTION)), { clients: { mlflow: SECTION } })
})

for (const clientId of ['yes', '8080', '{x}', 'https://a/b?c#d', 'a: b', "it's", '"quoted"', '-', 'urn:x:y', '*']) {
  test(`${clientId} stays a text`, () => {
    const section = { name: clientId, redirectUris: [clientId], scopes: { [clientId]: clientId } }
    assert.deepEqual(parse(render(section, { clientId })), { clients: { [clientId]: section } })
  })
}

test('nothing in a realm is filled in', () => {
  assert.equal(parse(render({ name: '${HOME}' })).clients.mlflow.name, '$${HOME}')
})

test('nothing in a realm leaves its comment, or steers the terminal', () => {
  const text = render({ name: 'a\u001bb\u2028c' }, { remarks: ['x\nprovision: {}\u202e'], clientId: 'a\u0085b' })
  assert.deepEqual(Object.keys(parse(text)), ['clients'])
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
})

test('what the file would not take yet stands behind #', () => {
  assert.deepEqual(parse(render(SECTION, { isIncomplete: true })), { clients: {} })
})

test('a long list takes a line for each', () => {
  const redirectUris = ['1', '2', '3', '4'].map((name) => `https://a-rather-long-name-${name}.example.com/callback`)
  const text = render({ redirectUris })
  assert.ok(text.split('\n').every((line) => line.length <= 120))
  assert.deepEqual(parse(text).clients.mlflow, { redirectUris })
})
