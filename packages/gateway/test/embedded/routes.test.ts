// Requests that an application sends to a service go through everything that a route of the file has.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { EmbeddedRoute } from '../../src/embedded.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { setEmbeddedStage } from '../support/embedded-stage.ts'
import { decode } from '../support/flow.ts'

const ROUTE: EmbeddedRoute = { service: 'agent', base: '/api/agent', rewrite: '/v1/*', require: { login: true } }

async function wireWord(answer: Response): Promise<unknown> {
  return JSON.parse(await answer.text()).code
}

test('a service receives its own credential, the path it knows, and no claim from outside', async (t) => {
  const stage = await setEmbeddedStage(t)
  const send = stage.gateway.createRoute(ROUTE)
  const alice = await stage.loggedIn()
  const headers = { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7', authorization: 'Bearer forged' }
  const answer = await send(stage.request('/api/agent/a%2Db?q=1', alice, { headers }))
  assert.deepEqual(await answer.json(), { ok: true })
  const received = stage.upstream.received[0]!
  assert.equal(received.target, '/v1/a%2Db?q=1')
  assert.equal(decode(received.headers.authorization!).aud, 'agent')
  assert.equal(received.headers.cookie, undefined)
  assert.equal(received.headers['x-forwarded-for'], '127.0.0.1')
  assert.doesNotMatch(received.headers.forwarded!, /203/)
})

test('X-Forwarded-For counts where the configuration trusts 127.0.0.1', async (t) => {
  const edit = (yaml: string) => yaml.replace('trustedProxies: []', 'trustedProxies: [127.0.0.1]')
  const stage = await setEmbeddedStage(t, { edit })
  const headers = { 'x-forwarded-for': '203.0.113.7' }
  assert.equal((await stage.gateway.handle(stage.request('/public/x', null, { headers }))).status, 200)
  assert.equal(stage.upstream.received[0]!.headers['x-forwarded-for'], '203.0.113.7, 127.0.0.1')
})

test('who may not pass is told why, and the service hears nothing', async (t) => {
  const stage = await setEmbeddedStage(t)
  const { createRoute } = stage.gateway
  const send = createRoute(ROUTE)
  const alice = await stage.loggedIn()
  const stranger = await send(stage.request('/api/agent/x', null))
  assert.equal(stranger.status, 401)
  assert.equal(JSON.parse(await stranger.text()).login_url, stage.url('/auth/login'))
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  assert.equal((await send(stage.request('/api/agent/x', null, { headers: navigation }))).status, 401)
  const admins = createRoute({ ...ROUTE, require: { roles: ['admin'] } })
  assert.equal(await wireWord(await admins(stage.request('/api/agent/x', alice))), 'forbidden')
  const forged = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } }
  assert.equal(await wireWord(await send(stage.request('/api/agent/x', alice, forged))), 'csrf')
  const foreign = await send(new Request('http://evil.example/api/agent/x'))
  assert.equal(foreign.status, 421)
  assert.equal(stage.upstream.received.length, 0)
})

test('a path outside the base is nobody’s, and neither is one of our own', async (t) => {
  const stage = await setEmbeddedStage(t)
  const alice = await stage.loggedIn()
  const agent = stage.gateway.createRoute(ROUTE)
  const everything = stage.gateway.createRoute({ ...ROUTE, base: '/', rewrite: null })
  for (const path of ['/api/agents', '/api', '/', '/api/other/agent']) {
    assert.equal((await agent(stage.request(path, alice))).status, 404, path)
  }
  for (const path of ['/auth/user', '/auth/x', '/.well-known/jwks.json']) {
    assert.equal((await everything(stage.request(path, alice))).status, 404, path)
  }
  for (const [send, path, target] of [
    [agent, '/api/agent', '/v1'],
    [everything, '/x/y', '/x/y'],
  ] as const) {
    assert.equal((await send(stage.request(path, alice))).status, 200)
    assert.equal(stage.upstream.received.at(-1)!.target, target)
  }
})

test('a route that could not stand in the file is refused before there is a request', async (t) => {
  const { gateway } = await setEmbeddedStage(t)
  for (const [change, problem] of [
    [{ service: 'agnet' }, /^routes\[0\]\.service: .*agent/],
    [{ require: { role: ['admin'] } }, /^require\.role: .*roles/],
    [{ require: undefined }, /^require: missing/],
    [{ require: 'none' }, /^routes\[0\]\.require: sends internal/],
    [{ require: { tenant: true } }, /^routes\[0\]\.require\.tenant: /],
    [{ base: '/a/../b' }, /^path: /],
    [{ base: '/auth' }, /^routes\[0\]\.path: /],
    [{ rewrite: 'v1' }, /^rewrite: /],
  ] as const) {
    assert.throws(
      () => gateway.createRoute({ ...ROUTE, ...change }),
      (error) => isGatewayError(error, 'ERR_CONFIG_INVALID') && problem.test(String(error.detail.problems)),
      String(problem),
    )
  }
})

