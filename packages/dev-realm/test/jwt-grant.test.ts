// What the contract with a real Keycloak cannot show: assertions that no realm would sign. The words are Keycloak 26.7.5's.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type DevIdentityProvider, GRANT_TYPES, MODELS_USERS, startDevRealm } from '@doorman/dev-realm'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { ask, grantByJwt, obtainAssertion, pairFor, refusalOf } from './support/realm-pair.ts'
import { claimsOf, post, type TokenAnswer, uniqueId } from './support/relying-party.ts'

const ISSUER = 'http://signer.example'
const SUBJECT = '00000000-0000-4000-8000-000000000001'

/** A realm that takes assertions of a key held here. */
async function signerFor(t: TestContext, changes: Partial<DevIdentityProvider> = {}) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] })
  const server = createServer((_request, response) => response.end(keySet)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const realm = await startDevRealm({
    realm: 'models',
    users: MODELS_USERS,
    identityProviders: [{ alias: 'main', issuer: ISSUER, jwksUrl, jwtGrant: true, ...changes }],
    clients: [
      { clientId: 'model-gateway', secret: 's', redirectUris: [], jwtGrant: { identityProviders: ['main'] } },
      { clientId: 'stranger', secret: 's', redirectUris: [], jwtGrant: { identityProviders: ['other'] } },
    ],
  })
  t.after(async () => {
    await realm.close()
    server.closeAllConnections()
    server.close()
  })
  const now = Math.floor(Date.now() / 1000)
  const sign = (claims: Readonly<Record<string, unknown>>, kid = 'k1') => {
    const usual = { iss: ISSUER, sub: SUBJECT, aud: realm.issuer, iat: now, exp: now + 60, jti: uniqueId() }
    const token = new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: 'ES256', kid })
    return token.sign(privateKey)
  }
  const grant = (assertion: string, clientId = 'model-gateway'): Promise<TokenAnswer> => {
    const credentials = { client_id: clientId, client_secret: 's' }
    return post(realm, 'token', { ...credentials, grant_type: GRANT_TYPES.jwtBearer, assertion })
  }
  return { realm, now, sign, grant }
}

for (const [what, change] of [
  ['for the realm', () => ({})],
  ['for the realm, as a list of one', (issuer: string) => ({ aud: [issuer] })],
  ['for the token endpoint', (issuer: string) => ({ aud: `${issuer}/protocol/openid-connect/token` })],
  ['that lives for long', (_issuer: string, now: number) => ({ exp: now + 900 })],
  ['of almost 300 seconds', (_issuer: string, now: number) => ({ iat: now - 290 })],
  ['without time of issue', () => ({ iat: undefined })],
] as const) {
  test(`an assertion ${what} is accepted`, async (t) => {
    const { realm, now, sign, grant } = await signerFor(t)
    assert.equal((await grant(await sign(change(realm.issuer, now)))).status, 200)
  })
}

for (const [what, change, words] of [
  ['without issuer', () => ({ iss: undefined }), 'Missing claim: iss'],
  ['without subject', () => ({ sub: undefined }), 'Missing claim: sub'],
  ['of another issuer', () => ({ iss: 'http://other.example' }), 'No Identity Provider for provided issuer'],
  ['without end', () => ({ exp: undefined }), 'Token exp claim is required'],
  ['that has ended', (now: number) => ({ iat: now - 100, exp: now - 3 }), 'Token is not active'],
  ['that has not begun', (now: number) => ({ nbf: now + 60 }), 'Token is not active'],
  ['from the future', (now: number) => ({ iat: now + 3 }), 'Token was issued in the future'],
  ['of 301 seconds', (now: number) => ({ iat: now - 301 }), 'Token was issued too far in the past to be used now'],
  ['without identity', () => ({ jti: undefined }), 'Token jti claim is required'],
  ['without audience', () => ({ aud: undefined }), 'Invalid token audience'],
  ['for two', () => ({ aud: ['a', 'b'] }), 'Multiple audiences not allowed'],
  ['about nobody known', () => ({ sub: 'nobody' }), 'User not found'],
] as const) {
  test(`an assertion ${what} is refused: ${words}`, async (t) => {
    const { now, sign, grant } = await signerFor(t)
    assert.deepEqual(refusalOf(await grant(await sign(change(now)))), [400, 'invalid_grant', words])
  })
}

test('an unknown key, or a key set that cannot be had, is an invalid signature', async (t) => {
  const reachable = await signerFor(t)
  const expected = [400, 'invalid_grant', 'Invalid signature']
  assert.deepEqual(refusalOf(await reachable.grant(await reachable.sign({}, 'k2'))), expected)
  const unreachable = await signerFor(t, { jwksUrl: 'http://127.0.0.1:1/' })
  assert.deepEqual(refusalOf(await unreachable.grant(await unreachable.sign({}))), expected)
})

test('a provider without the switch, or not the one of the client, is refused', async (t) => {
  const off = await signerFor(t, { jwtGrant: false })
  const unknown = [400, 'invalid_grant', 'No Identity Provider for provided issuer']
  assert.deepEqual(refusalOf(await off.grant(await off.sign({}))), unknown)
  const on = await signerFor(t)
  const notAllowed = [400, 'invalid_grant', 'Identity Provider is not allowed for the client']
  assert.deepEqual(refusalOf(await on.grant(await on.sign({}), 'stranger')), notAllowed)
})

test('a disabled person is refused', async (t) => {
  const { realm, sign, grant } = await signerFor(t)
  realm.directory.setUser('alice', { enabled: false })
  assert.deepEqual(refusalOf(await grant(await sign({}))), [400, 'invalid_grant', 'User is not enabled'])
})

test('the key set of the other realm is fetched over HTTP, and again for a new key', async (t) => {
  const pair = await pairFor(t)
  assert.equal((await grantByJwt(pair, await obtainAssertion(pair))).status, 200)
  await pair.main.rotateKeys('remove')
  assert.equal((await grantByJwt(pair, await obtainAssertion(pair))).status, 200)
  assert.equal(pair.main.calls.count('certs'), 2)
  assert.equal(pair.models.calls.count('token', GRANT_TYPES.jwtBearer), 2)
})

test('the token by the grant dies with its person', async (t) => {
  const pair = await pairFor(t)
  const { json } = await grantByJwt(pair, await obtainAssertion(pair))
  assert.equal(claimsOf(json.access_token).sid, undefined)
  const introspected = () => ask(pair.models, 'llm', { token: String(json.access_token) }, 'token/introspect')
  assert.equal((await introspected()).json.active, true)
  pair.models.directory.setUser('alice', { enabled: false })
  assert.deepEqual((await introspected()).json, { active: false })
})
