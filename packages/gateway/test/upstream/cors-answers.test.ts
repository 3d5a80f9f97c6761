// What front ends of other origins can read, over the wire: of a service, of the gateway itself, of an error.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { buildRequirement } from '../support/requirements.ts'
import { createTestProxy, type TestProxyOptions } from '../support/test-proxy.ts'
import { createTestUpstream } from '../support/test-upstream.ts'

const ADMIN = 'https://admin.example'
const EVIL = 'https://evil.example'
const GRANTS = ['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-expose-headers']

async function setUp(t: TestContext, options: Partial<TestProxyOptions> = {}) {
  const upstream = await createTestUpstream()
  const proxy = await createTestProxy({
    upstream: upstream.origin,
    otherOrigins: [ADMIN],
    routes: [{ path: '/api/*', methods: ['GET', 'PUT'], require: 'none' }],
    ...options,
  })
  t.after(async () => {
    await proxy.close()
    await upstream.close()
  })
  const ask = (path: string, headers: Readonly<Record<string, string>>, method = 'GET') =>
    fetch(proxy.url + path, { method, headers })
  return { upstream, ask }
}

function assertReadable(response: Response): void {
  assert.equal(response.headers.get('access-control-allow-origin'), ADMIN)
  assert.equal(response.headers.get('access-control-allow-credentials'), 'true')
  assert.ok(varyOf(response).includes('origin'))
}

function assertUnreadable(response: Response): void {
  const granted = [...response.headers.keys()].filter((name) => name.startsWith('access-control-'))
  assert.deepEqual(granted, [])
}

function varyOf(response: Response): readonly string[] {
  const fields = response.headers.get('vary')?.toLowerCase().split(/, ?/) ?? []
  assert.equal(new Set(fields).size, fields.length, 'a field stands twice in Vary')
  return fields
}

test("a service's answer is readable by a listed front end, whatever the service says about it", async (t) => {
  const { upstream, ask } = await setUp(t)
  upstream.answer((_message, response) => {
    response.writeHead(200, {
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'false',
      'access-control-expose-headers': '*',
      'access-control-allow-methods': '*',
      'access-control-allow-private-network': 'true',
      vary: 'Accept-Encoding',
    })
    response.end('{}')
  })
  const response = await ask('/api/x', { origin: ADMIN })
  assertReadable(response)
  assert.deepEqual(varyOf(response), ['accept-encoding', 'origin'])
  assert.deepEqual(
    [...response.headers.keys()].filter((name) => name.startsWith('access-control-')).sort(),
    [...GRANTS].sort(),
  )
})

test('a service cannot open its answer to a stranger', async (t) => {
  const { upstream, ask } = await setUp(t)
  upstream.answer((message, response) => {
    response.writeHead(200, {
      'Access-Control-Allow-Origin': message.headers.origin ?? '*',
      'Access-Control-Allow-Credentials': 'true',
      trailer: 'access-control-allow-origin',
    })
    response.addTrailers({ 'access-control-allow-origin': EVIL })
    response.end('{}')
  })
  for (const origin of [EVIL, 'null', `${ADMIN}.evil.example`]) {
    const response = await ask('/api/x', { origin })
    assertUnreadable(response)
    assert.ok(varyOf(response).includes('origin'))
  }
})

const VARY_ROWS: readonly (readonly [string | readonly string[], readonly string[]])[] = [
  ['Origin', ['origin']],
  ['ORIGIN, Accept', ['origin', 'accept']],
  ['Accept,origin', ['accept', 'origin']],
  [
    ['Accept', 'Cookie'],
    ['accept', 'cookie', 'origin'],
  ],
  [
    ['Origin', 'Cookie'],
    ['origin', 'cookie'],
  ],
  ['X-Origin', ['x-origin', 'origin']],
  ['*', ['*']],
  ['', ['origin']],
]
for (const [sent, expected] of VARY_ROWS) {
  test(`Vary ${JSON.stringify(sent)} of a service is neither lost nor doubled`, async (t) => {
    const { upstream, ask } = await setUp(t)
    upstream.answer((_message, response) => void response.setHeader('vary', sent).end('{}'))
    assert.deepEqual(varyOf(await ask('/api/x', { origin: ADMIN })), expected)
  })
}

test('an answer without a body is readable, too', async (t) => {
  const { upstream, ask } = await setUp(t)
  upstream.answer((_message, response) => void response.writeHead(304, { etag: '"1"' }).end())
  const response = await ask('/api/x', { origin: ADMIN })
  assert.equal(response.status, 304)
  assertReadable(response)
})

