import assert from 'node:assert/strict'
import { createHash, createPublicKey, type JsonWebKey as PublicJwk, verify } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { type DevRealm, FAULTS, type Fault, type IdTokenFault, type MetRequest } from '@doorman/dev-realm'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { createBrowser } from '../src/browser.ts'
import {
  authorizationUrl,
  claimsOf,
  introspect,
  logIn,
  obtainTokens,
  redeem,
  refresh,
  responseOf,
  startRealm,
} from './support/relying-party.ts'

async function realmFor(t: TestContext, options = {}) {
  const realm = await startRealm(options)
  t.after(() => realm.close())
  return realm
}

async function keySetOf(realm: DevRealm): Promise<JSONWebKeySet> {
  const answer = await fetch(`${realm.issuer}/protocol/openid-connect/certs`)
  return (await answer.json()) as JSONWebKeySet
}

async function isVerifiable(realm: DevRealm, token: unknown): Promise<boolean> {
  const keys = createLocalJWKSet(await keySetOf(realm))
  return jwtVerify(String(token), keys, { issuer: realm.issuer }).then(
    () => true,
    () => false,
  )
}

const TRIED: ReadonlyArray<readonly [name: string, fault: Fault, status: number, type: RegExp]> = [
  ['a server error', FAULTS.serverError, 500, /json/],
  ['a bad gateway', FAULTS.badGateway, 502, /html/],
  ['a booting Keycloak', FAULTS.booting, 503, /text\/plain/],
  ['a page', FAULTS.html, 200, /html/],
  ['a wrong client', FAULTS.invalidClient, 401, /json/],
  ['a disabled realm', FAULTS.realmDisabled, 403, /json/],
  ['a missing realm', FAULTS.realmMissing, 404, /json/],
  ['too many requests', FAULTS.tooManyRequests, 429, /text\/plain/],
]

for (const [name, fault, status, type] of TRIED) {
  test(`the next token request can meet ${name}, the one after it succeeds`, async (t) => {
    const realm = await realmFor(t)
    const tokens = await obtainTokens(realm)
    realm.faults.once('token', fault)
    const answer = await fetch(`${realm.issuer}/protocol/openid-connect/token`, { method: 'POST' })
    await answer.text()
    assert.equal(answer.status, status)
    assert.match(answer.headers.get('content-type') ?? '', type)
    assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
  })
}

test('broken JSON is broken', async (t) => {
  const realm = await realmFor(t)
  realm.faults.once('token', FAULTS.brokenJson)
  await assert.rejects(refresh(realm, 'any'), SyntaxError)
})

test('a standing fault meets every request until it is taken away', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  const stop = realm.faults.every('token', FAULTS.booting)
  for (let round = 0; round < 2; round += 1) assert.equal((await refresh(realm, tokens.refresh_token)).status, 503)
  stop()
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
})

test('a connection cut before processing leaves the refresh token unused, cut after it has used it', async (t) => {
  const settings = { revokeRefreshToken: true }
  const realm = await realmFor(t, { settings })
  const tokens = await obtainTokens(realm)
  realm.faults.once('token', FAULTS.cutBefore)
  await assert.rejects(refresh(realm, tokens.refresh_token), TypeError)
  realm.faults.once('token', FAULTS.cutAfter)
  await assert.rejects(refresh(realm, tokens.refresh_token), TypeError)
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 400)
  assert.equal(realm.calls.list('token').at(-2)?.outcome().kind, 'cut')
})

test('an answer lost after processing is forgiven with one reuse', async (t) => {
  const realm = await realmFor(t, { settings: { revokeRefreshToken: true, refreshTokenMaxReuse: 1 } })
  const tokens = await obtainTokens(realm)
  realm.faults.once('token', FAULTS.serverErrorAfter)
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 500)
  const { status, json } = await refresh(realm, tokens.refresh_token)
  assert.equal(status, 200)
  assert.equal((await refresh(realm, json.refresh_token)).status, 200)
})

test('an answer cut in its middle has been processed', async (t) => {
  const realm = await realmFor(t, { settings: { revokeRefreshToken: true } })
  const tokens = await obtainTokens(realm)
  realm.faults.once('token', FAULTS.cutWithin)
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) })
  const headers = { authorization: `Basic ${btoa('web-gateway:web-gateway-test-secret')}` }
  const answer = await fetch(`${realm.issuer}/protocol/openid-connect/token`, { method: 'POST', headers, body })
  assert.equal(answer.status, 200)
  await assert.rejects(answer.text(), TypeError)
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 400)
})

