import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { ObtainResult } from '../../src/realm/relying-party.ts'
import { NOW, type RealmHarness, startHarness } from '../support/realm-harness.ts'
import { type Script, sendJson } from '../support/scripted-realm.ts'

const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
const SUBJECT_TOKEN = 'e30.canary-subject-token.signature'
const ASSERTION = 'e30.canary-assertion.signature'

let harness: RealmHarness

beforeEach(async () => {
  harness = await startHarness()
})

afterEach(() => harness.close())

function tokenFor(aud: unknown): string {
  return `e30.${Buffer.from(JSON.stringify({ aud })).toString('base64url')}.canary-issued`
}

const good = {
  access_token: tokenFor('billing'),
  token_type: 'Bearer',
  expires_in: 45,
  refresh_expires_in: 0,
  scope: 'profile billing-audience',
  issued_token_type: ACCESS_TOKEN_TYPE,
}

function answer(status: number, body: unknown): void {
  harness.realm.answer('token', (_request, response) => sendJson(response, status, body))
}

const GRANTS = {
  exchange: () =>
    harness.relyingParty.exchangeToken({ subjectToken: SUBJECT_TOKEN, audience: 'billing', scopes: ['a', 'b'] }),
  'client credentials': () => harness.relyingParty.requestClientToken(['a', 'b']),
  assertion: () => harness.relyingParty.redeemAssertion(ASSERTION, ['a', 'b']),
} as const satisfies Readonly<Record<string, () => Promise<ObtainResult>>>

const FORMS = {
  exchange: {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: SUBJECT_TOKEN,
    subject_token_type: ACCESS_TOKEN_TYPE,
    requested_token_type: ACCESS_TOKEN_TYPE,
    audience: 'billing',
    scope: 'openid a b',
  },
  'client credentials': { grant_type: 'client_credentials', scope: 'a b' },
  assertion: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: ASSERTION, scope: 'a b' },
} as const

