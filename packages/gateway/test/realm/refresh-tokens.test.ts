import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { RefreshResult } from '../../src/realm/relying-party.ts'
import { ACCESS_TOKEN, NOW, type RealmHarness, startHarness } from '../support/realm-harness.ts'
import { makeKey, type Script, sendJson } from '../support/scripted-realm.ts'

let harness: RealmHarness

beforeEach(async () => {
  harness = await startHarness()
})

afterEach(() => harness.close())

function refresh(): Promise<RefreshResult> {
  return harness.relyingParty.refresh('refresh-1', { issuer: harness.realm.issuer, subject: 'alice' })
}

test('a refresh gives new tokens, claims and roles', async () => {
  await harness.grant({ id_token: await harness.idToken({ nonce: undefined, name: 'Alice' }) })
  const result = await refresh()
  assert.ok(result.kind === 'refreshed')
  assert.equal(result.tokens.accessToken, ACCESS_TOKEN)
  assert.equal(result.tokens.accessTokenExpiresAt, NOW + 60)
  assert.equal(result.tokens.refreshToken, 'refresh-2')
  assert.equal(result.tokens.refreshTokenExpiresAt, NOW + 1800)
  assert.equal(result.claims?.name, 'Alice')
  assert.deepEqual(result.roles, { realmRoles: ['user'], clientRoles: {} })
})

test('a refresh sends the token once, with the client authenticated', async () => {
  await harness.grant()
  await refresh()
  const [sent, ...more] = harness.realm.seenAt('token')
  assert.equal(more.length, 0)
  assert.deepEqual(Object.fromEntries(sent!.form), { grant_type: 'refresh_token', refresh_token: 'refresh-1' })
  assert.match(sent!.headers.authorization ?? '', /^Basic /)
})

test('an answer without a new refresh token says that none came', async () => {
  await harness.grant({ refresh_token: undefined })
  const result = await refresh()
  assert.ok(result.kind === 'refreshed')
  assert.equal(result.tokens.refreshToken, null)
  assert.equal(result.tokens.refreshTokenExpiresAt, null)
})

test('an answer without an ID token leaves the claims alone', async () => {
  await harness.grant({ id_token: undefined })
  const result = await refresh()
  assert.ok(result.kind === 'refreshed')
  assert.equal(result.claims, null)
  assert.equal(result.tokens.idToken, null)
})

test('an ID token whose key cannot be had keeps the new tokens and leaves the claims alone', async () => {
  const scripts: readonly Script[] = [
    (_request, response) => response.writeHead(500).end(),
    (_request, response) => sendJson(response, 200, { keys: [] }),
    (_request, response) => response.destroy(),
  ]
  for (const script of scripts) {
    await harness.grant()
    harness.realm.answer('certs', script)
    const result = await refresh()
    assert.ok(result.kind === 'refreshed')
    assert.equal(result.claims, null)
    assert.equal(result.tokens.refreshToken, 'refresh-2')
    assert.notEqual(result.tokens.idToken, null)
  }
})

for (const claims of [
  { sub: 'mallory' },
  { iss: 'https://other.example/realms/main' },
  { sub: 'mallory', aud: 'other', exp: 1 },
]) {
  test(`a verified ID token with ${JSON.stringify(claims)} is foreign`, async () => {
    await harness.grant({ id_token: await harness.idToken(claims) })
    assert.deepEqual(await refresh(), { kind: 'foreign' })
  })
}

test('an ID token for somebody else by another key is not foreign, only refused', async () => {
  const forger = await makeKey('k1', 'ES256')
  await harness.grant({ id_token: await harness.idToken({ sub: 'mallory' }, forger) })
  const result = await refresh()
  assert.ok(result.kind === 'refreshed')
  assert.equal(result.claims, null)
  assert.equal(result.tokens.idToken, null)
  assert.equal(result.tokens.refreshToken, 'refresh-2')
  assert.equal(harness.warnings().length, 1)
})

for (const claims of [{ aud: 'other-gateway' }, { at_hash: 'wrong' }, { exp: NOW - 60 }, { sub: undefined }]) {
  test(`a verified ID token with ${JSON.stringify(claims)} is refused and the session keeps its claims`, async () => {
    await harness.grant({ id_token: await harness.idToken(claims) })
    const result = await refresh()
    assert.ok(result.kind === 'refreshed')
    assert.equal(result.claims, null)
    assert.equal(result.tokens.idToken, null)
  })
}

test('400 invalid_grant is the one answer that rejects', async () => {
  const body = { error: 'invalid_grant', error_description: 'Session not active' }
  harness.realm.answer('token', (_request, response) => sendJson(response, 400, body))
  assert.deepEqual(await refresh(), {
    kind: 'rejected',
    because: '400 invalid_grant (Session not active)',
    isEnd: true,
  })
})

const REFUSALS: ReadonlyArray<readonly [description: string | undefined, isEnd: boolean]> = [
  ['Session not active', true],
  ['Offline session not active', true],
  ['Offline user session not found', true],
  ['Token is not active', true],
  ['User disabled', true],
  ['Maximum allowed refresh token reuse exceeded', false],
  ["Session doesn't have required client", false],
  ['Stale token', false],
  ['Invalid refresh token', false],
  ['A sentence that nobody has met yet', false],
  [undefined, false],
]
for (const [description, isEnd] of REFUSALS) {
  test(`a refusal with ${JSON.stringify(description)} ${isEnd ? 'is the end of the session' : 'costs the tokens alone'}`, async () => {
    const body = { error: 'invalid_grant', error_description: description }
    harness.realm.answer('token', (_request, response) => sendJson(response, 400, body))
    const result = await refresh()
    assert.equal(result.kind === 'rejected' && result.isEnd, isEnd)
  })
}

