import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildAccessTokenHash,
  type IdTokenExpectation,
  isAcrAcceptable,
  validateIdToken,
} from '../../src/realm/id-token.ts'
import type { IdTokenClaims } from '../../src/realm/token-set.ts'

const NOW = 1_800_000_000
const ACCESS_TOKEN = 'the-access-token'

const expectation: IdTokenExpectation = {
  issuer: 'https://sso.example.com/realms/main',
  clientId: 'web-gateway',
  algorithm: 'RS256',
  accessToken: ACCESS_TOKEN,
  nonce: 'the-nonce',
  maxAgeSeconds: null,
  clockToleranceSeconds: 10,
  now: NOW,
}

const claims = {
  iss: 'https://sso.example.com/realms/main',
  sub: 'alice',
  aud: 'web-gateway',
  azp: 'web-gateway',
  typ: 'ID',
  exp: NOW + 60,
  iat: NOW,
  auth_time: NOW - 100,
  nonce: 'the-nonce',
  sid: 'the-sid',
  acr: '1',
  at_hash: buildAccessTokenHash(ACCESS_TOKEN, 'RS256'),
}

interface Row {
  readonly name: string
  readonly claims?: Readonly<Record<string, unknown>>
  readonly expected?: Partial<IdTokenExpectation>
}

const accepted: readonly Row[] = [
  { name: 'an ID token as Keycloak issues it' },
  { name: 'an audience list that names only us', claims: { aud: ['web-gateway'] } },
  {
    name: 'a token without azp, at_hash, sid, acr and auth_time',
    claims: { azp: undefined, at_hash: undefined, sid: undefined, acr: undefined, auth_time: undefined },
  },
  { name: 'an exp that has passed within the tolerance', claims: { exp: NOW - 9 } },
  { name: 'an iat ahead of us within the tolerance', claims: { iat: NOW + 10 } },
  { name: 'a subject of 255 characters', claims: { sub: 'a'.repeat(255) } },
  { name: 'a login as old as max_age allows', claims: { auth_time: NOW - 300 }, expected: { maxAgeSeconds: 300 } },
  { name: 'no nonce when none was sent', claims: { nonce: undefined }, expected: { nonce: null } },
]

for (const row of accepted) {
  test(`accepts ${row.name}`, () => {
    assert.equal(validateIdToken({ ...claims, ...row.claims }, { ...expectation, ...row.expected }).kind, 'valid')
  })
}

