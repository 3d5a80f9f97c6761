import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isIssuedBy, parseAuthorizationResponse } from '../../src/login/authorization-response.ts'

const malformed = { code: 'ERR_REQUEST_MALFORMED' }
const STATE = 'A'.repeat(43)

test('reads code, state, issuer and the outcome of an action', () => {
  const search = `?state=${STATE}&session_state=x&iss=https%3A%2F%2Fsso.example&code=c&kc_action_status=success`
  assert.deepEqual(parseAuthorizationResponse(search), {
    kind: 'code',
    code: 'c',
    state: STATE,
    issuer: 'https://sso.example',
    actionStatus: 'success',
  })
})

for (const name of ['code', 'state', 'iss', 'error', 'session_state']) {
  test(`refuses an answer with two of ${name}`, () => {
    assert.throws(() => parseAuthorizationResponse(`?state=${STATE}&code=c&iss=i&${name}=1&${name}=2`), malformed)
  })
}

for (const search of [
  '',
  `?state=${STATE}`,
  `?state=${STATE}&code=c&error=access_denied`,
  `?state=${STATE}&access_token=t`,
]) {
  test(`refuses ${search || 'an empty answer'}, which is neither code nor error`, () => {
    assert.throws(() => parseAuthorizationResponse(search), malformed)
  })
}

test('a token in the front channel is not looked at', () => {
  const response = parseAuthorizationResponse(`?state=${STATE}&code=c&access_token=stolen&id_token=stolen`)
  assert.ok(!JSON.stringify(response).includes('stolen'))
})

test('an error nobody knows becomes `unknown`, and descriptions are dropped', () => {
  const response = parseAuthorizationResponse(`?state=${STATE}&error=%3Cscript%3E&error_description=%3Cscript%3E`)
  assert.equal(response.kind === 'error' && response.error, 'unknown')
  assert.ok(!JSON.stringify(response).includes('script'))
})

for (const state of ['', 'short', `${STATE}A`, '../../etc', '%s%n']) {
  test(`takes the state ${JSON.stringify(state)} for none of ours`, () => {
    assert.equal(parseAuthorizationResponse(`?code=c&state=${encodeURIComponent(state)}`).state, null)
  })
}

const ISSUER = 'https://sso.example/realms/main'
const issuers: ReadonlyArray<readonly [string, string | null, boolean, boolean]> = [
  ['the issuer itself', ISSUER, true, true],
  ['the issuer though it is not announced', ISSUER, false, true],
  ['a missing issuer that was not announced', null, false, true],
  ['a missing issuer that was announced', null, true, false],
  ['an empty issuer', '', false, false],
  ['another issuer', 'https://sso.example/realms/other', true, false],
  ['another issuer though none was announced', 'https://sso.example/realms/other', false, false],
  ['a trailing slash', `${ISSUER}/`, true, false],
  ['other capitals', 'https://SSO.example/realms/main', true, false],
]
for (const [what, issuer, announces, expected] of issuers) {
  test(`${expected ? 'accepts' : 'refuses'} ${what}`, () => {
    const response = { kind: 'code', code: 'c', state: STATE, issuer, actionStatus: null } as const
    assert.equal(isIssuedBy(response, ISSUER, announces), expected)
  })
}