test('a decider gives each request the faults that fit it, and other faults come first', async (t) => {
  const realm = await realmFor(t, { settings: { revokeRefreshToken: true } })
  const tokens = await obtainTokens(realm)
  const met: MetRequest[] = []
  const gone = Promise.resolve()
  const stop = realm.faults.decide('token', (request) => {
    met.push(request)
    return [{ kind: 'wait', moment: 'before', until: gone }, FAULTS.badGateway]
  })
  realm.faults.once('token', FAULTS.booting)
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 503)
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 502)
  stop()
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
  assert.deepEqual(
    met.map(({ form, port }) => [form.get('refresh_token'), port > 0]),
    [[tokens.refresh_token, true]],
  )
})

test('a held token request waits until it is released', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  const hold = realm.faults.holdToken()
  let isAnswered = false
  const answers = [1, 2].map(() => refresh(realm, tokens.refresh_token).finally(() => (isAnswered = true)))
  await hold.arrived(2)
  assert.deepEqual([hold.waiting(), isAnswered], [2, false])
  hold.release()
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status }) => status),
    [200, 200],
  )
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
})

test('a request held after processing has been processed', async (t) => {
  const realm = await realmFor(t)
  const code = (await logIn(realm)).get('code')
  const hold = realm.faults.hold('token', 'after')
  const answer = redeem(realm, code)
  await hold.arrived()
  assert.deepEqual(realm.sessions()[0]?.clientIds, ['web-gateway'])
  hold.release()
  assert.equal((await answer).status, 200)
})

test('closing the realm opens its gates', async () => {
  const realm = await startRealm()
  const hold = realm.faults.holdToken()
  const answer = refresh(realm, 'any').catch(() => null)
  await hold.arrived()
  await realm.close()
  await answer
})

test('expires_in can say anything while exp tells the truth', async (t) => {
  const realm = await realmFor(t)
  realm.faults.expiresIn = 0
  const tokens = await obtainTokens(realm)
  assert.equal(tokens.expires_in, 0)
  assert.ok(Number(claimsOf(tokens.access_token).exp) > Date.now() / 1000 + 50)
})

test('members of a token response can be changed and left out', async (t) => {
  const realm = await realmFor(t)
  realm.faults.tokenResponse({ refresh_token: undefined, scope: 'openid' })
  const tokens = await obtainTokens(realm)
  assert.equal('refresh_token' in tokens, false)
  assert.equal(tokens.scope, 'openid')
  assert.equal('refresh_token' in (await obtainTokens(realm)), true)
})

const CLAIM_FAULTS: ReadonlyArray<readonly [IdTokenFault, (claims: Record<string, unknown>) => boolean]> = [
  ['wrong-issuer', ({ iss }) => String(iss).endsWith('-of-somebody-else')],
  ['wrong-audience', ({ aud }) => aud === 'somebody-else'],
  ['strange-audience', ({ aud }) => Array.isArray(aud) && aud.includes('web-gateway')],
  ['wrong-azp', ({ azp }) => azp === 'somebody-else'],
  ['wrong-nonce', ({ nonce }) => nonce !== 'nonce-1'],
  ['missing-nonce', ({ nonce }) => nonce === undefined],
  ['missing-subject', ({ sub }) => sub === undefined],
  ['other-subject', ({ sub }) => sub !== undefined && !String(sub).endsWith('1')],
  ['expired', ({ exp }) => Number(exp) < Date.now() / 1000 - 1000],
  ['from-the-future', ({ iat }) => Number(iat) > Date.now() / 1000 + 1000],
  [{ claims: { acr: 'silver' } }, ({ acr }) => acr === 'silver'],
]

for (const [fault, isWrong] of CLAIM_FAULTS) {
  test(`the next ID token can be wrong: ${JSON.stringify(fault)}; its signature is right`, async (t) => {
    const realm = await realmFor(t)
    realm.faults.idToken(fault)
    const { id_token: token } = await obtainTokens(realm)
    assert.equal(isWrong(claimsOf(token)), true)
    const keys = createLocalJWKSet(await keySetOf(realm))
    await jwtVerify(String(token), keys, { currentDate: new Date(0) })
    assert.equal(isWrong(claimsOf((await obtainTokens(realm)).id_token)), false)
  })
}

test('the next at_hash can be wrong; otherwise it is right', async (t) => {
  const realm = await realmFor(t)
  const isRight = ({ id_token: id, access_token: access }: Record<string, unknown>) => {
    const half = createHash('sha256').update(String(access)).digest().subarray(0, 16)
    return claimsOf(id).at_hash === half.toString('base64url')
  }
  realm.faults.idToken('wrong-access-token-hash')
  assert.equal(isRight(await obtainTokens(realm)), false)
  assert.equal(isRight(await obtainTokens(realm)), true)
})