test('answers of the gateway itself are readable: nothing there, another method, a service that is down', async (t) => {
  const { upstream, ask } = await setUp(t)
  const missing = await ask('/nothing', { origin: ADMIN })
  assert.equal(missing.status, 404)
  assertReadable(missing)
  const wrong = await ask('/api/x', { origin: ADMIN }, 'DELETE')
  assert.equal(wrong.status, 405)
  assertReadable(wrong)
  upstream.answer((_message, response) => void response.destroy())
  const broken = await ask('/api/x', { origin: ADMIN })
  assert.equal(broken.status, 502)
  assertReadable(broken)
})

test('a refused request of a stranger tells its page nothing', async (t) => {
  const require = buildRequirement({})
  const { upstream, ask } = await setUp(t, { routes: [{ path: '/*', methods: null, require }] })
  for (const origin of [EVIL, 'null']) {
    const response = await ask('/api/x', { origin })
    assert.equal(response.status, 403)
    assertUnreadable(response)
  }
  assert.equal(upstream.received.length, 0)
})

test('our own page gets what it always got, and Vary', async (t) => {
  const { upstream, ask } = await setUp(t)
  upstream.answer((_message, response) => void response.writeHead(200, { vary: 'Accept' }).end('{}'))
  const response = await ask('/api/x', {})
  assertUnreadable(response)
  assert.deepEqual(varyOf(response), ['accept', 'origin'])
})

test('with one front end nothing is added to an answer', async (t) => {
  const { ask } = await setUp(t, { otherOrigins: [] })
  assert.equal((await ask('/api/x', {})).headers.get('vary'), null)
  assertUnreadable(await ask('/api/x', { origin: ADMIN }))
})

const PREFLIGHT = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' }

test('a preflight is answered here and reaches no service', async (t) => {
  const { upstream, ask } = await setUp(t, {
    routes: [{ path: '/api/*', methods: ['PUT', 'OPTIONS'], require: 'none' }],
  })
  const response = await ask('/api/x', { origin: ADMIN, ...PREFLIGHT }, 'OPTIONS')
  assert.equal(response.status, 204)
  assertReadable(response)
  assert.equal(response.headers.get('access-control-allow-methods'), 'PUT, OPTIONS')
  assert.equal(response.headers.get('access-control-allow-headers'), 'content-type')
  assert.equal(upstream.received.length, 0)
})

test('a preflight for nothing lets the page read the 404 that follows', async (t) => {
  const { ask } = await setUp(t)
  const response = await ask('/nothing', { origin: ADMIN, ...PREFLIGHT }, 'OPTIONS')
  assert.equal(response.status, 204)
  assert.equal(response.headers.get('access-control-allow-methods'), 'PUT')
})

test('a preflight of a stranger is the same for every path', async (t) => {
  const { upstream, ask } = await setUp(t)
  const answers = await Promise.all(
    ['/api/x', '/nothing'].map(async (path) => {
      const response = await ask(path, { origin: EVIL, ...PREFLIGHT }, 'OPTIONS')
      assertUnreadable(response)
      const { request_id: _, ...document } = (await response.json()) as Readonly<Record<string, unknown>>
      return {
        status: response.status,
        vary: response.headers.get('vary'),
        allow: response.headers.get('allow'),
        document,
      }
    }),
  )
  assert.deepEqual(answers[0], answers[1])
  assert.deepEqual([answers[0]?.status, answers[0]?.vary, answers[0]?.allow], [403, 'Origin', null])
  assert.equal(upstream.received.length, 0)
})

test('OPTIONS that asks for no leave goes where it always went', async (t) => {
  const { upstream, ask } = await setUp(t, { routes: [{ path: '/api/*', methods: null, require: 'none' }] })
  assertReadable(await ask('/api/x', { origin: ADMIN }, 'OPTIONS'))
  assert.equal(upstream.received[0]?.method, 'OPTIONS')
})

test("headers decided about an answer replace the service's own of that name, and join those of the front end", async (t) => {
  const decided = [['ratelimit', '"default";r=1;t=9']] as const
  const { upstream, ask } = await setUp(t, { decided })
  upstream.answer((_message, response) => {
    response.writeHead(200, { ratelimit: ['"own";r=9;t=9', '"own";r=8;t=8'], 'set-cookie': ['a=1', 'b=2'] }).end('{}')
  })
  const response = await ask('/api/x', { origin: ADMIN })
  assertReadable(response)
  assert.equal(response.headers.get('ratelimit'), '"default";r=1;t=9')
  assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
  assert.equal((await ask('/nothing', {})).headers.get('ratelimit'), '"default";r=1;t=9')
})
