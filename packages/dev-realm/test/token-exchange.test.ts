// What the contract with a real Keycloak cannot show: clocks, faults, and clients the realm files do not have.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULTS, GRANT_TYPES } from '@doorman/dev-realm'
import { ask, exchange, pairFor, refusalOf } from './support/realm-pair.ts'
import { claimsOf, obtainTokens, refresh } from './support/relying-party.ts'

const INVALID_TOKEN = [400, 'invalid_request', 'Invalid token']

test('an expired subject token is an invalid token', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const pair = await pairFor(t)
  const { access_token: token } = await obtainTokens(pair.main)
  t.mock.timers.setTime(Date.now() + 60_000)
  assert.deepEqual(refusalOf(await exchange(pair, token)), INVALID_TOKEN)
})

test('the subject token of a disabled person, or of a revoked one, is an invalid token', async (t) => {
  const pair = await pairFor(t)
  const { access_token: token } = await obtainTokens(pair.main)
  pair.main.directory.setUser('alice', { enabled: false })
  assert.deepEqual(refusalOf(await exchange(pair, token)), INVALID_TOKEN)
  pair.main.directory.setUser('alice', { enabled: true })
  assert.equal((await exchange(pair, token)).status, 200)
  await ask(pair.main, 'web-gateway', { token: String(token) }, 'revoke')
  assert.deepEqual(refusalOf(await exchange(pair, token)), INVALID_TOKEN)
})

test('roles are looked up anew', async (t) => {
  const pair = await pairFor(t)
  const { access_token: token } = await obtainTokens(pair.main)
  pair.main.directory.setUser('alice', { realmRoles: ['admin'], clientRoles: {} })
  const { json } = await exchange(pair, token)
  assert.deepEqual(claimsOf(json.access_token).realm_access, { roles: ['default-roles-main', 'admin'] })
  assert.equal((await exchange(pair, token, { audience: 'billing' })).json.error, 'invalid_request')
})

test('a client in the audience may exchange, and gets no part in the session', async (t) => {
  const pair = await pairFor(t)
  const billing = {
    clientId: 'billing',
    secret: 'billing-test-secret',
    redirectUris: [],
    audiences: [],
    exchange: true,
  }
  pair.main.directory.setClient(billing)
  const { access_token: token } = await obtainTokens(pair.main)
  const first = await exchange(pair, token, { audience: 'billing', scope: 'billing-audience' })
  const { json } = await exchange(pair, first.json.access_token, { audience: 'reports' }, 'billing')
  const claims = claimsOf(json.access_token)
  assert.deepEqual([claims.azp, claims.aud, claims.sid], ['billing', 'reports', claimsOf(token).sid])
  assert.match(String(claims.jti), /^ntrtte:/)
  assert.deepEqual(pair.main.sessions()[0]?.clientIds, ['web-gateway'])
  const introspected = () => ask(pair.main, 'reports', { token: String(json.access_token) }, 'token/introspect')
  assert.equal((await introspected()).json.active, true)
  pair.main.endSessionsOf('alice')
  assert.deepEqual((await introspected()).json, { active: false })
})

test('two audiences may be asked for; any other parameter only once', async (t) => {
  const pair = await pairFor(t)
  const { access_token: token } = await obtainTokens(pair.main)
  const send = async (repeated: string, ...values: readonly string[]) => {
    const body = new URLSearchParams({
      grant_type: GRANT_TYPES.tokenExchange,
      client_id: 'web-gateway',
      client_secret: 'web-gateway-test-secret',
      subject_token: String(token),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    })
    for (const value of values) body.append(repeated, value)
    return fetch(`${pair.main.issuer}/protocol/openid-connect/token`, { method: 'POST', body })
  }
  const both = (await (await send('audience', 'billing', 'reports')).json()) as { readonly access_token: string }
  assert.deepEqual([claimsOf(both.access_token).aud].flat().toSorted(), ['billing', 'reports'])
  const lacking = (await (await send('audience', 'other-gateway', 'disabled-client')).json()) as object
  assert.deepEqual(lacking, { error: 'invalid_client', error_description: 'Client disabled' })
  assert.equal((await send('scope', 'openid', 'openid')).status, 400)
})

test('a lightweight token says nobody and nothing; introspection does', async (t) => {
  const pair = await pairFor(t)
  const gateway = pair.main.directory.findClient('web-gateway')
  assert.ok(gateway)
  pair.main.directory.setClient({ ...gateway, lightweightTokens: true })
  const { access_token: token } = await obtainTokens(pair.main)
  const claims = claimsOf(token)
  assert.deepEqual(Object.keys(claims).toSorted(), ['azp', 'exp', 'iat', 'iss', 'jti', 'scope', 'sid', 'typ'])
  assert.match(String(claims.jti), /^onltac:/)
  const { json } = await ask(pair.main, 'web-gateway', { token: String(token) }, 'token/introspect')
  assert.deepEqual([json.active, json.username, json.sub], [true, 'alice', '00000000-0000-4000-8000-000000000001'])
  const outside = await ask(pair.main, 'other-gateway', { token: String(token) }, 'token/introspect')
  assert.deepEqual(outside.json, { active: false })
})

test('faults meet exchanges as they meet every call of the token endpoint', async (t) => {
  const pair = await pairFor(t)
  const tokens = await obtainTokens(pair.main)
  pair.main.faults.once('token', FAULTS.booting)
  assert.equal((await exchange(pair, tokens.access_token)).status, 503)
  pair.main.faults.tokenResponse({ issued_token_type: 'something-else' })
  assert.equal((await exchange(pair, tokens.access_token)).json.issued_token_type, 'something-else')
  pair.main.faults.expiresIn = 1
  assert.equal((await exchange(pair, tokens.access_token)).json.expires_in, 1)
  pair.main.faults.clear()
  assert.equal((await refresh(pair.main, tokens.refresh_token)).status, 200)
})

test('calls tell exchanges, grants, client credentials and introspections apart, and hold no token', async (t) => {
  const pair = await pairFor(t)
  const tokens = await obtainTokens(pair.main)
  const { json } = await exchange(pair, tokens.access_token, { audience: 'billing', scope: 'billing-audience' })
  await ask(pair.main, 'web-gateway', { grant_type: GRANT_TYPES.clientCredentials })
  await ask(pair.main, 'billing', { token: String(json.access_token) }, 'token/introspect')
  const { calls } = pair.main
  assert.equal(calls.count('token', GRANT_TYPES.tokenExchange), 1)
  assert.equal(calls.count('token', GRANT_TYPES.clientCredentials), 1)
  assert.equal(calls.count('introspect'), 1)
  assert.equal(calls.list('token')[1]?.parameters.audience, 'billing')
  const told = JSON.stringify(calls.list())
  for (const token of [tokens.access_token, json.access_token]) assert.equal(told.includes(String(token)), false)
})