for (const fault of ['bad-signature', 'unknown-key', 'algorithm-none', 'algorithm-hs256'] as const) {
  test(`the next ID token can be unverifiable: ${fault}`, async (t) => {
    const realm = await realmFor(t)
    realm.faults.idToken(fault)
    const { id_token: token } = await obtainTokens(realm)
    assert.equal(await isVerifiable(realm, token), false)
    assert.equal(await isVerifiable(realm, (await obtainTokens(realm)).id_token), true)
  })
}

test('a bad signature names a published key, an unknown key does not', async (t) => {
  const realm = await realmFor(t)
  const kids = (await keySetOf(realm)).keys.map(({ kid }) => kid)
  const kidOf = async (fault: IdTokenFault) => {
    realm.faults.idToken(fault)
    return decodeProtectedHeader(String((await obtainTokens(realm)).id_token)).kid
  }
  assert.equal(kids.includes(await kidOf('bad-signature')), true)
  assert.equal(kids.includes(await kidOf('unknown-key')), false)
})

test('there can be no ID token', async (t) => {
  const realm = await realmFor(t)
  realm.faults.idToken('absent')
  assert.equal('id_token' in (await obtainTokens(realm)), false)
})

test('a forced acr stands in the token whatever was asked for', async (t) => {
  const realm = await realmFor(t)
  realm.faults.acr = 'silver'
  assert.equal(claimsOf((await obtainTokens(realm, 'alice', { acr_values: 'gold' })).id_token).acr, 'silver')
})

test('the next authorization response can lack iss, or name another, or another state', async (t) => {
  const realm = await realmFor(t)
  realm.faults.authorization('omit-iss')
  assert.equal((await logIn(realm)).has('iss'), false)
  realm.faults.authorization('wrong-iss')
  assert.notEqual((await logIn(realm)).get('iss'), realm.issuer)
  realm.faults.authorization('wrong-state')
  assert.notEqual((await logIn(realm)).get('state'), 'state-1')
  assert.equal((await logIn(realm)).get('iss'), realm.issuer)
})

for (const [fault, error, description] of [
  ['authentication-expired', 'temporarily_unavailable', 'authentication_expired'],
  ['access-denied', 'access_denied', null],
  ['server-error', 'server_error', 'Unexpected error'],
] as const) {
  test(`the next authorization request can be answered with ${error}`, async (t) => {
    const realm = await realmFor(t)
    realm.faults.authorization(fault)
    const response = responseOf(await createBrowser().navigate(authorizationUrl(realm)))
    assert.deepEqual([response.get('error'), response.get('error_description')], [error, description])
    assert.deepEqual([response.get('state'), response.get('iss')], ['state-1', realm.issuer])
    assert.equal((await logIn(realm)).has('code'), true)
  })
}

test('a new key signs at once; the old one stays published', async (t) => {
  const realm = await realmFor(t)
  const before = await obtainTokens(realm)
  await realm.rotateKeys('keep')
  const after = await obtainTokens(realm)
  assert.notEqual(decodeProtectedHeader(String(after.id_token)).kid, decodeProtectedHeader(String(before.id_token)).kid)
  assert.equal(await isVerifiable(realm, before.id_token), true)
  assert.equal(await isVerifiable(realm, after.id_token), true)
  assert.equal((await introspect(realm, before.access_token)).json.active, true)
})

test('a removed key takes its access tokens with it, refresh tokens survive', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  await realm.rotateKeys('remove')
  assert.equal(await isVerifiable(realm, tokens.id_token), false)
  assert.equal((await introspect(realm, tokens.access_token)).json.active, false)
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
})

test('the key set holds an encryption key too, which is not for signatures', async (t) => {
  const realm = await realmFor(t)
  const { keys } = await keySetOf(realm)
  assert.deepEqual(keys.map(({ use }) => use).sort(), ['enc', 'sig'])
  const { id_token: token } = await obtainTokens(realm)
  const [header, claims, signature] = String(token).split('.')
  const key = createPublicKey({ key: keys.find(({ use }) => use === 'sig') as PublicJwk, format: 'jwk' })
  const isSigned = verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature ?? '', 'base64url'))
  assert.equal(isSigned, true)
})

test('a realm that is away refuses connections and comes back with its sessions', async (t) => {
  const realm = await realmFor(t)
  const tokens = await obtainTokens(realm)
  await realm.stopListening()
  await assert.rejects(refresh(realm, tokens.refresh_token), TypeError)
  await realm.startListening()
  assert.equal((await refresh(realm, tokens.refresh_token)).status, 200)
})