const troubles: ReadonlyArray<readonly [name: string, script: Script, mayRepeat: boolean]> = [
  ['401 invalid_client', (_, response) => sendJson(response, 401, { error: 'invalid_client' }), false],
  ['401 invalid_grant', (_, response) => sendJson(response, 401, { error: 'invalid_grant' }), false],
  ['400 invalid_client', (_, response) => sendJson(response, 400, { error: 'invalid_client' }), false],
  ['400 invalid_request', (_, response) => sendJson(response, 400, { error: 'invalid_request' }), false],
  [
    '400 with an HTML page',
    (_, response) => response.writeHead(400, { 'content-type': 'text/html' }).end('<p>'),
    false,
  ],
  [
    '400 invalid_grant as text/plain',
    (_, response) => response.writeHead(400, { 'content-type': 'text/plain' }).end('{"error":"invalid_grant"}'),
    false,
  ],
  ['403', (_, response) => sendJson(response, 403, { error: 'access_denied' }), false],
  ['404', (_, response) => sendJson(response, 404, { error: 'Realm does not exist' }), false],
  ['413', (_, response) => sendJson(response, 413, { error: 'HTTP 413' }), false],
  ['429', (_, response) => response.writeHead(429).end(), false],
  ['302', (_, response) => response.writeHead(302, { location: 'https://evil.example/' }).end(), false],
  ['204', (_, response) => response.writeHead(204).end(), false],
  ['500', (_, response) => response.writeHead(500).end(), true],
  ['500 invalid_grant', (_, response) => sendJson(response, 500, { error: 'invalid_grant' }), true],
  ['502 with an HTML page', (_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<p>'), true],
  [
    '503',
    (_, response) => response.writeHead(503, { 'content-type': 'text/plain' }).end('Bootstrap in progress'),
    true,
  ],
  [
    '200 with an HTML page',
    (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    false,
  ],
  [
    '200 with broken JSON',
    (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"access'),
    false,
  ],
  ['200 without a body', (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(), false],
  ['a cut connection', (_, response) => response.destroy(), true],
  [
    'a body cut short of its length',
    (_, response) => response.writeHead(200, { 'content-length': 1000 }).write('{"access', () => response.destroy()),
    true,
  ],
  [
    'a chunked body cut short',
    (_, response) => response.writeHead(200).write('{"access', () => response.destroy()),
    true,
  ],
]

for (const [name, script, mayRepeat] of troubles) {
  test(`${name} keeps the session${mayRepeat ? ' and may be repeated' : ''}`, async () => {
    harness.realm.answer('token', script)
    const result = await refresh()
    assert.ok(result.kind === 'unavailable', result.kind)
    assert.equal(result.mayRepeat, mayRepeat)
    assert.equal(harness.realm.seenAt('token').length, 1)
  })
}

test('an answer longer than any realm sends keeps the session', async () => {
  await harness.grant({ scope: 'a'.repeat(2 ** 20) })
  const result = await refresh()
  assert.ok(result.kind === 'unavailable')
  assert.equal(result.mayRepeat, false)
})

test('a refresh token that comes with a useless answer is kept', async () => {
  await harness.grant({ access_token: undefined })
  const result = await refresh()
  assert.equal(result.kind === 'unavailable' && result.refreshToken, 'refresh-2')
})

test('the senseless Retry-After of a starting Keycloak is capped', async () => {
  harness.realm.answer('token', (_request, response) => response.writeHead(503, { 'retry-after': '31' }).end())
  const result = await refresh()
  assert.equal(result.kind === 'unavailable' && result.retryAfterSeconds, 5)
})

for (const moment of ['before the headers', 'in the body']) {
  test(`a realm that falls silent ${moment} is given up after the time limit`, async () => {
    const impatient = await startHarness(() => ({ timeoutSeconds: 1 }))
    impatient.realm.answer('token', (_request, response) => {
      if (moment === 'in the body') response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    })
    const result = await impatient.relyingParty.refresh('refresh-1', {
      issuer: impatient.realm.issuer,
      subject: 'alice',
    })
    assert.equal(result.kind === 'unavailable' && result.mayRepeat, true)
    await impatient.close()
  })
}

test('a realm that is gone keeps the session and may be repeated', async () => {
  await harness.grant()
  await refresh()
  await harness.realm.close()
  const result = await refresh()
  assert.equal(result.kind === 'unavailable' && result.mayRepeat, true)
  await harness.relyingParty.close()
  harness = await startHarness()
})

test('nothing is sent while the realm has never been reached', async () => {
  harness.realm.answer('openid-configuration', (_request, response) => response.writeHead(503).end())
  const result = await refresh()
  assert.equal(result.kind, 'unavailable')
  assert.equal(harness.realm.seenAt('token').length, 0)
})

test('no token is in what a failed refresh says', async () => {
  harness.realm.answer('token', (request, response) =>
    sendJson(response, 400, {
      error: 'invalid_grant',
      error_description: `${request.form.get('refresh_token')}${'x'.repeat(30)}`,
    }),
  )
  const said = JSON.stringify([await refresh(), harness.told])
  assert.equal(said.includes('refresh-1'), false)
  assert.equal(said.includes('canary-secret'), false)
})
