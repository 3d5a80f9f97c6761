import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callerFromClaims } from '@doorman/resource-server'
import { sessionOf } from '../src/behind/caller-session.ts'
import { buildSession, type DoormanSession, refuseTokens } from '../src/session.ts'

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'
const SESSION: DoormanSession = {
  id: '1',
  sessionId: 'handle',
  name: 'Alice',
  email: null,
  roles: ['user'],
  clientRoles: { reports: ['read'] },
  tenant: 'acme',
  claims: { locale: 'de' },
}

test('a session has its own members and no others', () => {
  const source = { ...SESSION, accessToken: TOKEN, expiresAt: 7 }
  assert.deepEqual(buildSession(source), SESSION)
})

for (const claims of [
  { access_token: 'opaque' },
  { refreshToken: 'opaque' },
  { nested: { list: [{ id_token: 'opaque' }] } },
  { harmless: TOKEN },
  { harmless: `Bearer ${TOKEN}` },
  { client_secret: 'opaque' },
]) {
  test(`a session with ${JSON.stringify(Object.keys(claims))} is refused, and its value is not told`, () => {
    assert.throws(
      () => buildSession({ ...SESSION, claims }),
      (error) => error instanceof TypeError && !/opaque|eyJ/.test(error.message),
    )
  })
}

test('what is about tokens without being one is no token', () => {
  const claims = { token_budget: 1000, tokens: ['a'], accessToken: null, cookie_consent: true, nick: 'Bearer of news' }
  refuseTokens({ ...SESSION, clientRoles: { secret: ['read'] }, claims })
})

test('who is calling becomes a session, without what is about the token', () => {
  const caller = callerFromClaims('internal', {
    iss: 'https://app.example.com',
    aud: 'web',
    sub: '1',
    sid: 'handle',
    realm: 'main',
    client_id: 'web-gateway',
    roles: ['user'],
    client_roles: { reports: ['read'] },
    tenant: 'acme',
    iat: 1,
    exp: 2,
    jti: 'x',
    preferred_username: 'Alice',
    locale: 'de',
  })
  assert.deepEqual(sessionOf(caller), { ...SESSION, claims: { preferred_username: 'Alice', locale: 'de' } })
})

test('a caller without a session is nobody who is logged in here', () => {
  assert.equal(sessionOf(callerFromClaims('internal', { sub: '1', roles: [] })), null)
})
