// What passes between a browser and a service, and what does not.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { type TestContext, test } from 'node:test'
import {
  askGateway,
  cookieOf,
  decode,
  problemCode,
  sessionCookieName,
  setStage,
  testOnBothFronts,
} from '../support/flow.ts'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import { CLIENT_SECRET, type Stage } from '../support/stage.ts'

const ROUTES = `
  - { path: "/public/*", service: api, require: none, credential: none }
  - { path: "/api/*", service: api, require: { login: true } }
  - { path: "/api/read", service: api, methods: [GET, POST], require: { login: true } }
  - { path: "/admin/*", service: api, require: { roles: [admin] } }
  - { path: "/reports/*", service: api, require: { clientRoles: { reports: [write] } } }
  - { path: "/rewritten/*", service: api, rewrite: "/v1/deep/*", require: { login: true } }
  - { path: "/tokenless/*", service: api, credential: none, require: { login: true } }
`
const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }

async function setProxyStage(t: TestContext, config = '') {
  const stage = await setStage(t, { routes: ROUTES, config })
  const browser = await stage.loggedIn()
  return { stage, browser, cookie: cookieOf(stage, browser) }
}

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

testOnBothFronts('what a client claims about itself does not reach the service', async (stage) => {
  const browser = await stage.loggedIn()
  const session = cookieOf(stage, browser)
  const answer = await askGateway(stage, '/api/x', {
    headers: {
      cookie: `theme=dark; ${session}; ${sessionCookieName(stage)}-login-x=1; lang=de`,
      authorization: 'Basic YWRtaW46YWRtaW4=',
      'x-user': 'admin',
      x_user: 'admin',
      'x.user': 'admin',
      'x-forwarded-user': 'admin',
      'x-auth-request-email': 'admin@example.test',
      'x-remote-user': 'admin',
      'x-original-url': '/admin/x',
      'x-http-method-override': 'DELETE',
      'x-doorman-user': 'admin',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
      'x-custom': 'kept',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
  })
  assert.equal(answer.status, 200)
  const { headers } = lastReceived(stage)
  assert.equal(headers.cookie, 'theme=dark; lang=de')
  const claims = decode(headers.authorization ?? '')
  assert.equal(claims.name, 'Alice Test')
  assert.equal(JSON.stringify(headers).includes('admin'), false)
  assert.equal(headers['x-custom'], 'kept')
  assert.equal(headers.traceparent, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
  const { host, protocol } = new URL(stage.publicUrl)
  assert.equal(headers['x-forwarded-host'], host)
  assert.equal(headers['x-forwarded-proto'], protocol.slice(0, -1))
  assert.ok(headers['x-request-id'])
})

testOnBothFronts("only a trusted proxy's word about the client's address is passed on", async (stage) => {
  const isTrusted = stage.config.trustedProxies.length > 0
  await askGateway(stage, '/public/x', { headers: { 'x-forwarded-for': '192.0.2.7', 'x-real-ip': '192.0.2.7' } })
  const { headers } = lastReceived(stage)
  assert.equal(headers['x-forwarded-for'], isTrusted ? '192.0.2.7, 127.0.0.1' : '127.0.0.1')
  assert.equal(headers['x-real-ip'], isTrusted ? '192.0.2.7' : undefined)
  assert.match(headers.forwarded ?? '', /^for=127\.0\.0\.1;host="localhost:\d+";proto=https?$/)
})

test('a service that gets no token gets no other authorization either', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  for (const path of ['/public/x', '/tokenless/x']) {
    await askGateway(stage, path, { headers: { cookie, authorization: 'Bearer mine' } })
    assert.equal(lastReceived(stage).headers.authorization, undefined)
    assert.equal(lastReceived(stage).headers.cookie, undefined)
  }
})

test('headers of the connection stay on the connection', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  const { port } = stage.gateways[0]!.publicAddress
  stage.upstream.answer((_, response) => {
    response.writeHead(200, {
      connection: 'x-inner',
      'x-inner': 'secret',
      'proxy-authenticate': 'Basic',
      'x-kept': '1',
    })
    response.end('ok')
  })
  const lines = [`Host: ${new URL(stage.publicUrl).host}`, `Cookie: ${cookie}`, 'Connection: x-hop', 'X-Hop: secret']
  const socketAnswer = await sendRaw(port, buildRaw('GET /api/x', [...lines, 'TE: trailers', 'Keep-Alive: 5']))
  assert.equal(socketAnswer.status, 200)
  assert.equal(socketAnswer.head.includes('secret') || socketAnswer.head.includes('proxy-authenticate'), false)
  assert.ok(socketAnswer.head.includes('x-kept: 1'))
  const { headers } = lastReceived(stage)
  for (const name of ['x-hop', 'te', 'keep-alive']) assert.equal(headers[name], undefined)
})

