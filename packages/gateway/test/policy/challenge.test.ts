import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { askForBearer, askForScopes, askForStepUp, refuseBearer } from '../../src/policy/challenge.ts'

test('who sends no credentials is told no error', () => {
  assert.equal(askForBearer('main'), 'Bearer realm="main"')
})

test('a token that is not accepted is an invalid token', () => {
  assert.equal(refuseBearer('main', 'invalid_token'), 'Bearer realm="main", error="invalid_token"')
  assert.equal(refuseBearer('main', 'invalid_request'), 'Bearer realm="main", error="invalid_request"')
})

test('a token that may too little is told the scopes that would do', () => {
  assert.equal(
    askForScopes('main', ['read', 'write']),
    'Bearer realm="main", error="insufficient_scope", scope="read write"',
  )
})

suite('a step-up (RFC 9470)', () => {
  const error = 'Bearer realm="main", error="insufficient_user_authentication"'
  test('names the classes, and how long ago the login may be', () => {
    assert.equal(askForStepUp('main', ['gold', 'silver'], 300), `${error}, acr_values="gold silver", max_age="300"`)
  })
  test('names what is asked for alone', () => {
    assert.equal(askForStepUp('main', ['gold'], null), `${error}, acr_values="gold"`)
    assert.equal(askForStepUp('main', [], 0), `${error}, max_age="0"`)
  })
})

for (const hostile of ['a"b', 'a\\', 'a\r\nSet-Cookie: x=1', 'a\u0000b', 'a\u007fb', 'ä', '\ud83d\ude00', 'a\tb']) {
  test(`${JSON.stringify(hostile)} ends neither its quotes nor the header`, () => {
    const values = [askForBearer(hostile), askForScopes('main', [hostile]), askForStepUp('main', [hostile], null)]
    for (const value of values) {
      assert.match(value, /^Bearer (?:[a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]*"(?:, |$))+$/)
    }
  })
}
