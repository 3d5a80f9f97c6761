// Bearer tokens that are refused: of other kinds, for others, forged, ended, revoked.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GRANT_TYPES } from '@doorman/dev-realm'
import { type CryptoKey, exportSPKI, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import { type Backchannel, openBackchannel } from '../support/backchannel.ts'
import { aliceToken, assertBearerRefused, authorizationOf, BEARERS, robotTokens } from '../support/bearers.ts'
import { askGateway, createShiftedClock, decode, statusOf } from '../support/flow.ts'
import { askAsClient, type PairStage, setPairStage, tokenSent } from '../support/pair-stage.ts'

test('tokens of other kinds, for others or of nobody are refused', async (t) => {
  const ways: Backchannel[] = []
  const stage = await setPairStage(t, {
    ...BEARERS,
    async backchannel(realmUrl) {
      const way = await openBackchannel(realmUrl)
      t.after(() => way.close())
      ways.push(way)
      return way.origin
    },
  })
  const token = await aliceToken(stage)
  const login = ways
    .flatMap(({ calls }) => calls)
    .find(({ form }) => form.get('code') !== null && form.get('code') !== 'doorman-start-check')
  const { id_token: idToken, refresh_token: refreshToken } = JSON.parse(login?.body ?? '{}')
  const alice = await stage.loggedIn()
  assert.equal(await statusOf(stage, alice, '/either/x'), 200)
  const internal = tokenSent(stage) ?? ''
  stage.upstream.forget()
  const forOthers = await robotTokens(stage, 'other-gateway')
  const ofUs = await robotTokens(stage, 'web-gateway', 'openid')
  const ofModels = await askAsClient(stage.models, 'token', 'model-robot', { grant_type: 'client_credentials' })
  const tokens: Readonly<Record<string, string>> = {
    'an ID token': idToken,
    'an ID token of a service account': ofUs.id_token ?? '',
    'a refresh token': refreshToken,
    'an internal token of ours': internal,
    'a token for somebody else': forOthers.access_token ?? '',
    'a token of another realm': ofModels.access_token ?? '',
    ...(await forge(stage, token)),
  }
  for (const [kind, refused] of Object.entries(tokens)) {
    await t.test(`${kind} is refused`, async () => {
      assert.notEqual(refused, '')
      for (const path of ['/either/x', '/bearer/x', '/exchanged/x']) {
        const answer = await askGateway(stage, path, { headers: authorizationOf(refused) })
        assertBearerRefused(stage, answer, 401, 'invalid_token', 'invalid_token')
      }
    })
  }
  assert.equal(
    (await askGateway(stage, '/bearer/x', { headers: authorizationOf(ofUs.access_token ?? '') })).status,
    200,
  )
})

/** Access tokens as people without the realm's key could make them. */
async function forge(stage: PairStage, token: string): Promise<Readonly<Record<string, string>>> {
  const [header = '', body = '', signature = ''] = token.split('.')
  const claims = decode(token) as JWTPayload
  const kid = String(JSON.parse(Buffer.from(header, 'base64url').toString()).kid)
  const answer = await fetch(`${stage.realm.issuer}/protocol/openid-connect/certs`)
  const { keys } = (await answer.json()) as { readonly keys: readonly JWK[] }
  const realmKey = await importJWK(keys.find((key) => key.kid === kid) ?? {}, 'RS256', { extractable: true })
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const sign = (protectedHeader: { alg: string; kid?: string; [name: string]: unknown }) =>
    new SignJWT(claims).setProtectedHeader(protectedHeader).sign(privateKey)
  const spki = new TextEncoder().encode(await exportSPKI(realmKey as CryptoKey))
  const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    'a token with another body': `${header}.${segment({ ...claims, sub: 'mallory' })}.${signature}`,
    'a token with another signature': `${header}.${body}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
    'a token without its signature': `${header}.${body}.`,
    'a token without a signature': `${segment({ alg: 'none', typ: 'JWT' })}.${body}.`,
    'a token signed by somebody else': await sign({ alg: 'RS256', kid, typ: 'JWT' }),
    'a token that brings its own key': await sign({ alg: 'RS256', kid: 'own', jwk: { kty: 'RSA' }, typ: 'JWT' }),
    'a token signed with the public key as a secret': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid, typ: 'JWT' })
      .sign(spki),
    'a token of two parts': `${header}.${body}`,
    'no token at all': 'opaque',
    'a public key': Buffer.from(await exportSPKI(publicKey)).toString('base64url'),
  }
}

const clock = createShiftedClock()

test('an access token that has ended is refused, also one that was good a moment ago', async (t) => {
  const stage = await setPairStage(t, { ...BEARERS, gateway: { clock: clock.now } })
  const headers = authorizationOf(await aliceToken(stage))
  assert.equal((await askGateway(stage, '/bearer/x', { headers })).status, 200)
  stage.upstream.forget()
  clock.advance(60 + 31)
  t.after(() => clock.advance(-91))
  assertBearerRefused(stage, await askGateway(stage, '/bearer/x', { headers }), 401, 'invalid_token', 'invalid_token')
})

test('a key the realm has changed to is fetched once, and unknown ones are not asked for by every request', async (t) => {
  const stage = await setPairStage(t, BEARERS)
  const first = await aliceToken(stage)
  assert.equal((await askGateway(stage, '/bearer/x', { headers: authorizationOf(first) })).status, 200)
  await stage.realm.rotateKeys('keep')
  const { access_token: second = '' } = await robotTokens(stage, 'web-gateway')
  stage.realm.calls.clear()
  const ask = (token: string) => askGateway(stage, '/bearer/x', { headers: authorizationOf(token) })
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(second)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.equal(stage.realm.calls.count('certs'), 1)
  const { privateKey } = await generateKeyPair('RS256')
  for (let count = 0; count < 20; count += 1) {
    const bogus = await new SignJWT(decode(first) as JWTPayload)
      .setProtectedHeader({ alg: 'RS256', kid: `bogus-${count}`, typ: 'JWT' })
      .sign(privateKey)
    assert.equal((await ask(bogus)).status, 401)
  }
  assert.ok(stage.realm.calls.count('certs') <= 2, `${stage.realm.calls.count('certs')} fetches`)
  assert.equal((await ask(first)).status, 200)
})

test('while the realm is down its known keys verify, and a token of an unknown one is 503', async (t) => {
  const stage = await setPairStage(t, BEARERS)
  const known = await aliceToken(stage)
  const { access_token: robot = '' } = await robotTokens(stage, 'web-gateway')
  assert.equal((await askGateway(stage, '/bearer/x', { headers: authorizationOf(known) })).status, 200)
  await stage.realm.rotateKeys('keep')
  const { access_token: later = '' } = await robotTokens(stage, 'web-gateway')
  await stage.realm.stopListening()
  assert.equal((await askGateway(stage, '/bearer/x', { headers: authorizationOf(robot) })).status, 200)
  const answer = await askGateway(stage, '/bearer/x', { headers: authorizationOf(later) })
  assert.equal(answer.status, 503)
  assert.ok(Number(answer.headers['retry-after']) >= 1)
  assert.equal(answer.headers['www-authenticate'], undefined)
  assert.equal(stage.upstream.received.length, 2)
})

test('a bearer token the realm has revoked cannot be exchanged', async (t) => {
  const stage = await setPairStage(t, BEARERS)
  const token = await aliceToken(stage)
  stage.realm.endSessionsOf('alice')
  const answer = await askGateway(stage, '/exchanged/x', { headers: authorizationOf(token) })
  assertBearerRefused(stage, answer, 401, 'invalid_token', 'invalid_token')
  assert.equal(stage.realm.calls.count('token', GRANT_TYPES.refreshToken), 0)
})
