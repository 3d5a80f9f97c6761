import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  insufficientRole,
  insufficientScope,
  invalidRequest,
  invalidToken,
  temporarilyUnavailable,
  tenantRequired,
  tokenRequired,
} from '../src/refusals.ts'

test('a request without a token is challenged without an error code', () => {
  const error = tokenRequired('absent')
  assert.equal(error.challenge, 'Bearer realm="api"')
  assert.equal(error.status, 401)
  assert.equal(error.body.error, 'token_required')
})

const CODES = [
  [invalidRequest('several'), 400, 'invalid_request'],
  [invalidToken('expired'), 401, 'invalid_token'],
  [insufficientRole('role', ['admin']), 403, 'insufficient_scope'],
  [insufficientScope(['reports:read']), 403, 'insufficient_scope'],
  [tenantRequired(), 403, 'insufficient_scope'],
  [temporarilyUnavailable('issuer-unavailable', null), 503, 'temporarily_unavailable'],
] as const

for (const [error, status, code] of CODES) {
  test(`${error.reason} is ${status} ${code}, in the challenge too`, () => {
    assert.equal(error.status, status)
    assert.equal(error.code, code)
    assert.match(error.challenge, new RegExp(`^Bearer realm="api", error="${code}", error_description="[^"]+"`))
  })
}

test('the scopes that would be enough are named in the challenge', () => {
  assert.match(insufficientScope(['reports:read', 'openid']).challenge, /, scope="reports:read openid"$/)
})

test('a name cannot break out of the challenge', () => {
  const { challenge } = insufficientRole('role', ['a"\r\nset-cookie: x=1', '\\"', 'ä'])
  assert.match(challenge, /^[\x20-\x7e]+$/)
  assert.equal(challenge.split('"').length, 7)
})

test('an answer is never stored, and a client is told when to come back', () => {
  assert.equal(invalidToken('expired').headers['cache-control'], 'no-store')
  assert.match(temporarilyUnavailable('issuer-unavailable', null).headers['retry-after'] ?? '', /^\d+$/)
})

test('what is sent tells nothing of the reason behind a forged token', () => {
  const bodies = new Set(
    [invalidToken('signature'), invalidToken('key'), invalidToken('algorithm')].map((e) => e.message),
  )
  assert.equal(bodies.size, 1)
})

test('the web answer carries status, challenge and body', async () => {
  const error = invalidToken('expired')
  const response = error.getResponse()
  assert.equal(response.status, 401)
  assert.equal(response.headers.get('www-authenticate'), error.challenge)
  assert.deepEqual(await response.json(), error.body)
})
