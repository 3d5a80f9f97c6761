// Callers that are no browsers: access tokens of the realm open routes that say so, and nothing else does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GRANT_TYPES } from '@doorman/dev-realm'
import { type CryptoKey, exportSPKI, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import { type Backchannel, openBackchannel } from '../support/backchannel.ts'
import {
  askGateway,
  cookieOf,
  createShiftedClock,
  decode,
  type GatewayAnswer,
  problemCode,
  statusOf,
} from '../support/flow.ts'
import { type PairStage, setClient, setPairStage, testPairOnBothFronts, tokenSent } from '../support/pair-stage.ts'

const SERVICE_ACCOUNT = { realmRoles: ['robot'], clientRoles: {} }
const ROUTES = `
  - { path: "/either/*", service: agent, require: { login: true, via: [session, bearer] } }
  - { path: "/bearer/*", service: reports, require: { login: true, via: [bearer] } }
  - { path: "/exchanged/*", service: billing, require: { login: true, via: [bearer] } }
  - { path: "/models/*", service: models, require: { login: true, via: [session, bearer] } }
  - { path: "/robots/*", service: reports, require: { roles: [robot], via: [bearer] } }
  - { path: "/scoped/*", service: reports, require: { scopes: [email, invoices], via: [bearer] } }
  - { path: "/session/*", service: reports, require: { login: true } }
  - { path: "/open/*", service: feed, require: none }
`
const BOTH = { routes: ROUTES }

const authorizationOf = (token: string) => ({ authorization: `Bearer ${token}` })

/** An access token as a mobile app has it: of a person, for the gateway. */
async function aliceToken(stage: PairStage): Promise<string> {
  const alice = await stage.loggedIn()
  assert.equal(await statusOf(stage, alice, '/session/x'), 200)
  const token = tokenSent(stage) ?? ''
  ;(stage.upstream.received as unknown[]).length = 0
  return token
}

/** The realm's answer to client credentials of one of its clients. */
async function robotTokens(
  stage: PairStage,
  clientId: string,
  scope?: string,
): Promise<Readonly<Record<string, string>>> {
  setClient(stage.realm, clientId, { serviceAccount: SERVICE_ACCOUNT })
  const answer = await fetch(`${stage.realm.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientId}-test-secret`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }),
  })
  assert.equal(answer.status, 200)
  return (await answer.json()) as Record<string, string>
}

function assertRefused(stage: PairStage, answer: GatewayAnswer, status: number, code: string, error: string): void {
  assert.equal(answer.status, status, answer.body)
  assert.equal(JSON.parse(answer.body).code, code)
  const { host } = new URL(stage.publicUrl)
  assert.equal(answer.headers['www-authenticate'], `Bearer realm="${host}"${error === '' ? '' : `, error="${error}"`}`)
  assert.deepEqual(stage.upstream.received, [])
}

testPairOnBothFronts(
  'an access token opens a route that takes bearers, and its service receives its own credential',
  async (stage) => {
    const token = await aliceToken(stage)
    const app = stage.browser()
    for (const path of ['/either/x', '/bearer/x', '/exchanged/x']) {
      assert.equal((await app.fetch(stage.url(path), { headers: authorizationOf(token) })).status, 200, path)
    }
    const [internal, own, exchanged] = stage.upstream.received.map(({ headers }) => headers.authorization ?? '')
    const { sub, aud, client_id, sid, exp } = decode(internal ?? '')
    assert.deepEqual(
      { sub, aud, client_id, sid },
      { sub: decode(token).sub, aud: 'agent', client_id: 'web-gateway', sid: undefined },
    )
    assert.ok(Number(exp) <= Number(decode(token).exp), 'ours ends with theirs')
    assert.equal(own, `Bearer ${token}`)
    assert.equal(decode(exchanged ?? '').aud, 'billing')
    assert.deepEqual(app.cookies.names('localhost'), [])
  },
  BOTH,
)

