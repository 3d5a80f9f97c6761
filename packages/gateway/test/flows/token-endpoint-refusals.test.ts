// Who gets no token of a second realm: other tokens, other services, browsers, requests that are not what they should be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser } from '@doorman/dev-realm/browser'
import { generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { askGateway, cookieOf, createShiftedClock, decode, eventsOf } from '../support/flow.ts'
import { type PairStage, setPairStage, tokenSent } from '../support/pair-stage.ts'
import {
  askToken,
  assertTokenRefused,
  basic,
  FORM_HEADERS,
  OFFICE,
  SECRET,
  STRANGERS_SECRET,
  sentTo,
} from '../support/token-office.ts'

const clock = createShiftedClock()

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
      assertTokenRefused(await askToken(stage, { subject_token: token }), 400, 'invalid_grant')
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
  assertTokenRefused(await askToken(stage, { subject_token: token }), 400, 'invalid_grant')
  const fresh = await sentTo(stage, alice, 'asker')
  assert.equal((await askToken(stage, { subject_token: fresh })).status, 200)
  assert.equal((await alice.fetch(stage.url('/auth/logout'), { method: 'POST' })).status, 200)
  assertTokenRefused(await askToken(stage, { subject_token: fresh }), 400, 'invalid_grant')
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
    const answer = await askToken(stage, form, headers)
    assertTokenRefused(answer, 401, 'invalid_client')
    assert.equal(answer.headers['www-authenticate'], 'Basic realm="doorman"')
  }
  const twice = await askToken(stage, { ...form, client_id: 'asker', client_secret: SECRET })
  assertTokenRefused(twice, 400, 'invalid_request')
  const strangers = await sentTo(stage, await stage.loggedIn(), 'stranger')
  const stranger = await askToken(stage, { subject_token: strangers }, basic('stranger', STRANGERS_SECRET))
  assertTokenRefused(stranger, 403, 'unauthorized_client')
  const signer = await askToken(stage, form, basic('asker', SECRET), 'nothing')
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
    const answer = await askToken(stage, { subject_token: token }, { ...basic('asker', SECRET), ...headers } as Record<
      string,
      string
    >)
    assertTokenRefused(answer, 403, 'access_denied')
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  }
  assert.equal(
    (await askToken(stage, { subject_token: token }, { ...basic('asker', SECRET), 'sec-fetch-mode': 'cors' })).status,
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
    assertTokenRefused(await askToken(stage, form, { ...proof, ...headers }), 400, 'invalid_request')
  }
  const inQuery = await askGateway(stage, `/auth/token/grants?subject_token=${token}`, {
    method: 'POST',
    headers: { ...proof, ...FORM_HEADERS },
  })
  assertTokenRefused(inQuery, 400, 'invalid_request')
  assert.equal((await askGateway(stage, '/auth/token/grants', { headers: proof })).status, 405)
})
