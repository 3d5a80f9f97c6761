import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayEvent } from '../../src/kernel/events.ts'
import { createMetrics } from '../../src/observability/metrics.ts'

const answered = {
  kind: 'request.answered',
  requestId: 'request-1',
  method: 'GET',
  route: '/api/*',
  status: 200,
  seconds: 0.003,
  clientAddress: '192.0.2.1',
} as const

async function render(events: readonly GatewayEvent[]): Promise<string> {
  const metrics = createMetrics()
  for (const event of events) metrics.listener(event)
  return metrics.render()
}

const who = { realm: 'main', subject: 'f3c1', session: 'handle-1' } as const

const ROWS: ReadonlyArray<readonly [name: string, event: GatewayEvent, line: string]> = [
  ['a request', answered, 'doorman_requests_total{route="/api/*",method="GET",status="2xx"} 1'],
  ['the duration of a request', answered, 'doorman_request_duration_seconds_bucket{le="0.005",route="/api/*"} 1'],
  [
    'a failed request',
    { kind: 'request.failed', requestId: 'r', code: 'ERR_UPSTREAM_TIMEOUT', detail: {} },
    'doorman_errors_total{code="ERR_UPSTREAM_TIMEOUT"} 1',
  ],
  [
    'a login',
    { kind: 'login.finished', requestId: 'r', ...who },
    'doorman_logins_total{realm="main",outcome="success"} 1',
  ],
  [
    'a refused login',
    { kind: 'login.refused', requestId: 'r', realm: 'main', code: 'ERR_LOGIN_REFUSED', reason: 'access_denied' },
    'doorman_logins_total{realm="main",outcome="login_refused"} 1',
  ],
  [
    'a refresh that could not be had',
    { kind: 'tokens.refreshed', realm: 'main', session: 'h', outcome: 'unavailable', seconds: 1 },
    'doorman_refreshes_total{realm="main",outcome="unavailable"} 1',
  ],
  [
    'a session that ended',
    { kind: 'session.ended', ...who, by: 'idle', because: 'idle' },
    'doorman_sessions_ended_total{realm="main",by="idle"} 1',
  ],
  [
    'the latency of the realm',
    { kind: 'realm.called', realm: 'main', endpoint: 'token', outcome: 'failed', seconds: 3 },
    'doorman_realm_call_duration_seconds_count{realm="main",endpoint="token",outcome="failed"} 1',
  ],
  [
    'the latency of the store',
    { kind: 'store.called', operation: 'read', outcome: 'success', seconds: 0.001 },
    'doorman_store_call_duration_seconds_sum{operation="read",outcome="success"} 0.001',
  ],
  [
    'a realm that is spared',
    { kind: 'realm.breaker', realm: 'main', state: 'open' },
    'doorman_realm_breaker{realm="main"} 2',
  ],
  [
    'a realm that is tried again',
    { kind: 'realm.breaker', realm: 'main', state: 'half-open' },
    'doorman_realm_breaker{realm="main"} 1',
  ],
  ['a store that is lost', { kind: 'store.lost' }, 'doorman_store_lost 1'],
  ['a store that is back', { kind: 'store.found' }, 'doorman_store_lost 0'],
]

for (const [name, event, line] of ROWS) {
  test(`counts ${name}`, async () => {
    const text = await render([event])
    assert.ok(text.split('\n').includes(line), text.slice(0, 2000))
  })
}

test('requests with the same labels share one line', async () => {
  const text = await render([answered, answered, { ...answered, status: 204 }, { ...answered, status: 404 }])
  assert.match(text, /^doorman_requests_total\{route="\/api\/\*",method="GET",status="2xx"\} 3$/m)
  assert.match(text, /^doorman_requests_total\{route="\/api\/\*",method="GET",status="4xx"\} 1$/m)
})

test('methods of a client’s own invention share one label', async () => {
  const invented = Array.from({ length: 50 }, (_, i) => ({ ...answered, method: `M${i}` }))
  const text = await render([...invented, answered])
  const methods = text.matchAll(/^doorman_requests_total\{.*method="([^"]+)"/gm)
  assert.deepEqual([...methods].map(([, method]) => method).sort(), ['GET', 'OTHER'])
})

test('a label cannot break out of its line', async () => {
  const text = await render([{ ...answered, route: '/x"\n\\' }])
  assert.match(text, /route="\/x\\"\\n\\\\"/)
})

test('no person, session, address, request id or reason is a label', async () => {
  const text = await render([...ROWS.map(([, event]) => event)])
  for (const personal of ['f3c1', 'handle-1', '192.0.2.1', 'request-1', 'access_denied']) {
    assert.equal(text.includes(personal), false, personal)
  }
})

test('two gateways in one process count apart and share the process metrics', async () => {
  const first = await render([answered])
  const second = await render([])
  assert.ok(first.includes('doorman_requests_total{'))
  assert.equal(second.includes('doorman_requests_total{'), false)
  for (const text of [first, second]) assert.match(text, /^process_resident_memory_bytes \d+$/m)
})
