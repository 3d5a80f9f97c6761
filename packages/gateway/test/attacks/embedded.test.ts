// What a framework hands on was read by another parser first: no request, path or header of it becomes more than it was.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EmbeddedRoute } from '../../src/embedded.ts'
import { setEmbeddedStage } from '../support/embedded-stage.ts'
import { sessionId, statusOf } from '../support/flow.ts'

const ROUTE: EmbeddedRoute = { service: 'agent', base: '/api/agent', rewrite: '/v1/*', require: { login: true } }

test('no way to write a path leads out of the base, or to what is our own (CVE-2023-33189)', async (t) => {
  const edit = (yaml: string) => `${yaml}\nendpoints: { user: /me, aliases: { /who: user } }`
  const stage = await setEmbeddedStage(t, { edit })
  const alice = await stage.loggedIn()
  const agent = stage.gateway.createRoute(ROUTE)
  const everything = stage.gateway.createRoute({ ...ROUTE, base: '/', rewrite: null })
  for (const [send, path] of [
    ...[
      '/api/agent/../admin',
      '/api/agent/%2e%2e/admin',
      '/api/agent/.%2E/.%2e/admin',
      '/api/agent\\..\\admin',
      '/api/agent/..%2fadmin',
      '/api/agent%2fx',
      '/api/agent%5cx',
      '/api/agent/%252e%252e/admin',
      '/api/agent//admin',
      '//api/agent/x',
      '/api/agent;/x',
      '/api/agent/..;/admin',
      '/api/agent%3b/x',
      '/api/Agent/x',
      '/api/%61gent/x',
      '/api/agent/%0d%0aHost:%20evil',
      '/api/agent/%c0%ae%c0%ae/admin',
      '/api/agentx',
    ].map((path) => [agent, path] as const),
    ...['/auth', '/Auth/user', '/%61uth/user', '/auth/user/', '/me', '/who'].map((path) => [everything, path] as const),
  ]) {
    const { status } = await send(stage.request(path, alice))
    assert.ok(status === 400 || status === 404, `${path}: ${status}`)
  }
  assert.deepEqual(stage.upstream.received, [])
})

test('the host is the one of the Host header, once, and no other header or address says another (CVE-2026-33495)', async (t) => {
  const edit = (yaml: string) => yaml.replace('trustedProxies: []', 'trustedProxies: [127.0.0.1]')
  const stage = await setEmbeddedStage(t, { edit })
  const alice = await stage.loggedIn()
  const { handle } = stage.gateway
  const { host } = new URL(stage.publicUrl)
  for (const headers of [
    { host: 'evil.example' },
    { host: `${host}, evil.example` },
    { host: '' },
    { host: 'evil.example', 'x-forwarded-host': host, forwarded: `host="${host}"` },
  ] as readonly Readonly<Record<string, string>>[]) {
    assert.equal((await handle(stage.request('/api/x', alice, { headers }))).status, 421, JSON.stringify(headers))
  }
  const headers = { host, 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/x' }
  const { headers: sent } = stage.request('/', null, { headers })
  const login = await handle(new Request('http://evil.example/auth/login?return_to=/x', { headers: sent }))
  assert.equal(login.status, 303)
  assert.doesNotMatch(JSON.stringify([...login.headers]), /evil/)
  assert.equal((await handle(stage.request('/api/x', alice, { headers }))).status, 200)
  assert.doesNotMatch(stage.upstream.received.at(-1)!.rawHeaders.join(), /evil/)
})

test('what it takes for forged, its front door refuses, and nothing else', async (t) => {
  const stage = await setEmbeddedStage(t)
  const alice = await stage.loggedIn()
  const send = stage.gateway.createRoute(ROUTE)
  const own = { 'sec-fetch-site': 'same-origin' }
  const proofs: readonly Readonly<Record<string, string>>[] = [
    own,
    { ...own, origin: stage.publicUrl },
    { ...own, origin: 'null' },
    { ...own, origin: `${stage.publicUrl}, https://evil.example` },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'cors' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    { 'sec-fetch-site': 'cross-site', 'x-doorman': '1' },
    { 'sec-fetch-site': 'same-origin, cross-site' },
    { 'sec-fetch-site': '', 'x-doorman': '1' },
  ]
  for (const headers of proofs) {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'PROPFIND']) {
      const request = stage.request('/api/agent/x', alice, { method, headers })
      const { status } = await send(request)
      assert.equal(status === 403, stage.gateway.isForged(request), `${method} ${JSON.stringify(headers)}: ${status}`)
      assert.ok(status === 403 || status === 200)
    }
  }
})

test('an answer of a thousand headers loses none of ours: caches and browsers are told as ever (checklist 172)', async (t) => {
  const stage = await setEmbeddedStage(t)
  const alice = await stage.loggedIn()
  stage.upstream.answer((_message, response) => {
    const many = Array.from({ length: 1200 }, (_, at) => [`x${at}`, '1']).flat()
    response.writeHead(200, [...many, 'set-cookie', 'a=1; HttpOnly']).end()
  })
  const answer = await stage.gateway.handle(stage.request('/api/x', alice))
  assert.equal(answer.headers.get('cache-control'), 'private')
  assert.deepEqual(answer.headers.getSetCookie(), ['a=1; HttpOnly'])
})

test('who is refused is not listened to: an upload without an end leaves nothing open', async (t) => {
  const stage = await setEmbeddedStage(t)
  const send = stage.gateway.createRoute(ROUTE)
  const ends = Array.from({ length: 20 }, async (_, at) => {
    const cancelled = Promise.withResolvers<void>()
    const body = new ReadableStream({
      pull: (controller) => (at % 2 === 0 ? controller.enqueue(Buffer.alloc(16_384)) : undefined),
      cancel: () => cancelled.resolve(),
    })
    const answer = await send(stage.request('/api/agent/x', null, { method: 'POST', body, duplex: 'half' }))
    assert.equal(answer.status, 401)
    await answer.text()
    await cancelled.promise
  })
  await Promise.all(ends)
  assert.deepEqual(stage.upstream.received, [])
})

test('nothing that is refused tells the log or the client what it carried', async (t) => {
  const stage = await setEmbeddedStage(t)
  const alice = await stage.loggedIn()
  const send = stage.gateway.createRoute(ROUTE)
  const canary = 'canary-5f0e'
  const answers = [
    await send(stage.request('/api/agent/x', alice, { headers: { 'x-own': `${canary}\u0001` } })),
    await send(stage.request('/api/agent/x', alice, { headers: { 'x-own': canary.repeat(4000) } })),
    await send(
      stage.request('/api/agent/x', alice, { method: 'PUT', body: canary, headers: { 'content-length': '3' } }),
    ),
    await send(stage.request(`/api/agent/%00${canary}`, alice)),
    (await stage.gateway.obtainCredential(new Headers({ cookie: canary }), 'agent')) as unknown as Response,
  ]
  for (const answer of answers) {
    const { status, body } = 'response' in answer ? (answer.response as Response) : answer
    assert.ok(status >= 400)
    assert.doesNotMatch(await new Response(body).text(), /canary/)
  }
  assert.equal(await statusOf(stage, alice), 200)
  await stage.gateway.close()
  const log = await stage.log()
  assert.ok(log.includes('ERR_REQUEST_MALFORMED'))
  for (const secret of [canary, sessionId(stage, alice)!]) assert.equal(log.includes(secret), false)
})