testPairOnBothFronts(
  'a bearer needs no proof of its origin, because no browser adds one by itself',
  async (stage) => {
    const headers = authorizationOf(await aliceToken(stage))
    for (const evidence of [{}, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await askGateway(stage, '/either/x', { method: 'POST', headers: { ...headers, ...evidence } })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
    }
    assert.equal((await askGateway(stage, '/either/x', { method: 'POST' })).status, 403)
  },
  BOTH,
)

testPairOnBothFronts(
  'who brings nothing is asked for a bearer and told no error, and for a login where that is another way',
  async (stage) => {
    assertRefused(stage, await askGateway(stage, '/bearer/x'), 401, 'token_required', '')
    assertRefused(stage, await askGateway(stage, '/either/x'), 401, 'login_required', '')
    const basic = { headers: { authorization: 'Basic YWxpY2U6eA==' } }
    assertRefused(stage, await askGateway(stage, '/bearer/x', basic), 401, 'token_required', '')
    const alice = await stage.loggedIn()
    assert.equal(await statusOf(stage, alice, '/either/x'), 200)
    assert.equal(await statusOf(stage, alice, '/bearer/x'), 401)
    assert.equal((await stage.browser().navigate(stage.url('/either/x'))).status, 303)
    assert.equal((await stage.browser().navigate(stage.url('/bearer/x'))).status, 401)
  },
  BOTH,
)

test('a token beside a session, in the query, twice or in pieces is 400', async (t) => {
  const stage = await setPairStage(t, BOTH)
  const token = await aliceToken(stage)
  const headers = authorizationOf(token)
  const cookie = cookieOf(stage, await stage.loggedIn())
  const malformed: ReadonlyArray<readonly [path: string, headers: Readonly<Record<string, string>>]> = [
    ['/either/x', { ...headers, cookie }],
    ['/either/x', { ...headers, cookie: cookie.replace(/=.*/, '=nonsense') }],
    [`/either/x?access_token=${token}`, {}],
    ['/either/x?a=1&access_token=', headers],
    [`/bearer/x?access_token=${token}`, headers],
    ['/bearer/x', { authorization: 'Bearer' }],
    ['/bearer/x', { authorization: `Bearer ${token}, Bearer ${token}` }],
    ['/bearer/x', { authorization: `Bearer ${token} x` }],
  ]
  for (const [path, sent] of malformed) {
    assertRefused(stage, await askGateway(stage, path, { headers: sent }), 400, 'invalid_request', 'invalid_request')
  }
})

testPairOnBothFronts(
  'on every other route Authorization from outside is dropped',
  async (stage) => {
    const token = await aliceToken(stage)
    const headers = authorizationOf(token)
    assert.equal((await askGateway(stage, '/session/x', { headers })).status, 401)
    const bob = await stage.loggedIn('bob')
    assert.equal(
      (await askGateway(stage, '/session/x', { headers: { ...headers, cookie: cookieOf(stage, bob) } })).status,
      200,
    )
    assert.equal(decode(tokenSent(stage) ?? '').preferred_username, 'bob')
    assert.equal((await askGateway(stage, '/open/x', { headers })).status, 200)
    assert.equal(tokenSent(stage), undefined)
    assert.equal((await askGateway(stage, '/auth/user', { headers })).status, 401)
  },
  BOTH,
)

test('tokens of other kinds, for others or of nobody are refused', async (t) => {
  const ways: Backchannel[] = []
  const stage = await setPairStage(t, {
    ...BOTH,
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
  ;(stage.upstream.received as unknown[]).length = 0
  const forOthers = await robotTokens(stage, 'other-gateway')
  const ofUs = await robotTokens(stage, 'web-gateway', 'openid')
  const ofModels = await fetch(`${stage.models.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('model-robot:model-robot-test-secret')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  const tokens: Readonly<Record<string, string>> = {
    'an ID token': idToken,
    'an ID token of a service account': ofUs.id_token ?? '',
    'a refresh token': refreshToken,
    'an internal token of ours': internal,
    'a token for somebody else': forOthers.access_token ?? '',
    'a token of another realm': String(((await ofModels.json()) as Record<string, string>).access_token),
    ...(await forge(stage, token)),
  }
  for (const [kind, refused] of Object.entries(tokens)) {
    await t.test(`${kind} is refused`, async () => {
      assert.notEqual(refused, '')
      for (const path of ['/either/x', '/bearer/x', '/exchanged/x']) {
        const answer = await askGateway(stage, path, { headers: authorizationOf(refused) })
        assertRefused(stage, answer, 401, 'invalid_token', 'invalid_token')
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
  const stage = await setPairStage(t, { ...BOTH, gateway: { clock: clock.now } })
  const headers = authorizationOf(await aliceToken(stage))
  assert.equal((await askGateway(stage, '/bearer/x', { headers })).status, 200)
  ;(stage.upstream.received as unknown[]).length = 0
  clock.advance(60 + 31)
  t.after(() => clock.advance(-91))
  assertRefused(stage, await askGateway(stage, '/bearer/x', { headers }), 401, 'invalid_token', 'invalid_token')
})

test('a key the realm has changed to is fetched once, and unknown ones are not asked for by every request', async (t) => {
  const stage = await setPairStage(t, BOTH)
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
  const stage = await setPairStage(t, BOTH)
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

test('rules about the person apply to bearers, and a missing scope is named', async (t) => {
  const stage = await setPairStage(t, BOTH)
  const person = authorizationOf(await aliceToken(stage))
  const { access_token: robot = '' } = await robotTokens(stage, 'web-gateway')
  assert.equal((await askGateway(stage, '/robots/x', { headers: authorizationOf(robot) })).status, 200)
  const forbidden = await askGateway(stage, '/robots/x', { headers: person })
  assert.equal(forbidden.status, 403)
  assert.equal(JSON.parse(forbidden.body).code, 'forbidden')
  const scope = await askGateway(stage, '/scoped/x', { headers: person })
  assert.equal(scope.status, 403)
  const { host } = new URL(stage.publicUrl)
  assert.equal(
    scope.headers['www-authenticate'],
    `Bearer realm="${host}", error="insufficient_scope", scope="email invoices"`,
  )
})

test('a bearer cannot log in to a second realm', async (t) => {
  const stage = await setPairStage(t, BOTH)
  const headers = authorizationOf(await aliceToken(stage))
  const answer = await askGateway(stage, '/models/x', { headers })
  assert.equal(answer.status, 403)
  assert.equal(JSON.parse(answer.body).code, 'forbidden')
  assert.deepEqual(stage.upstream.received, [])
})

test('a bearer token the realm has revoked cannot be exchanged', async (t) => {
  const stage = await setPairStage(t, BOTH)
  const token = await aliceToken(stage)
  stage.realm.endSessionsOf('alice')
  const answer = await askGateway(stage, '/exchanged/x', { headers: authorizationOf(token) })
  assertRefused(stage, answer, 401, 'invalid_token', 'invalid_token')
  assert.equal(stage.realm.calls.count('token', GRANT_TYPES.refreshToken), 0)
  const alice = await stage.browser().fetch(stage.url('/bearer/x'))
  assert.equal(problemCode(alice), 'token_required')
})
