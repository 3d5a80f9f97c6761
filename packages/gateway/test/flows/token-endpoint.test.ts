// A second realm's token for a service that acts for a person, and for a page where the configuration dares.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { GRANT_TYPES } from '@doorman/dev-realm'
import { type JWTPayload, SignJWT } from 'jose'
import { askGateway, cookieOf, createShiftedClock, decode, eventsOf, statusOf } from '../support/flow.ts'
import { ALICE_OF_MODELS, setPairStage, testPairOnBothFronts } from '../support/pair-stage.ts'
import { askToken, assertTokenRefused, OFFICE, SECRET, SIGNERS_KEY, sentTo } from '../support/token-office.ts'

testPairOnBothFronts(
  'a service that proves itself has the person’s token, and never a refresh token',
  async (stage) => {
    const alice = await stage.loggedIn()
    const token = await sentTo(stage, alice, 'asker')
    const answer = await askToken(stage, { subject_token: token })
    assert.equal(answer.status, 200, answer.body)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const { access_token: accessToken, ...rest } = JSON.parse(answer.body)
    assert.deepEqual(Object.keys(rest).toSorted(), ['expires_at', 'expires_in', 'scope', 'token_type'])
    assert.equal(decode(accessToken).sub, ALICE_OF_MODELS)
    const again = await askToken(stage, { subject_token: token, client_id: 'asker', client_secret: SECRET }, {})
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
  const early = await askToken(stage, { subject_token: await sentTo(stage, alice, 'asker') }, undefined, 'models')
  assertTokenRefused(early, 403, 'interaction_required')
  assert.equal((await alice.follow(stage.url('/models/x'))).at(-1)?.status, 200)
  const tokens = []
  for (const realm of ['models', 'grants', 'robots', 'models', 'grants', 'robots']) {
    if (tokens.length === 3) clock.advance(61)
    const answer = await askToken(stage, { subject_token: await sentTo(stage, alice, 'asker') }, undefined, realm)
    assert.equal(answer.status, 200, realm)
    tokens.push(JSON.parse(answer.body).access_token)
  }
  t.after(() => clock.advance(-61))
  assert.equal(new Set(tokens).size, 6)
  assert.equal(stage.models.calls.count('token', GRANT_TYPES.refreshToken), 1)
})

test('a service with a key signs an assertion, which counts once and for us alone', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const token = await sentTo(stage, await stage.loggedIn(), 'signer')
  const sign = (claims: JWTPayload, key = SIGNERS_KEY) =>
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
    askToken(
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
  assertTokenRefused(await present(assertion), 401, 'invalid_client')
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
    assertTokenRefused(await present(wrong), 401, 'invalid_client')
  }
})

test('a realm in trouble is told in the words of OAuth, and the session stays', async (t) => {
  const stage = await setPairStage(t, OFFICE)
  const [alice, bob] = [await stage.loggedIn('alice'), await stage.loggedIn('bob')]
  assertTokenRefused(await askToken(stage, { subject_token: await sentTo(stage, bob, 'asker') }), 403, 'access_denied')
  await stage.models.stopListening()
  const answer = await askToken(stage, { subject_token: await sentTo(stage, alice, 'asker') })
  assertTokenRefused(answer, 503, 'temporarily_unavailable')
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
