import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/kernel/errors.ts'
import { createEvents } from '../../src/kernel/events.ts'
import { createOperator, operatorEndpoints, probeEndpoints } from '../../src/operator/endpoints.ts'
import type { Readiness } from '../../src/operator/health.ts'

const READY: Readiness = { kind: 'ready' }

function situation(changes: { realm?: Readiness; ping?: () => Promise<void>; isStopping?: boolean } = {}) {
  return {
    realms: [{ realm: 'main', readiness: () => changes.realm ?? READY }],
    store: { ping: changes.ping ?? (async () => undefined) },
    isStopping: () => changes.isStopping ?? false,
    renderMetrics: async () => 'doorman_requests_total 1\n',
    explain: async () => ({ kind: 'no-session' }) as const,
    events: createEvents(),
    administration: { list: async () => ({ sessions: [], next: null }), end: async () => 0 },
  }
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return { method, path, query: new URLSearchParams(), headers, clientAddress: '127.0.0.1', readBody: async () => '' }
}

async function ready(changes: Parameters<typeof situation>[0]) {
  const reply = await createOperator(probeEndpoints(situation(changes)), null)(get('/readyz'))
  return { status: reply.status, body: JSON.parse(reply.body) }
}

const DOWN = {
  realm: { kind: 'unready', because: 'ERR_REALM_UNREACHABLE' },
  ping: () => Promise.reject(new GatewayError('ERR_STORE_UNAVAILABLE', {}, new Error('redis://u:hunter2@h'))),
  isStopping: true,
} as const

test('/healthz lives while realm and store are down', async () => {
  const reply = await createOperator(operatorEndpoints(situation(DOWN)), null)(get('/healthz'))
  assert.equal(reply.status, 200)
})

test('/readyz is 200 when everything answers', async () => {
  assert.deepEqual(await ready({}), {
    status: 200,
    body: {
      status: 'ready',
      checks: { process: { ready: true }, 'realm main': { ready: true }, store: { ready: true } },
    },
  })
})

test('/readyz names every check that fails and why, and no foreign text', async () => {
  const { status, body } = await ready(DOWN)
  assert.equal(status, 503)
  assert.deepEqual(body.checks, {
    process: { ready: false, because: 'stopping' },
    'realm main': { ready: false, because: 'ERR_REALM_UNREACHABLE' },
    store: { ready: false, because: 'ERR_STORE_UNAVAILABLE' },
  })
})

test('/readyz says nothing of an error that is not ours', async () => {
  const { body } = await ready({ ping: () => Promise.reject(new Error('hunter2')) })
  assert.deepEqual(body.checks.store, { ready: false, because: 'ERR_INTERNAL' })
})

test('/readyz does not wait for a store that hangs', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const answer = ready({ ping: () => new Promise(() => undefined) })
  context.mock.timers.tick(1000)
  const { status, body } = await answer
  assert.equal(status, 503)
  assert.equal(body.checks.store.ready, false)
})

test('/metrics answers in the format of Prometheus', async () => {
  const reply = await createOperator(operatorEndpoints(situation()), null)(get('/metrics'))
  assert.equal(reply.status, 200)
  assert.equal(reply.body, 'doorman_requests_total 1\n')
  assert.equal(new Map(reply.headers).get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
})

test('the probes’ own listener has no metrics', async () => {
  const reply = await createOperator(probeEndpoints(situation()), null)(get('/metrics'))
  assert.equal(reply.status, 404)
})

for (const path of ['/', '/healthz/', '/HEALTHZ', '/auth/login', '/metrics/x']) {
  test(`${path} is not there`, async () => {
    const reply = await createOperator(operatorEndpoints(situation()), null)(get(path))
    assert.equal(reply.status, 404)
  })
}

test('a probe by POST is 405 and names what is allowed', async () => {
  const reply = await createOperator(operatorEndpoints(situation()), null)(get('/healthz', {}, 'POST'))
  assert.equal(reply.status, 405)
  assert.equal(new Map(reply.headers).get('allow'), 'GET, HEAD')
})

const TOKEN = 'q7Zk2mVh0sX9bYt4LwRcE1uJ8aNfGiOdPp3KxTqCvBo'

for (const path of ['/metrics', '/nothing']) {
  test(`with a token configured, ${path} without it is 401`, async () => {
    const operator = createOperator(operatorEndpoints(situation()), TOKEN)
    for (const authorization of [undefined, '', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]) {
      const reply = await operator(get(path, authorization === undefined ? {} : { authorization }))
      assert.equal(reply.status, 401)
      assert.equal(reply.body, '')
    }
  })
}

test('the token opens the metrics, under the scheme in any case', async () => {
  const operator = createOperator(operatorEndpoints(situation()), TOKEN)
  assert.equal((await operator(get('/metrics', { authorization: `Bearer ${TOKEN}` }))).status, 200)
  assert.equal((await operator(get('/metrics', { authorization: `bearer ${TOKEN}` }))).status, 200)
})

test('the probes never ask for a token', async () => {
  const operator = createOperator(operatorEndpoints(situation()), TOKEN)
  assert.equal((await operator(get('/healthz'))).status, 200)
  assert.equal((await operator(get('/readyz'))).status, 200)
})

test('without a token configured there is nothing that needs one', async () => {
  const operator = createOperator(operatorEndpoints(situation()), null)
  assert.equal((await operator(get('/explain', {}, 'POST'))).status, 404)
})

test('what needs the token is 401 without it, whatever the method', async () => {
  const operator = createOperator(operatorEndpoints(situation()), TOKEN)
  for (const method of ['GET', 'POST']) assert.equal((await operator(get('/explain', {}, method))).status, 401)
})