const refused: ReadonlyArray<Row & { readonly reason: string }> = [
  { reason: 'iss', name: 'an issuer with one character more', claims: { iss: 'https://sso.example.com/realms/main2' } },
  { reason: 'iss', name: 'an issuer with a trailing slash', claims: { iss: 'https://sso.example.com/realms/main/' } },
  { reason: 'iss', name: 'an issuer in other case', claims: { iss: 'https://SSO.example.com/realms/main' } },
  { reason: 'iss', name: 'a token without issuer', claims: { iss: undefined } },
  { reason: 'sub', name: 'a token without subject', claims: { sub: undefined } },
  { reason: 'sub', name: 'an empty subject', claims: { sub: '' } },
  { reason: 'sub', name: 'a subject that is a number', claims: { sub: 7 } },
  { reason: 'sub', name: 'a subject of 256 characters', claims: { sub: 'a'.repeat(256) } },
  { reason: 'aud', name: 'a token without audience', claims: { aud: undefined } },
  { reason: 'aud', name: 'an audience that is another client', claims: { aud: 'other-gateway' } },
  { reason: 'aud', name: 'an audience list with a stranger beside us', claims: { aud: ['web-gateway', 'billing'] } },
  {
    reason: 'aud',
    name: 'an audience list with a stranger beside us although azp is us',
    claims: { aud: ['billing', 'web-gateway'], azp: 'web-gateway' },
  },
  { reason: 'aud', name: 'several audiences without azp', claims: { aud: ['web-gateway', 'billing'], azp: undefined } },
  { reason: 'aud', name: 'an empty audience list', claims: { aud: [] } },
  { reason: 'aud', name: 'an audience list within a list', claims: { aud: [['web-gateway']] } },
  { reason: 'azp', name: 'an azp that is another client', claims: { azp: 'other-gateway' } },
  { reason: 'azp', name: 'an azp that is null', claims: { azp: null } },
  { reason: 'typ', name: 'an access token in its place', claims: { typ: 'Bearer' } },
  { reason: 'typ', name: 'a logout token in its place', claims: { typ: 'Logout' } },
  { reason: 'exp', name: 'a token without exp', claims: { exp: undefined } },
  { reason: 'exp', name: 'an exp that has passed beyond the tolerance', claims: { exp: NOW - 10 } },
  { reason: 'exp', name: 'an exp that is a string', claims: { exp: String(NOW + 60) } },
  { reason: 'iat', name: 'a token without iat', claims: { iat: undefined } },
  { reason: 'iat', name: 'an iat ahead of us beyond the tolerance', claims: { iat: NOW + 11 } },
  { reason: 'iat', name: 'an iat of long ago', claims: { iat: NOW - 611 } },
  { reason: 'nbf', name: 'a token that is not valid yet', claims: { nbf: NOW + 11 } },
  { reason: 'nonce', name: 'a token without nonce', claims: { nonce: undefined } },
  { reason: 'nonce', name: 'the nonce of another login', claims: { nonce: 'another' } },
  {
    reason: 'at_hash',
    name: 'an at_hash of another access token',
    claims: { at_hash: buildAccessTokenHash('another', 'RS256') },
  },
  { reason: 'at_hash', name: 'an at_hash that is null', claims: { at_hash: null } },
  {
    reason: 'auth_time',
    name: 'a token without auth_time when max_age was asked',
    claims: { auth_time: undefined },
    expected: { maxAgeSeconds: 300 },
  },
  {
    reason: 'auth_time',
    name: 'a login older than max_age',
    claims: { auth_time: NOW - 311 },
    expected: { maxAgeSeconds: 300 },
  },
  {
    reason: 'auth_time',
    name: 'a login in the future when max_age was asked',
    claims: { auth_time: NOW + 11 },
    expected: { maxAgeSeconds: 300 },
  },
  { reason: 'auth_time', name: 'an auth_time that is a string', claims: { auth_time: 'yesterday' } },
  { reason: 'sid', name: 'a sid that is no string', claims: { sid: 7 } },
  { reason: 'acr', name: 'an acr that is no string', claims: { acr: ['gold'] } },
]

for (const row of refused) {
  test(`refuses ${row.name}`, () => {
    const verdict = validateIdToken({ ...claims, ...row.claims }, { ...expectation, ...row.expected })
    assert.deepEqual(verdict, { kind: 'invalid', reason: row.reason })
  })
}

test('at_hash is the left half of the hash that the algorithm names', () => {
  // The value in OpenID Connect Core 1.0 appendix A.3.
  const accessToken = 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y'
  assert.equal(buildAccessTokenHash(accessToken, 'RS256'), '77QmUPtjPfzWtF2AnpK9RQ')
  assert.equal(Buffer.from(buildAccessTokenHash(accessToken, 'ES384'), 'base64url').length, 24)
  assert.equal(Buffer.from(buildAccessTokenHash(accessToken, 'PS512'), 'base64url').length, 32)
  assert.equal(buildAccessTokenHash(accessToken, 'EdDSA'), buildAccessTokenHash(accessToken, 'RS512'))
  assert.equal(buildAccessTokenHash(accessToken, 'Ed25519'), buildAccessTokenHash(accessToken, 'RS512'))
})

test('an acr lower than the one asked for is not acceptable', () => {
  const withAcr = (acr: string | undefined) => ({ ...claims, acr }) as unknown as IdTokenClaims
  assert.equal(isAcrAcceptable(withAcr('silver'), ['gold']), false)
  assert.equal(isAcrAcceptable(withAcr(undefined), ['gold']), false)
  assert.equal(isAcrAcceptable(withAcr('gold'), ['gold', 'platinum']), true)
  assert.equal(isAcrAcceptable(withAcr(undefined), []), true)
})
