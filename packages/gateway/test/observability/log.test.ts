import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayEvent } from '../../src/kernel/events.ts'
import { logLines, logText } from '../support/gathered-log.ts'

const answered: GatewayEvent = {
  kind: 'request.answered',
  requestId: 'request-1',
  method: 'GET',
  route: '/api/*',
  status: 200,
  seconds: 0.0012345,
  clientAddress: '192.0.2.1',
}
const who = { realm: 'main', subject: 'f3c1', session: 'handle-1' } as const

test('an answered request leaves one line with route, method, status, duration, request id and client address', async () => {
  const [line, ...rest] = await logLines([answered])
  assert.deepEqual(rest, [])
  const { time, ...facts } = line ?? {}
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000)
  assert.deepEqual(facts, {
    level: 'info',
    event: 'request.answered',
    request_id: 'request-1',
    method: 'GET',
    route: '/api/*',
    status: 200,
    duration_ms: 1.235,
    client_address: '192.0.2.1',
  })
})

test('another signing key leaves an audit line', async () => {
  const [line] = await logLines([{ kind: 'signing-key.changed', kid: 'thumbprint', algorithm: 'ES256' }])
  assert.deepEqual([line?.audit, line?.kid, line?.algorithm], [true, 'thumbprint', 'ES256'])
})

test('nothing a client sends can forge a line or break one', async () => {
  const hostile = '"}\n{"level":"info","audit":true,"event":"login.finished"}\u2028\ud800\\'
  const lines = await logLines([
    { ...answered, requestId: hostile, method: hostile, route: hostile, clientAddress: hostile },
    { kind: 'login.refused', requestId: hostile, realm: 'main', code: 'ERR_LOGIN_REFUSED', reason: hostile },
  ])
  assert.equal(lines.length, 2)
  assert.deepEqual(
    lines.map((line) => line.event),
    ['request.answered', 'login.refused'],
  )
})

const AUDITED: readonly GatewayEvent[] = [
  { kind: 'login.finished', requestId: 'r', ...who },
  { kind: 'login.refused', requestId: 'r', realm: 'main', code: 'ERR_LOGIN_REFUSED', reason: 'access_denied' },
  { kind: 'logout.finished', requestId: 'r', ...who, realmSession: 'ended' },
  { kind: 'session.ended', ...who, by: 'administrator', because: 'asked by mail' },
  { kind: 'token.served', requestId: 'r', ...who, calledService: null, service: 'agent' },
  { kind: 'token.served', requestId: 'r', ...who, calledService: 'agent', service: 'web' },
  {
    kind: 'token.refused',
    requestId: 'r',
    realm: 'main',
    calledService: null,
    service: null,
    error: 'invalid_client',
    because: 'guess',
  },
]

for (const event of AUDITED) {
  test(`${event.kind} leaves an audit line`, async () => {
    const [line] = await logLines([event])
    assert.equal(line?.audit, true)
    assert.equal(line?.event, event.kind)
    assert.equal(line?.realm, 'main')
  })
}

test('the audit says who ended a session and why', async () => {
  const [line] = await logLines(AUDITED.slice(3))
  const { time: _, ...facts } = line ?? {}
  assert.deepEqual(facts, {
    level: 'info',
    audit: true,
    event: 'session.ended',
    ...who,
    by: 'administrator',
    because: 'asked by mail',
  })
})

test('the level silences access lines but never the audit', async () => {
  const lines = await logLines([answered, ...AUDITED, { kind: 'gateway.warned', warning: 'old' }], 'error')
  assert.deepEqual(
    lines.map((line) => line.event),
    AUDITED.map((event) => event.kind),
  )
})

test('lines stand in the order of the events', async () => {
  const warned: GatewayEvent = { kind: 'gateway.warned', warning: 'w' }
  const lines = await logLines([answered, warned, answered, answered, warned])
  assert.deepEqual(
    lines.map((line) => line.event),
    ['request.answered', 'gateway.warned', 'request.answered', 'request.answered', 'gateway.warned'],
  )
})

test('a failed request is logged at the level of its code, with its causes', async () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const lines = await logLines([
    { kind: 'request.failed', requestId: 'r', code: 'ERR_UPSTREAM_UNREACHABLE', detail: { service: 'a' }, cause },
    { kind: 'request.failed', requestId: 'r', code: 'ERR_POLICY_CSRF', detail: {} },
    { kind: 'request.failed', requestId: 'r', code: 'ERR_ROUTE_NOT_FOUND', detail: {} },
  ])
  assert.deepEqual(
    lines.map((line) => [line.level, line.code]),
    [
      ['error', 'ERR_UPSTREAM_UNREACHABLE'],
      ['warn', 'ERR_POLICY_CSRF'],
      ['info', 'ERR_ROUTE_NOT_FOUND'],
    ],
  )
  assert.deepEqual(lines[0]?.causes, [{ name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }])
  assert.deepEqual(lines[0]?.detail, { service: 'a' })
})

test('our own mistake is logged with its place', async () => {
  const [line] = await logLines([
    {
      kind: 'request.failed',
      requestId: 'r',
      code: 'ERR_INTERNAL',
      detail: {},
      cause: new TypeError('x is undefined'),
    },
  ])
  const causes = line?.causes as ReadonlyArray<{ readonly stack: readonly string[] }> | undefined
  assert.match(String(causes?.[0]?.stack[0]), /^at .*log\.test\.ts:\d+/)
})

test('ten thousand requests are ten thousand whole lines', async () => {
  const text = await logText(Array.from({ length: 10_000 }, (_, i) => ({ ...answered, requestId: `request-${i}` })))
  const lines = text.trimEnd().split('\n')
  assert.equal(lines.length, 10_000)
  assert.ok(lines.every((line, i) => JSON.parse(line).request_id === `request-${i}`))
})

test('a question of the operator leaves an audit line that says who was asked about, and nothing of them', async () => {
  const [line] = await logLines([
    {
      kind: 'operator.explained',
      clientAddress: '127.0.0.1',
      method: 'GET',
      route: '/api/*',
      caller: 'session',
      session: 'handle-1',
      showsClaims: true,
    },
  ])
  const { time: _, ...facts } = line ?? {}
  assert.deepEqual(facts, {
    level: 'info',
    audit: true,
    event: 'operator.explained',
    client_address: '127.0.0.1',
    method: 'GET',
    route: '/api/*',
    caller: 'session',
    session: 'handle-1',
    shows_claims: true,
  })
})

test('a credential that is refused is told as loudly as its code, with the reason', async () => {
  const event: GatewayEvent = {
    kind: 'credential.obtained',
    credential: 'exchange',
    realm: 'main',
    session: 'handle-1',
    outcome: 'refused',
    code: 'ERR_CREDENTIAL_REFUSED',
    because: 'the realm has no client billing',
    seconds: 0.0125,
  }
  const [line, ...rest] = await logLines([event, { ...event, code: 'ERR_CREDENTIAL_FORBIDDEN' }], 'warn')
  assert.deepEqual(rest, [])
  const { time: _, ...facts } = line ?? {}
  assert.deepEqual(facts, {
    level: 'error',
    event: 'credential.obtained',
    credential: 'exchange',
    realm: 'main',
    session: 'handle-1',
    outcome: 'refused',
    duration_ms: 12.5,
    code: 'ERR_CREDENTIAL_REFUSED',
    because: 'the realm has no client billing',
  })
})