testOnBothFronts('a service cannot set our cookie, nor let others keep what is for one person', async (stage) => {
  const name = sessionCookieName(stage)
  stage.upstream.answer((_, response) => {
    response.setHeader('set-cookie', [`${name}=x; Path=/`, `${name}-login-a=x`, 'theme=dark', `=${name}=x`])
    response.writeHead(200, { 'cache-control': 'public, max-age=60, s-maxage=60', 'surrogate-control': 'max-age=60' })
    response.end()
  })
  const cookie = cookieOf(stage, await stage.loggedIn())
  const personal = await askGateway(stage, '/api/x', { headers: { cookie } })
  assert.equal(personal.headers['set-cookie'], 'theme=dark')
  assert.equal(personal.headers['cache-control'], 'private, max-age=60')
  assert.equal(personal.headers['surrogate-control'], undefined)
  const open = await askGateway(stage, '/public/x')
  assert.equal(open.headers['set-cookie'], 'theme=dark')
  assert.equal(open.headers['cache-control'], 'public, max-age=60, s-maxage=60')
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

const UPLOAD_BYTES = 10 * 1024 * 1024

testOnBothFronts('an upload of 10 MB arrives whole', async (stage) => {
  const cookie = cookieOf(stage, await stage.loggedIn())
  const body = randomBytes(UPLOAD_BYTES)
  stage.upstream.answer(async (message, response) => {
    const hash = createHash('sha256')
    for await (const chunk of message) hash.update(chunk)
    response.end(hash.digest('hex'))
  })
  const answer = await askGateway(stage, '/api/upload', { method: 'PUT', headers: { ...OWN_PAGE, cookie }, body })
  assert.equal(answer.body, createHash('sha256').update(body).digest('hex'))
})

/** An answer that is still coming. */
async function openStream(stage: Stage, cookie: string): Promise<IncomingMessage> {
  const { port } = stage.gateways[0]!.publicAddress
  const headers = { host: new URL(stage.publicUrl).host, cookie }
  const [answer] = await once(get({ host: '127.0.0.1', port, path: '/api/events', headers, agent: false }), 'response')
  return answer
}

test('events arrive one by one, and a browser that goes away ends them at the service', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  const upstreamClosed = Promise.withResolvers<void>()
  stage.upstream.answer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
    response.on('close', () => upstreamClosed.resolve())
  })
  const answer = await openStream(stage, cookie)
  const [event] = await once(answer, 'data')
  assert.equal(String(event), 'data: one\n\n')
  answer.destroy()
  await upstreamClosed.promise
})

test('an answer that a service breaks off is broken off for the browser too', async (t) => {
  const { stage, cookie } = await setProxyStage(t)
  stage.upstream.answer((_, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('half', () => response.destroy())
  })
  const answer = await openStream(stage, cookie)
  answer.resume()
  const [error] = await once(answer, 'error')
  assert.equal(error.code, 'ECONNRESET')
})

testOnBothFronts(
  'a service that hangs up is 502: a page for a person, a problem document for a script',
  async (stage) => {
    const browser = await stage.loggedIn()
    stage.upstream.answer((message) => message.socket.destroy())
    const problem = await browser.fetch(stage.url('/api/x'))
    assert.equal(problem.status, 502)
    assert.equal(problemCode(problem), 'upstream_reset')
    const page = await browser.navigate(stage.url('/page/x'))
    assert.equal(page.status, 502)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    for (const { body } of [problem, page]) {
      assert.equal(body.includes(CLIENT_SECRET) || body.includes(stage.upstream.origin), false)
    }
  },
)