for (const name of ['exchange', 'client credentials', 'assertion'] as const) {
  test(`${name}: sends exactly what the specification names, once, with the client authenticated`, async () => {
    answer(200, good)
    await GRANTS[name]()
    const [sent, ...more] = harness.realm.seenAt('token')
    assert.equal(more.length, 0)
    assert.deepEqual(Object.fromEntries(sent!.form), FORMS[name])
    assert.match(sent!.headers.authorization ?? '', /^Basic /)
  })

  test(`${name}: the token comes with its end and its scope`, async () => {
    answer(200, good)
    const token = { accessToken: good.access_token, expiresAt: NOW + 45, scope: good.scope }
    assert.deepEqual(await GRANTS[name](), { kind: 'token', token })
  })

  test(`${name}: no token_type but Bearer is used`, async () => {
    for (const token_type of ['N_A', 'DPoP', 'mac', undefined, 7]) {
      answer(200, { ...good, token_type })
      const result = await GRANTS[name]()
      assert.equal(result.kind === 'refused' && result.blame, 'misconfigured', String(token_type))
    }
  })

  test(`${name}: an answer without an access token is refused`, async () => {
    for (const access_token of [undefined, '', null, {}]) {
      answer(200, { ...good, access_token })
      assert.equal((await GRANTS[name]()).kind, 'refused')
    }
  })

  test(`${name}: a 200 that is no JSON is refused`, async () => {
    harness.realm.answer('token', (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(JSON.stringify(good)),
    )
    assert.equal((await GRANTS[name]()).kind, 'refused')
  })
}

test('no scope is sent where none is asked for', async () => {
  answer(200, good)
  await harness.relyingParty.exchangeToken({ subjectToken: SUBJECT_TOKEN, audience: 'billing', scopes: [] })
  await harness.relyingParty.requestClientToken([])
  await harness.relyingParty.redeemAssertion(ASSERTION, [])
  assert.deepEqual(
    harness.realm.seenAt('token').map(({ form }) => form.has('scope')),
    [false, false, false],
  )
})

for (const issued_token_type of [
  undefined,
  'N_A',
  'urn:ietf:params:oauth:token-type:id_token',
  'urn:ietf:params:oauth:token-type:refresh_token',
]) {
  test(`an exchange that issues ${issued_token_type} is refused`, async () => {
    answer(200, { ...good, issued_token_type })
    const result = await GRANTS.exchange()
    assert.equal(result.kind === 'refused' && result.blame, 'misconfigured')
  })
}

test('an exchanged token for several audiences is for each of them', async () => {
  answer(200, { ...good, access_token: tokenFor(['account', 'billing']) })
  assert.equal((await GRANTS.exchange()).kind, 'token')
})

const STRANGERS: ReadonlyArray<readonly [name: string, token: string]> = [
  ['another audience', tokenFor('reports')],
  ['a longer name', tokenFor('billing-test')],
  ['other audiences', tokenFor(['reports', 'account'])],
  ['no audience', tokenFor(undefined)],
  ['an audience that is no text', tokenFor({ billing: true })],
  ['nothing to read', 'opaque-token'],
]

for (const [name, access_token] of STRANGERS) {
  test(`an exchanged token with ${name} is not used`, async () => {
    answer(200, { ...good, access_token })
    const result = await GRANTS.exchange()
    assert.equal(result.kind === 'refused' && result.blame, 'misconfigured')
  })
}

type Row = readonly [grant: keyof typeof GRANTS, status: number, error: string, text: string, names: RegExp]

const MISCONFIGURED: readonly Row[] = [
  [
    'exchange',
    400,
    'invalid_request',
    'Standard token exchange is not enabled for the requested client',
    /web-gateway.*"Standard token exchange".*standard\.token\.exchange\.enabled/,
  ],
  ['exchange', 403, 'access_denied', 'Client is not within the token audience', /audience mapper for web-gateway/],
  ['exchange', 400, 'invalid_client', 'Audience not found', /no client billing/],
  ['exchange', 400, 'invalid_client', 'Client disabled', /client billing is disabled/],
  ['exchange', 400, 'invalid_client', 'Public client is not allowed to exchange token', /Client authentication/],
  [
    'exchange',
    400,
    'invalid_scope',
    'Missing consents for Token Exchange in client web-gateway',
    /web-gateway.*"Consent required"/,
  ],
  ['exchange', 400, 'invalid_scope', 'Invalid scopes: a b', /web-gateway.*"a b".*optional client scopes/],
  ['exchange', 400, 'invalid_target', '', /billing/],
  ['exchange', 400, 'unsupported_grant_type', 'Unsupported grant_type', /token-exchange-standard/],
  ['exchange', 400, 'invalid_request', 'Something new', /400 invalid_request \(Something new\)/],
  [
    'client credentials',
    401,
    'unauthorized_client',
    'Client not enabled to retrieve service account',
    /web-gateway.*"Service account roles"/,
  ],
  [
    'client credentials',
    401,
    'unauthorized_client',
    'Public client not allowed to retrieve service account',
    /web-gateway.*"Client authentication"/,
  ],
  [
    'client credentials',
    401,
    'invalid_request',
    "User 'service-account-web-gateway' disabled",
    /service account user of client web-gateway/,
  ],
  ['client credentials', 400, 'invalid_scope', 'Invalid scopes: a b', /"a b".*optional client scopes/],
  [
    'assertion',
    400,
    'invalid_grant',
    'No Identity Provider for provided issuer',
    /identity provider.*jwtAuthorizationGrantEnabled/,
  ],
  [
    'assertion',
    400,
    'invalid_grant',
    'Identity Provider is not configured for JWT Authorization Grant',
    /jwtAuthorizationGrantEnabled/,
  ],
  [
    'assertion',
    400,
    'invalid_grant',
    'Identity Provider is not allowed for the client',
    /web-gateway.*oauth2\.jwt\.authorization\.grant\.idp/,
  ],
  [
    'assertion',
    400,
    'invalid_grant',
    'JWT Authorization Grant is not supported for the requested client',
    /web-gateway.*oauth2\.jwt\.authorization\.grant\.enabled/,
  ],
  ['assertion', 400, 'invalid_grant', 'Public client not allowed to use authorization grant', /Client authentication/],
  ['assertion', 400, 'invalid_grant', 'Invalid token audience', /only audience/],
  ['assertion', 400, 'invalid_grant', 'Multiple audiences not allowed', /only audience/],
  ['assertion', 400, 'invalid_grant', 'Invalid signature', /jwksUrl/],
  ['assertion', 400, 'invalid_grant', 'Token was issued in the future', /jwtAuthorizationGrantAllowedClockSkew/],
  [
    'assertion',
    400,
    'invalid_grant',
    'Token was issued too far in the past to be used now',
    /jwtAuthorizationGrantMaxAllowedAssertionExpiration/,
  ],
  ['assertion', 400, 'invalid_grant', 'Missing claim: sub', /basic/],
  ['assertion', 400, 'invalid_grant', 'The provided assertion is not a valid JWT', /JWT/],
  ['assertion', 400, 'invalid_grant', 'Error validating JWT with identity provider', /JWT/],
  ['assertion', 400, 'unsupported_grant_type', 'Unsupported grant_type', /jwt-authorization-grant/],
  ['assertion', 400, 'invalid_scope', 'Invalid scopes: a b', /"a b"/],
  ['assertion', 400, 'invalid_grant', 'Something new', /400 invalid_grant \(Something new\)/],
]

for (const [grant, status, error, text, names] of MISCONFIGURED) {
  test(`${grant}: ${status} ${error} "${text}" names the switch`, async () => {
    answer(status, { error, error_description: text })
    const result = await GRANTS[grant]()
    assert.ok(result.kind === 'refused', result.kind)
    assert.equal(result.blame, 'misconfigured')
    assert.match(result.because, names)
  })
}

const FORBIDDEN: readonly Row[] = [
  [
    'exchange',
    400,
    'invalid_request',
    'Requested audience not available: billing',
    /role of client billing.*audience mapper for billing.*credential\.exchange\.scope/,
  ],
  ['assertion', 400, 'invalid_grant', 'User not found', /not linked/],
  ['assertion', 400, 'invalid_grant', 'User is not enabled', /disabled/],
  ['assertion', 400, 'invalid_grant', 'Account is not fully set up', /required actions/],
]

for (const [grant, status, error, text, names] of FORBIDDEN) {
  test(`${grant}: ${status} ${error} "${text}" is about this person`, async () => {
    answer(status, { error, error_description: text })
    const result = await GRANTS[grant]()
    assert.ok(result.kind === 'refused', result.kind)
    assert.equal(result.blame, 'forbidden')
    assert.match(result.because, names)
  })
}

test('exchange: 400 invalid_request "Invalid token" means that the subject token has died', async () => {
  answer(400, { error: 'invalid_request', error_description: 'Invalid token' })
  assert.deepEqual(await GRANTS.exchange(), { kind: 'subject-dead' })
})

for (const description of ['Invalid token type', undefined, 7, ['Invalid token']]) {
  test(`exchange: 400 invalid_request ${JSON.stringify(description)} says nothing about the subject token`, async () => {
    answer(400, { error: 'invalid_request', error_description: description })
    assert.equal((await GRANTS.exchange()).kind, 'refused')
  })
}

test('only an exchange has a subject token that dies as "Invalid token"', async () => {
  answer(400, { error: 'invalid_request', error_description: 'Invalid token' })
  assert.equal((await GRANTS['client credentials']()).kind, 'refused')
  assert.equal((await GRANTS.assertion()).kind, 'refused')
})

const TROUBLES: ReadonlyArray<readonly [name: string, script: Script]> = [
  ['500', (_, response) => response.writeHead(500).end()],
  [
    '500 with a known refusal',
    (_, response) => sendJson(response, 500, { error: 'invalid_request', error_description: 'Invalid token' }),
  ],
  ['503', (_, response) => response.writeHead(503, { 'content-type': 'text/plain' }).end('Bootstrap in progress')],
  ['429', (_, response) => response.writeHead(429).end()],
  ['404', (_, response) => sendJson(response, 404, { error: 'Realm does not exist' })],
  [
    '403 of a disabled realm',
    (_, response) => sendJson(response, 403, { error: 'access_denied', error_description: 'Realm not enabled' }),
  ],
  ['403 Invalid origin', (_, response) => sendJson(response, 403, { error: 'Invalid origin' })],
  ['413', (_, response) => sendJson(response, 413, { error: 'HTTP 413 Request Entity Too Large' })],
  ['302', (_, response) => response.writeHead(302, { location: 'https://evil.example/' }).end()],
  ['a page with 400', (_, response) => response.writeHead(400, { 'content-type': 'text/html' }).end('<p>')],
  ['a cut connection', (_, response) => response.destroy()],
  [
    'a body cut short',
    (_, response) => response.writeHead(200, { 'content-length': 1000 }).write('{"access', () => response.destroy()),
  ],
  ['401 invalid_client', (_, response) => sendJson(response, 401, { error: 'invalid_client' })],
  [
    '401 unauthorized_client',
    (_, response) =>
      sendJson(response, 401, {
        error: 'unauthorized_client',
        error_description: 'Invalid client or Invalid client credentials',
      }),
  ],
  ['400 invalid_client', (_, response) => sendJson(response, 400, { error: 'invalid_client' })],
  ['401 without words', (_, response) => response.writeHead(401).end()],
]

for (const [name, script] of TROUBLES) {
  for (const grant of ['exchange', 'client credentials', 'assertion'] as const) {
    test(`${grant}: ${name} passes, and is asked about once`, async () => {
      harness.realm.answer('token', script)
      assert.equal((await GRANTS[grant]()).kind, 'unavailable')
      assert.equal(harness.realm.seenAt('token').length, 1)
    })
  }
}

test('a client the realm refuses is named', async () => {
  answer(401, { error: 'invalid_client' })
  const result = await GRANTS['client credentials']()
  assert.match(result.kind === 'unavailable' ? result.because : '', /web-gateway: 401 invalid_client: check clientId/)
})

for (const text of ['Token reuse detected', 'Token is not active']) {
  test(`assertion: "${text}" asks for a new assertion, not for an operator`, async () => {
    answer(400, { error: 'invalid_grant', error_description: text })
    assert.equal((await GRANTS.assertion()).kind, 'subject-dead')
  })
}

test('the senseless Retry-After of a starting Keycloak is capped', async () => {
  harness.realm.answer('token', (_request, response) => response.writeHead(503, { 'retry-after': '31' }).end())
  const result = await GRANTS.exchange()
  assert.equal(result.kind === 'unavailable' && result.retryAfterSeconds, 5)
})

test('a realm that falls silent is given up after the time limit', async () => {
  const impatient = await startHarness(() => ({ timeoutSeconds: 1 }))
  impatient.realm.answer('token', () => {})
  assert.equal((await impatient.relyingParty.requestClientToken([])).kind, 'unavailable')
  await impatient.close()
})

test('nothing is sent while the realm has never been reached', async () => {
  harness.realm.answer('openid-configuration', (_request, response) => response.writeHead(503).end())
  for (const obtain of Object.values(GRANTS)) assert.equal((await obtain()).kind, 'unavailable')
  assert.equal(harness.realm.seenAt('token').length, 0)
})

test('no token, assertion or secret is in what is said about a failure, whatever the realm repeats', async () => {
  const echoes = ['', 'Invalid scopes: ', 'Requested audience not available: ', 'User not found ', 'Invalid token ']
  const statuses = [400, 401, 403, 500]
  const said: unknown[] = []
  for (const echo of echoes) {
    for (const status of statuses) {
      harness.realm.answer('token', ({ form, headers }, response) => {
        const heard = form.get('subject_token') ?? form.get('assertion') ?? headers.authorization ?? ''
        const words = { error: 'invalid_request', error_description: `${echo}${heard}${'x'.repeat(30)}` }
        sendJson(response, status, { ...words, access_token: 'canary-issued', token_type: 'N_A' })
      })
      for (const obtain of Object.values(GRANTS)) said.push(await obtain())
    }
  }
  answer(200, { ...good, access_token: tokenFor('canary-other') })
  said.push(await GRANTS.exchange())
  assert.doesNotMatch(JSON.stringify([said, harness.told]), /canary/)
})
