// Which service a request reaches, and who may reach it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askGateway, problemCode, setStage, testOnBothFronts } from '../support/flow.ts'
import { setProxyStage } from '../support/proxy-stage.ts'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import type { Stage } from '../support/stage.ts'

const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }

const lastReceived = (stage: Stage) => stage.upstream.received.at(-1)!

test('every method passes with its path, query and body as they were sent', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
    const body = method === 'GET' || method === 'OPTIONS' ? undefined : Buffer.from('{"a":1}')
    const answer = await askGateway(stage, '/api/caf%C3%A9/a%20b?q=%2F&q=a+b', {
      method,
      headers: { ...OWN_PAGE, cookie },
      ...(body === undefined ? {} : { body }),
    })
    assert.equal(answer.status, 200)
    assert.equal(lastReceived(stage).method, method)
    assert.equal(lastReceived(stage).target, '/api/caf%C3%A9/a%20b?q=%2F&q=a+b')
    assert.equal(lastReceived(stage).body, body?.toString() ?? '')
  }
})

test('HEAD is answered with headers alone', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  const answer = await askGateway(stage, '/api/x', { method: 'HEAD', headers: { cookie } })
  assert.equal(answer.status, 200)
  assert.equal(answer.body, '')
  assert.equal(lastReceived(stage).method, 'HEAD')
})

test('the longest path owns a request; a method it does not list is 405, never another route', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  const headers = { ...OWN_PAGE, cookie }
  const refused = await askGateway(stage, '/api/read', { method: 'DELETE', headers })
  assert.equal(refused.status, 405)
  assert.equal(refused.headers.allow, 'GET, POST, HEAD')
  for (const [method, path, status] of [
    ['HEAD', '/api/read', 200],
    ['GET', '/api', 200],
    ['GET', '/api/', 200],
    ['GET', '/apix', 404],
    ['GET', '/', 404],
    ['TRACE', '/api/x', 405],
    ['POST', '/auth/user', 405],
    ['GET', '/auth/refresh', 405],
    ['GET', '/auth/unknown', 404],
  ] as const) {
    assert.equal((await askGateway(stage, path, { method, headers })).status, status, `${method} ${path}`)
  }
})

test('a rewritten path keeps its encoding', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  for (const [path, target] of [
    ['/rewritten/a%20b/c?x=1', '/v1/deep/a%20b/c?x=1'],
    ['/rewritten', '/v1/deep'],
  ] as const) {
    assert.equal((await askGateway(stage, path, { headers: { cookie } })).status, 200)
    assert.equal(lastReceived(stage).target, target)
  }
})

const AMBIGUOUS_TARGETS = [
  '/public/../admin/x',
  '/public/%2e%2e/admin/x',
  '/public/..%2fadmin/x',
  '/public/%2e%2e%2fadmin/x',
  '/public/..;/admin/x',
  '/public/x;y',
  '/public/%3bx',
  '/public/.',
  '/public//x',
  '//public/x',
  '//evil.example/x',
  '/public\\x',
  '/public/%5cx',
  '/public/%252e%252e/admin/x',
  '/public/%252fadmin',
  '/public/%00',
  '/public/%0d%0aX-User:admin',
  '/public/%7f',
  '/public/%zz',
  '/public/%c0%ae%c0%ae/admin/x',
  '/public/x#y',
  '/ADMIN/x',
  '/Admin/x',
  '/%61dmin/x',
  'http://evil.example/public/x',
  'http://localhost/public/x',
  '@evil.example/public/x',
  'public/x',
  '*',
]

test('a path that others could read differently is 400, and no service sees it', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  const { port } = stage.gateways[0]!.publicAddress
  const { host } = new URL(stage.publicUrl)
  for (const target of AMBIGUOUS_TARGETS) {
    await t.test(target, async () => {
      const answer = await sendRaw(port, buildRaw(`GET ${target}`, [`Host: ${host}`, `Cookie: ${cookie}`]))
      assert.equal(answer.status, 400)
      assert.deepEqual(stage.upstream.received, [])
    })
  }
})

test('a redirect of a service goes to the browser, not to where it points', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  stage.upstream.answer((_, response) => response.writeHead(307, { location: 'http://evil.example/' }).end())
  const answer = await askGateway(stage, '/api/x', { headers: { cookie } })
  assert.equal(answer.status, 307)
  assert.equal(answer.headers.location, 'http://evil.example/')
  assert.equal(stage.upstream.received.length, 1)
})

test('roles open what they are named for', async (t) => {
  const { stage, browser: alice } = await setProxyStage(t)
  const [bob, carol] = [await stage.loggedIn('bob'), await stage.loggedIn('carol')]
  for (const [browser, path, status] of [
    [alice, '/admin/x', 403],
    [bob, '/admin/x', 403],
    [carol, '/admin/x', 200],
    [alice, '/reports/x', 403],
    [bob, '/reports/x', 200],
    [carol, '/reports/x', 403],
    [stage.browser(), '/admin/x', 401],
  ] as const) {
    assert.equal((await browser.fetch(stage.url(path))).status, status)
  }
  assert.equal(stage.upstream.received.length, 2)
})

testOnBothFronts('who may not enter reads a page, and a script a problem document', async (stage) => {
  const browser = await stage.loggedIn()
  const page = await browser.navigate(stage.url('/admin/x'))
  assert.equal(page.status, 403)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(page.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
  const problem = await browser.fetch(stage.url('/admin/x'))
  assert.equal(problem.status, 403)
  assert.equal(problemCode(problem), 'forbidden')
  assert.ok(JSON.parse(problem.body).request_id)
  for (const { headers } of [page, problem]) assert.equal(headers.get('cache-control'), 'no-store')
})

test('only our own host is answered', async (t) => {
  const stage = await setStage(t)
  const { host, port } = new URL(stage.publicUrl)
  const ask = (method: string, ...hosts: string[]) =>
    sendRaw(
      stage.gateways[0]!.publicAddress.port,
      buildRaw(
        `${method} /public/x?y=1`,
        hosts.map((name) => `Host: ${name}`),
      ),
    )
  assert.equal((await ask('GET', host)).status, 200)
  for (const foreign of [
    'evil.example',
    'localhost',
    `evil.localhost:${port}`,
    `${host}.evil.example`,
    `${host}@evil.example`,
    '',
  ]) {
    assert.equal((await ask('GET', foreign)).status, 421, foreign)
  }
  assert.equal((await ask('GET')).status, 400)
  assert.equal((await ask('GET', host, 'evil.example')).status, 400)
  const alias = await ask('GET', `127.0.0.1:${port}`)
  assert.equal(alias.status, 303)
  assert.ok(alias.head.includes(`location: ${stage.publicUrl}/public/x?y=1`))
  assert.equal((await ask('POST', `127.0.0.1:${port}`)).status, 421)
})
