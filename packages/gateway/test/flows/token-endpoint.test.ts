// A second realm's token for a service that acts for a person: who gets one, and everybody who does not.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { GRANT_TYPES } from '@doorman/dev-realm'
import type { Browser } from '@doorman/dev-realm/browser'
import { generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import {
  askGateway,
  cookieOf,
  createShiftedClock,
  decode,
  eventsOf,
  type GatewayAnswer,
  statusOf,
} from '../support/flow.ts'
import {
  type PairStage,
  REALMS,
  SERVICES,
  setPairStage,
  testPairOnBothFronts,
  tokenSent,
} from '../support/pair-stage.ts'

const ALICE_OF_MODELS = '00000000-0000-4000-8000-0000000000a1'
const SECRET = 'secret-of-the-asker'
const STRANGERS_SECRET = 'secret-of-a-stranger'
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const JWK = JSON.stringify(publicKey.export({ format: 'jwk' }))

const NAMES = ['asker', 'signer', 'stranger', 'agent', 'reports', 'billing', 'jobs', 'grants', 'models']
const OFFICE = {
  realms: `${REALMS.replace(/obtain: { jwtGrant.*/, '$&\n    services: [asker, signer]')
    .replace('obtain: clientCredentials', 'obtain: clientCredentials\n    services: [asker]')
    .replace(/obtain: { login.*/, '$&\n    services: [asker]\n    dangerouslyGiveToBrowser: true')}`,
  services: `${SERVICES}
  asker: { url: "\${UPSTREAM}", credential: internal, auth: { secret: ${SECRET} } }
  stranger: { url: "\${UPSTREAM}", credential: internal, auth: { secret: ${STRANGERS_SECRET} } }
  signer: { url: "\${UPSTREAM}", credential: internal, auth: { publicKey: '${JWK}', algorithm: ES256 } }
`,
  routes: `${NAMES.map((name) => `\n  - { path: "/${name}/*", service: ${name}, require: { login: true } }`).join('')}
  - { path: "/bearer/*", service: asker, require: { login: true, via: [bearer] } }`,
}

async function sentTo(stage: PairStage, browser: Browser, service: string): Promise<string> {
  assert.equal(await statusOf(stage, browser, `/${service}/x`), 200, service)
  return tokenSent(stage) ?? ''
}

const basic = (name: string, secret: string) => ({ authorization: `Basic ${btoa(`${name}:${secret}`)}` })
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

function ask(
  stage: PairStage,
  form: Readonly<Record<string, string>> | string,
  headers: Readonly<Record<string, string>> = basic('asker', SECRET),
  realm = 'grants',
): Promise<GatewayAnswer> {
  const body = Buffer.from(typeof form === 'string' ? form : new URLSearchParams(form).toString())
  return askGateway(stage, `/auth/token/${realm}`, { method: 'POST', headers: { ...FORM, ...headers }, body })
}

function assertRefused(answer: GatewayAnswer, status: number, error: string): void {
  assert.deepEqual([answer.status, JSON.parse(answer.body).error], [status, error])
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.equal(answer.body.includes('eyJ'), false)
}

testPairOnBothFronts(
  'a service that proves itself has the person’s token, and never a refresh token',
  async (stage) => {
    const alice = await stage.loggedIn()
    const token = await sentTo(stage, alice, 'asker')
    const answer = await ask(stage, { subject_token: token })
    assert.equal(answer.status, 200, answer.body)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const { access_token: accessToken, ...rest } = JSON.parse(answer.body)
    assert.deepEqual(Object.keys(rest).toSorted(), ['expires_at', 'expires_in', 'scope', 'token_type'])
    assert.equal(decode(accessToken).sub, ALICE_OF_MODELS)
    const again = await ask(stage, { subject_token: token, client_id: 'asker', client_secret: SECRET }, {})
    assert.equal(JSON.parse(again.body).access_token, accessToken)
    assert.equal(stage.models.calls.count('token', GRANT_TYPES.jwtBearer), 1)
    const [told] = eventsOf(stage, 'token.served')
    assert.deepEqual([told?.service, told?.realm], ['asker', 'grants'])
  },
  OFFICE,
)

const clock = createShiftedClock()

test('the token is renewed when due, and one of a second login is had the same way', async (t) => {
  const stage = await setPairStage(t, { ...OFFICE, gateway: { clock: clock.now } })
  const alice = await stage.loggedIn()
  const early = await ask(stage, { subject_token: await sentTo(stage, alice, 'asker') }, undefined, 'models')
  assertRefused(early, 403, 'interaction_required')
  assert.equal((await alice.follow(stage.url('/models/x'))).at(-1)?.status, 200)
  const tokens = []
  for (const realm of ['models', 'grants', 'robots', 'models', 'grants', 'robots']) {
    if (tokens.length === 3) clock.advance(61)
    const answer = await ask(stage, { subject_token: await sentTo(stage, alice, 'asker') }, undefined, realm)
    assert.equal(answer.status, 200, realm)
    tokens.push(JSON.parse(answer.body).access_token)
  }
  t.after(() => clock.advance(-61))
  assert.equal(new Set(tokens).size, 6)
  assert.equal(stage.models.calls.count('token', GRANT_TYPES.refreshToken), 1)
})

/** Tokens that somebody might try, by what they are. */
async function wrongTokens(stage: PairStage, alice: Browser): Promise<Readonly<Record<string, string>>> {
  const token = await sentTo(stage, alice, 'asker')
  const [header = '', body = '', signature = ''] = token.split('.')
  const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
  const other = await generateKeyPair('ES256')
  const own = await sentTo(stage, alice, 'reports')
  await askGateway(stage, '/bearer/x', { headers: { authorization: `Bearer ${own}` } })
  const forBearer = tokenSent(stage) ?? ''
  assert.equal(decode(forBearer).sid, undefined)
  return {
    'an internal token of another service': await sentTo(stage, alice, 'agent'),
    'the internal token of a bearer': forBearer,
    'the person’s access token': own,
    'an exchanged token': await sentTo(stage, alice, 'billing'),
    'our own access token': await sentTo(stage, alice, 'jobs'),
    'a token of the second realm itself': await sentTo(stage, alice, 'grants'),
    'a token with another body': `${header}.${segment({ ...decode(token), sub: 'mallory' })}.${signature}`,
    'a token of somebody else’s key': await new SignJWT(decode(token) as JWTPayload)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .sign(other.privateKey),
    'a token without a signature': `${segment({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
    'no token at all': 'opaque',
  }
}

test('no token but the one the service was called with opens the second realm', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const alice = await stage.loggedIn()
  const tokens = await wrongTokens(stage, alice)
  stage.models.calls.clear()
  for (const [kind, token] of Object.entries(tokens)) {
    await t.test(`${kind} is refused`, async () => {
      assertRefused(await ask(stage, { subject_token: token }), 400, 'invalid_grant')
    })
  }
  assert.deepEqual(stage.models.calls.list(), [])
  assert.equal(eventsOf(stage, 'token.refused').length, Object.keys(tokens).length)
})

test('a subject token that has ended, and one of a session that has, are refused', async (t) => {
  const stage = await setPairStage(t, { ...OFFICE, gateway: { clock: clock.now } })
  const alice = await stage.loggedIn()
  const token = await sentTo(stage, alice, 'asker')
  clock.advance(66)
  t.after(() => clock.advance(-66))
  assertRefused(await ask(stage, { subject_token: token }), 400, 'invalid_grant')
  const fresh = await sentTo(stage, alice, 'asker')
  assert.equal((await ask(stage, { subject_token: fresh })).status, 200)
  assert.equal((await alice.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
  assertRefused(await ask(stage, { subject_token: fresh }), 400, 'invalid_grant')
})

test('who does not prove which service it is learns nothing, not even whether there is one', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const token = await sentTo(stage, await stage.loggedIn(), 'asker')
  const form = { subject_token: token }
  for (const headers of [
    {},
    basic('asker', 'another-secret-of-it'),
    basic('asker', ''),
    basic('asker', STRANGERS_SECRET),
    basic('nobody', SECRET),
    basic('agent', SECRET),
    basic('__proto__', SECRET),
    basic('signer', SECRET),
    { authorization: `Bearer ${token}` },
    { authorization: 'Basic !' },
  ]) {
    const answer = await ask(stage, form, headers)
    assertRefused(answer, 401, 'invalid_client')
    assert.equal(answer.headers['www-authenticate'], 'Basic realm="doorman"')
  }
  const twice = await ask(stage, { ...form, client_id: 'asker', client_secret: SECRET })
  assertRefused(twice, 400, 'invalid_request')
  const strangers = await sentTo(stage, await stage.loggedIn(), 'stranger')
  const stranger = await ask(stage, { subject_token: strangers }, basic('stranger', STRANGERS_SECRET))
  assertRefused(stranger, 403, 'unauthorized_client')
  const signer = await ask(stage, form, basic('asker', SECRET), 'nothing')
  assert.equal(signer.status, 404)
})

test('what a browser sends is refused, whatever else it proves', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const alice = await stage.loggedIn()
  const token = await sentTo(stage, alice, 'asker')
  for (const headers of [
    { origin: stage.publicUrl },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { cookie: cookieOf(stage, alice) },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-dest': 'empty' },
  ]) {
    const answer = await ask(stage, { subject_token: token }, { ...basic('asker', SECRET), ...headers } as Record<
      string,
      string
    >)
    assertRefused(answer, 403, 'access_denied')
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  }
  assert.equal(
    (await ask(stage, { subject_token: token }, { ...basic('asker', SECRET), 'sec-fetch-mode': 'cors' })).status,
    200,
  )
})

test('a request that is not one form with one subject token is refused', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const token = await sentTo(stage, await stage.loggedIn(), 'asker')
  const proof = basic('asker', SECRET)
  for (const [form, headers] of [
    ['', {}],
    [`subject_token=${token}&subject_token=${token}`, {}],
    [`subject_token=${token}&scope=admin`, {}],
    [`subject_token=${token}`, { 'content-type': 'text/plain' }],
    [JSON.stringify({ subject_token: token }), { 'content-type': 'application/json' }],
    [`subject_token=${'x'.repeat(200_000)}`, {}],
  ] as const) {
    assertRefused(await ask(stage, form, { ...proof, ...headers }), 400, 'invalid_request')
  }
  const inQuery = await askGateway(stage, `/auth/token/grants?subject_token=${token}`, {
    method: 'POST',
    headers: { ...proof, ...FORM },
  })
  assertRefused(inQuery, 400, 'invalid_request')
  assert.equal((await askGateway(stage, '/auth/token/grants', { headers: proof })).status, 405)
})

test('a service with a key signs an assertion, which counts once and for us alone', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const token = await sentTo(stage, await stage.loggedIn(), 'signer')
  const sign = (claims: JWTPayload, key = privateKey) =>
    new SignJWT({
      iss: 'signer',
      sub: 'signer',
      aud: stage.publicUrl,
      jti: randomUUID(),
      exp: Math.floor(Date.now() / 1000) + 60,
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(key)
  const present = (assertion: string) =>
    ask(
      stage,
      {
        subject_token: token,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      },
      {},
    )
  const assertion = await sign({})
  assert.equal((await present(assertion)).status, 200)
  assertRefused(await present(assertion), 401, 'invalid_client')
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const wrong of [
    await sign({ aud: 'https://evil.example' }),
    await sign({ aud: [stage.publicUrl, 'https://evil.example'] }),
    await sign({ iss: 'asker' }),
    await sign({ sub: 'asker', iss: 'asker' }),
    await sign({ exp: 1 }),
    await sign({ exp: Math.floor(Date.now() / 1000) + 3600 }),
    await sign({ jti: '' }),
    await sign({}, foreign.privateKey),
    token,
  ]) {
    assertRefused(await present(wrong), 401, 'invalid_client')
  }
})

test('a realm in trouble is told in the words of OAuth, and the session stays', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const [alice, bob] = [await stage.loggedIn('alice'), await stage.loggedIn('bob')]
  assertRefused(await ask(stage, { subject_token: await sentTo(stage, bob, 'asker') }), 403, 'access_denied')
  await stage.models.stopListening()
  const answer = await ask(stage, { subject_token: await sentTo(stage, alice, 'asker') })
  assertRefused(answer, 503, 'temporarily_unavailable')
  assert.ok(Number(answer.headers['retry-after']) >= 1)
  for (const browser of [alice, bob]) assert.equal(await statusOf(stage, browser, '/reports/x'), 200)
})

testPairOnBothFronts(
  'where the configuration dares, a script of our own origin gets the person’s token, and nobody else does',
  async (stage) => {
    const alice = await stage.loggedIn()
    const url = stage.url('/auth/token/models')
    const own = { headers: { 'x-doorman': '1' } }
    const early = await alice.fetch(url, own)
    assert.equal(early.status, 401)
    assert.deepEqual(
      [JSON.parse(early.body).code, JSON.parse(early.body).login_url],
      ['second_login_required', stage.url('/auth/login/models')],
    )
    await alice.follow(stage.url('/models/x'))
    const answer = await alice.fetch(url, own)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const { access_token: token, refresh_token: refreshToken } = JSON.parse(answer.body)
    assert.equal(decode(token).sub, ALICE_OF_MODELS)
    assert.equal(refreshToken, undefined)
    for (const headers of [
      {},
      { ...own.headers, 'sec-fetch-site': 'same-site' },
      { ...own.headers, 'sec-fetch-site': 'cross-site' },
      { ...own.headers, 'sec-fetch-site': 'none' },
      { ...own.headers, origin: 'https://evil.example' },
      { ...own.headers, origin: 'null' },
    ]) {
      assert.equal((await alice.fetch(url, { headers })).status, 403, JSON.stringify(headers))
    }
    assert.equal(
      (await askGateway(stage, '/auth/token/models', { headers: { cookie: cookieOf(stage, alice), 'x-doorman': '1' } }))
        .status,
      403,
    )
    assert.equal((await stage.browser().fetch(url, own)).status, 401)
    for (const realm of ['grants', 'robots']) {
      assert.equal((await alice.fetch(stage.url(`/auth/token/${realm}`), own)).status, 405)
    }
  },
  OFFICE,
)
