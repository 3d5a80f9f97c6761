import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redact, redactField } from '../../src/observability/redact.ts'

const SECRETS = {
  'a JWT': 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl',
  'a JWT cut off': 'eyJhbGciOiJS',
  'a session id': 'q7Zk2mVh0sX9bYt4LwRcE1uJ8aNfGiOdPp3KxTqCvBo',
  'a session id without a digit': 'qZkmVhsXbYtLwRcEuJaNfGiOdPpKxTqCvBo',
  'a Keycloak code': 'c0ffee00-1234-4abc-9def-0123456789ab.c0ffee01-1234-4abc-9def-0123456789ab.web',
  'a Keycloak sid': 'Zk3u9TfQ0aXw7yBvN5sLr1Hd',
  'a client secret': 'w8YxQ2nR5tV9bKcF3jLmP7sDgH4kZqXa',
  'a hexadecimal key': '6d8f0a1c2b3e4f5061728394a5b6c7d8',
}

for (const [name, secret] of Object.entries(SECRETS)) {
  test(`${name} is taken out of a sentence`, () => {
    assert.equal(redact(`it was ${secret} all along`).includes(secret), false)
    assert.match(redact(`it was ${secret} all along`), /^it was \[redacted\].* all along$/)
  })
}

const SHORT = 'hunter2'
const PLACES = [
  `http://kc/callback?code=${SHORT}&state=x`,
  `code=${SHORT}`,
  `state=${SHORT} and more`,
  `{"access_token":"${SHORT}"}`,
  `{"code": "${SHORT}", "x": 1}`,
  `client_secret=${SHORT}`,
  `refresh_token: ${SHORT}`,
  `Authorization: Basic ${SHORT}`,
  `bearer ${SHORT}`,
  `Set-Cookie: a=${SHORT}; Path=/`,
  `cookie: one=${SHORT}; two=${SHORT}`,
  `redis://user:${SHORT}@host/1`,
  `code_verifier='${SHORT}'`,
]

for (const text of PLACES) {
  test(`a short secret is found by where it stands: ${text}`, () => {
    assert.equal(redact(text).includes(SHORT), false)
  })
}

const HARMLESS = [
  'connect ECONNREFUSED 127.0.0.1:8080',
  'getaddrinfo ENOTFOUND keycloak-production-eu-2026.example.com',
  'unable to verify the first certificate',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'other side closed',
  'ERR_TOKEN_REFRESH_UNAVAILABLE',
  'https://sso.example.com/realms/main',
  'database is locked',
]

for (const text of HARMLESS) {
  test(`says what an operator needs: ${text}`, () => assert.equal(redact(text), text))
}

test('a very long text is cut', () => {
  assert.ok(redact('no '.repeat(10_000)).length < 500)
})

test('a hostile text costs no more than its length', () => {
  const before = process.cpuUsage()
  for (const piece of ['?', 'a=', 'token', 'token=', '"', 'eyJ.', '-', 'aA1', '://', 'cookie:']) {
    redact(piece.repeat(100_000))
  }
  assert.ok(process.cpuUsage(before).user < 500_000)
})

for (const name of ['accessToken', 'refresh_token', 'clientSecret', 'code', 'state', 'codeVerifier', 'cookie', 'sid']) {
  test(`a field named ${name} is never shown`, () => assert.equal(redactField(name, SHORT), '[redacted]'))
}

test('a field that says why is shown', () => {
  assert.equal(redactField('reason', 'signature'), 'signature')
  assert.equal(redactField('status', 502), 502)
})
