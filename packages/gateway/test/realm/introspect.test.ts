import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type ErrorCode, isGatewayError } from '../../src/kernel/errors.ts'
import { type RealmHarness, startHarness } from '../support/realm-harness.ts'
import { type Script, sendJson } from '../support/scripted-realm.ts'

const TOKEN = 'e30.canary-token.signature'

let harness: RealmHarness

beforeEach(async () => {
  harness = await startHarness()
})

afterEach(() => harness.close())

const introspect = () => harness.relyingParty.introspect(TOKEN)

async function failure(): Promise<{ code: ErrorCode; text: string }> {
  const error: unknown = await introspect().then(
    () => null,
    (reason: unknown) => reason,
  )
  assert.ok(isGatewayError(error))
  return { code: error.code, text: JSON.stringify([error.detail, String(error.cause)]) }
}

test('a token is asked about by POST, in the form, with the client authenticated', async () => {
  harness.realm.answer('introspect', (_request, response) => sendJson(response, 200, { active: true }))
  await introspect()
  const [sent, ...more] = harness.realm.seenAt('introspect')
  assert.equal(more.length, 0)
  assert.equal(sent!.method, 'POST')
  assert.deepEqual(Object.fromEntries(sent!.form), { token: TOKEN, token_type_hint: 'access_token' })
  assert.match(sent!.headers.authorization ?? '', /^Basic /)
})

test('a live token gives its claims', async () => {
  const claims = { active: true, sub: 'alice', aud: ['web-gateway'], exp: 1 }
  harness.realm.answer('introspect', (_request, response) => sendJson(response, 200, claims))
  assert.deepEqual(await introspect(), claims)
})

for (const body of [
  { active: false },
  { active: false, sub: 'alice', exp: 9_999_999_999 },
  { active: 'true', sub: 'alice' },
  { active: 1, sub: 'alice' },
  { sub: 'alice' },
  {},
]) {
  test(`${JSON.stringify(body)} is a dead token`, async () => {
    harness.realm.answer('introspect', (_request, response) => sendJson(response, 200, body))
    assert.equal(await introspect(), null)
  })
}

const FAILURES: ReadonlyArray<readonly [name: string, script: Script, code: ErrorCode]> = [
  ['a list', (_, response) => sendJson(response, 200, [{ active: true }]), 'ERR_REALM_UNREACHABLE'],
  ['null', (_, response) => sendJson(response, 200, null), 'ERR_REALM_UNREACHABLE'],
  ['a word', (_, response) => sendJson(response, 200, 'active'), 'ERR_REALM_UNREACHABLE'],
  [
    'broken JSON',
    (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"active":true'),
    'ERR_REALM_UNREACHABLE',
  ],
  [
    'JSON in a page',
    (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('{"active":true}'),
    'ERR_REALM_UNREACHABLE',
  ],
  ['204', (_, response) => response.writeHead(204).end(), 'ERR_REALM_UNREACHABLE'],
  [
    'a redirect',
    (_, response) => response.writeHead(302, { location: 'https://x.example/' }).end(),
    'ERR_REALM_UNREACHABLE',
  ],
  ['400', (_, response) => sendJson(response, 400, { active: true }), 'ERR_REALM_UNREACHABLE'],
  ['404', (_, response) => sendJson(response, 404, { error: 'Realm does not exist' }), 'ERR_REALM_UNREACHABLE'],
  ['500', (_, response) => sendJson(response, 500, { active: true }), 'ERR_REALM_UNREACHABLE'],
  ['503', (_, response) => response.writeHead(503).end('Bootstrap in progress'), 'ERR_REALM_UNREACHABLE'],
  ['a cut connection', (_, response) => response.destroy(), 'ERR_REALM_UNREACHABLE'],
  ['401', (_, response) => sendJson(response, 401, { error: 'invalid_client' }), 'ERR_REALM_CLIENT_REJECTED'],
  [
    '400 invalid_client',
    (_, response) => sendJson(response, 400, { error: 'invalid_client' }),
    'ERR_REALM_CLIENT_REJECTED',
  ],
  [
    '403 for a public client',
    (_, response) => sendJson(response, 403, { error: 'invalid_request', error_description: 'Client not allowed.' }),
    'ERR_REALM_CLIENT_REJECTED',
  ],
]

for (const [name, script, code] of FAILURES) {
  test(`${name} says nothing about the token: ${code}`, async () => {
    harness.realm.answer('introspect', script)
    assert.equal((await failure()).code, code)
    assert.equal(harness.realm.seenAt('introspect').length, 1)
  })
}

test('a realm that falls silent is given up after the time limit', async () => {
  const impatient = await startHarness(() => ({ timeoutSeconds: 1 }))
  impatient.realm.answer('introspect', () => {})
  await assert.rejects(impatient.relyingParty.introspect(TOKEN), (error) => isGatewayError(error, 'ERR_REALM_TIMEOUT'))
  await impatient.close()
})

test('a realm without an introspection endpoint has not answered', async () => {
  harness.realm.answer('openid-configuration', (_request, response) =>
    sendJson(response, 200, { ...harness.realm.metadata(), introspection_endpoint: undefined }),
  )
  assert.equal((await failure()).code, 'ERR_REALM_UNREACHABLE')
})

test('no token and no secret is in what a failure says, whatever the realm repeats', async () => {
  const said: unknown[] = []
  for (const status of [200, 400, 401, 403, 500]) {
    harness.realm.answer('introspect', ({ form }, response) =>
      sendJson(response, status, [{ error: 'invalid_request', error_description: form.get('token') }]),
    )
    said.push(await failure())
    harness.realm.answer('introspect', ({ form }, response) =>
      sendJson(response, status === 200 ? 418 : status, {
        error: 'invalid_request',
        error_description: form.get('token'),
      }),
    )
    said.push(await failure())
  }
  assert.doesNotMatch(JSON.stringify([said, harness.told]), /canary/)
})