test('strangers pass where login is optional, without a credential', async (t) => {
  const stage = await setEmbeddedStage(t)
  const send = stage.gateway.createRoute({ ...ROUTE, require: { login: 'optional' } })
  assert.equal((await send(stage.request('/api/agent/x', null))).status, 200)
  assert.equal(stage.upstream.received[0]!.headers.authorization, undefined)
})

test('what is sent and what is answered flow at the same time, and an abort reaches the service', async (t) => {
  const stage = await setEmbeddedStage(t)
  const send = stage.gateway.createRoute(ROUTE)
  const alice = await stage.loggedIn()
  const gone = Promise.withResolvers<void>()
  stage.upstream.answer((message, response) => {
    response.writeHead(200).flushHeaders()
    message.on('error', () => {}).pipe(response)
    response.on('close', gone.resolve)
  })
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const saying = writable.getWriter()
  const abort = new AbortController()
  const init = { method: 'POST', body: readable, duplex: 'half', signal: abort.signal } as const
  const said = saying.write(Buffer.from('one'))
  const answer = await send(stage.request('/api/agent/echo', alice, init))
  await said
  const hearing = answer.body!.getReader()
  const hear = async () => Buffer.from((await hearing.read()).value!).toString()
  assert.equal(await hear(), 'one')
  await saying.write(Buffer.from('two'))
  assert.equal(await hear(), 'two')
  saying.closed.catch(() => {})
  abort.abort()
  await gone.promise
  await assert.rejects(hearing.read())
})

test('20 MB are uploaded as they are, with their length', async (t) => {
  const stage = await setEmbeddedStage(t)
  const alice = await stage.loggedIn()
  const body = randomBytes(20_000_000)
  const received = Promise.withResolvers<Buffer>()
  stage.upstream.answer(async (message, response) => {
    received.resolve(Buffer.concat(await message.toArray()))
    response.end()
  })
  const headers = { 'content-length': String(body.length) }
  const send = stage.gateway.createRoute(ROUTE)
  assert.equal((await send(stage.request('/api/agent/x', alice, { method: 'PUT', body, headers }))).status, 200)
  assert.ok(body.equals(await received.promise))
  assert.equal(stage.upstream.received[0]!.headers['content-length'], headers['content-length'])
})

test('headers about framing and connections make one request of one request', async (t) => {
  const stage = await setEmbeddedStage(t)
  const alice = await stage.loggedIn()
  const send = stage.gateway.createRoute(ROUTE)
  const body = 'hello\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nhost: x\r\n\r\n'
  const headers = {
    'content-length': '5',
    'transfer-encoding': 'chunked',
    connection: 'keep-alive, upgrade, x-named',
    upgrade: 'websocket',
    expect: '100-continue',
    'x-named': '1',
  }
  const answer = await send(stage.request('/api/agent/x', alice, { method: 'POST', body, headers }))
  assert.equal(answer.status, 200)
  assert.equal(stage.upstream.received.length, 1)
  const [received] = stage.upstream.received
  assert.equal(received!.body, body)
  assert.equal(received!.headers['x-named'], undefined)
  assert.equal(received!.headers.upgrade, undefined)
})

test('HEAD and 304 come back as the service gave them', async (t) => {
  const stage = await setEmbeddedStage(t)
  stage.upstream.answer((message, response) => {
    response.writeHead(message.method === 'HEAD' ? 200 : 304, { etag: '"1"', 'set-cookie': ['a=1', 'b=2'] }).end()
  })
  const { handle } = stage.gateway
  const head = await handle(stage.request('/public/x', null, { method: 'HEAD' }))
  assert.deepEqual([head.status, head.body, head.headers.get('etag')], [200, null, '"1"'])
  const unchanged = await handle(stage.request('/public/x', null, { headers: { 'if-none-match': '"1"' } }))
  assert.deepEqual([unchanged.status, unchanged.body], [304, null])
  assert.deepEqual(unchanged.headers.getSetCookie(), ['a=1', 'b=2'])
})
