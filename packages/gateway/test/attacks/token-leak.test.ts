// Every code, with secrets where a careless line of code could put them: no log line, reply or metric repeats one.
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { buildErrorReply } from '../../src/http/pages.ts'
import { ERRORS, type ErrorCode, GatewayError } from '../../src/kernel/errors.ts'
import type { GatewayEvent } from '../../src/kernel/events.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { logText } from '../support/gathered-log.ts'

const base64url = (bytes: number) => randomBytes(bytes).toString('base64url')
const segment = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

const CANARIES = {
  accessToken: `${segment({ alg: 'RS256' })}.${segment({ sub: 'alice' })}.${base64url(256)}`,
  refreshToken: `${segment({ alg: 'HS512' })}.${segment({ jti: randomUUID() })}.${base64url(64)}`,
  code: `${randomUUID()}.${randomUUID()}.${randomUUID()}`,
  state: base64url(32),
  codeVerifier: base64url(32),
  sessionId: base64url(32),
  clientSecret: 'w8YxQ2nR5tV9bKcF3jLmP7sDgH4kZqXa',
  password: 'hunter2',
} as const

const secrets = Object.values(CANARIES)

function assertSilent(text: string): void {
  for (const [name, secret] of Object.entries(CANARIES)) {
    assert.equal(text.includes(secret), false, `${name} in ${text}`)
    // Nor a part that would do: the payload of a token, the first part of a code.
    for (const part of secret.split('.')) assert.equal(text.includes(part), false, `part of ${name} in ${text}`)
  }
}

/** What libraries throw: messages that quote what they were working on, and properties that hold it. */
function foreignErrors(): readonly unknown[] {
  const url = `https://sso.example/cb?code=${CANARIES.code}&state=${CANARIES.state}`
  return [
    new Error(`request to ${url} failed`),
    new TypeError(`Invalid header value: Bearer ${CANARIES.accessToken}`),
    new Error(`401 {"access_token":"${CANARIES.accessToken}","refresh_token":"${CANARIES.refreshToken}"}`),
    new Error(`grant_type=refresh_token&refresh_token=${CANARIES.refreshToken}&client_secret=${CANARIES.clientSecret}`),
    new Error(`Cookie: __Host-Http-doorman=${CANARIES.sessionId}; x=${CANARIES.password}`),
    new Error(`connect redis://default:${CANARIES.password}@redis:6379`),
    new Error(secrets.filter((secret) => secret !== CANARIES.password).join(' ')),
    Object.assign(new Error('failed'), { config: CANARIES, response: { body: CANARIES }, code: CANARIES.code }),
    Object.assign(new Error('failed'), { name: CANARIES.accessToken }),
    new SyntaxError(`Unexpected token 'h', "${CANARIES.password}" is not valid JSON`),
    new AggregateError([new Error(CANARIES.accessToken)], 'all attempts failed'),
    CANARIES,
    CANARIES.password,
  ]
}

const CARELESS_DETAIL = {
  ...CANARIES,
  sid: CANARIES.password,
  because: `state ${CANARIES.state} was expected`,
  url: `https://sso.example/cb?code=${CANARIES.code}`,
  id_token_hint: CANARIES.accessToken,
}

for (const code of Object.keys(ERRORS) as ErrorCode[]) {
  test(`${code} tells no secret, whatever its detail and its causes hold`, async () => {
    const errors = foreignErrors().map((cause) => {
      const inner = new GatewayError('ERR_REALM_UNREACHABLE', CARELESS_DETAIL, cause)
      return new GatewayError(code, CARELESS_DETAIL, new Error(`while at ${CANARIES.state}`, { cause: inner }))
    })
    const events = errors.map(
      ({ detail, cause }): GatewayEvent => ({ kind: 'request.failed', requestId: 'r', code, detail, cause }),
    )
    const metrics = createMetrics()
    for (const event of events) metrics.listener(event)
    assertSilent(await logText(events))
    assertSilent(await metrics.render())
  })

  test(`the answer to ${code} tells no secret of the request`, () => {
    for (const accept of ['text/html', 'application/json']) {
      const headers = {
        accept,
        'sec-fetch-mode': 'navigate',
        cookie: `__Host-Http-doorman=${CANARIES.sessionId}`,
        authorization: `Bearer ${CANARIES.accessToken}`,
      }
      assertSilent(JSON.stringify(buildErrorReply({ headers }, code, { requestId: 'r' })))
    }
  })
}

test('no other event lets a secret through its reasons', async () => {
  const because = `sent ${CANARIES.state} with refresh_token=${CANARIES.password} and ${CANARIES.accessToken}`
  const who = { realm: 'main', subject: 'f3c1', session: 'handle' } as const
  const text = await logText([
    { kind: 'login.refused', requestId: 'r', realm: 'main', code: 'ERR_LOGIN_REFUSED', reason: because },
    { kind: 'session.ended', ...who, by: 'realm', because },
    { kind: 'tokens.refreshed', realm: 'main', session: 'handle', outcome: 'rejected', seconds: 1, because },
    { kind: 'realm.warned', realm: 'main', warning: because },
    { kind: 'gateway.warned', warning: because },
    ...foreignErrors().map((cause): GatewayEvent => ({ kind: 'store.failed', operation: 'read', cause })),
  ])
  assertSilent(text)
  assert.match(text, /session\.ended/)
})
