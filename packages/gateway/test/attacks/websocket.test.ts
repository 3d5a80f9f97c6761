// Cross-site WebSocket hijacking, smuggling behind an upgrade, and whoever has no business with a socket.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { cookieOf, eventsOf, sessionCookieName } from '../support/flow.ts'
import { openRaw, sendRaw } from '../support/raw-http.ts'
import type { Stage } from '../support/stage.ts'
import { agree } from '../support/websocket-frames.ts'
import { openSocket, refusalOf, SOCKET_ROUTES, setSocketStage } from '../support/websockets.ts'

const FRONTENDS = `
frontends:
  - { origin: "http://localhost:1" }
`

test('without a session nothing is opened, and the service hears nothing', async (t) => {
  const { stage } = await setSocketStage(t)
  stage.upstream.forget()
  const name = sessionCookieName(stage)
  for (const cookie of ['theme=dark', `${name}=`, `${name}=${'A'.repeat(43)}`]) {
    const refusal = await refusalOf(stage, '/ws/a', { headers: { cookie } })
    assert.deepEqual([refusal.status, JSON.parse(refusal.body).code], [401, 'login_required'])
  }
  assert.deepEqual(stage.upstream.received, [])
})

test('a cookie counts on pages of ours alone: foreign, absent and `null` origins are refused', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  stage.upstream.forget()
  const { publicUrl } = stage
  const origins = [
    null,
    'null',
    'https://evil.example',
    `${publicUrl}.evil.example`,
    publicUrl.replace('localhost', 'LOCALHOST'),
    publicUrl.replace('http:', 'https:'),
    publicUrl.replace('http:', 'ws:'),
    `${publicUrl}/`,
    `${publicUrl}, https://evil.example`,
    '*',
  ]
  for (const path of ['/ws/a', '/either/a']) {
    for (const origin of origins) {
      const refusal = await refusalOf(stage, path, { headers: { cookie }, origin })
      assert.deepEqual([refusal.status, JSON.parse(refusal.body).code], [403, 'csrf'], `${origin}`)
    }
  }
  assert.deepEqual(stage.upstream.received, [])
})

test('what the browser says of the page is heard beside the origin', async (t) => {
  const { stage, cookie } = await setSocketStage(t, { config: FRONTENDS })
  const refused = [
    [stage.publicUrl, 'cross-site'],
    [stage.publicUrl, 'same-site'],
    [stage.publicUrl, 'none'],
    ['http://localhost:1', 'same-origin'],
    ['http://localhost:1', 'cross-site'],
    ['http://localhost:2', 'same-site'],
  ] as const
  for (const [origin, site] of refused) {
    const headers = { cookie, 'sec-fetch-site': site, 'sec-fetch-mode': 'websocket' }
    assert.equal((await refusalOf(stage, '/ws/a', { headers, origin })).status, 403, `${origin} ${site}`)
  }
  const taken = [
    [stage.publicUrl, 'same-origin'],
    ['http://localhost:1', 'same-site'],
  ] as const
  for (const [origin, site] of taken) {
    const headers = { cookie, 'sec-fetch-site': site, 'sec-fetch-mode': 'websocket' }
    const socket = await openSocket(stage, '/ws/a', { headers, origin })
    socket.terminate()
  }
})

test('our own header is no proof: no page can send it with a socket, and nobody else needs to', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const headers = { cookie, 'x-doorman': '1' }
  assert.equal((await refusalOf(stage, '/ws/a', { headers, origin: null })).status, 403)
})

test('a token in the address or among the subprotocols opens nothing', async (t) => {
  const { stage, browser } = await setSocketStage(t)
  await browser.fetch(stage.url('/api/x'))
  const token = stage.upstream.received[0]!.headers.authorization?.slice('Bearer '.length) ?? ''
  stage.upstream.forget()
  const path = `/machines/a?access_token=${token}`
  const inAddress = await refusalOf(stage, path, { origin: null })
  const inProtocol = await refusalOf(stage, '/machines/a', { origin: null, protocols: ['bearer', token] })
  assert.ok([400, 401].includes(inAddress.status))
  assert.equal(inProtocol.status, 401)
  assert.deepEqual(stage.upstream.received, [])
})

test('every other rule of the route counts, too', async (t) => {
  const { stage, cookie } = await setSocketStage(t, {
    routes: `${SOCKET_ROUTES}
  - { path: "/post/*", service: api, methods: [POST], require: { login: true }, upgrade: [websocket] }
  - { path: "/rare/*", service: api, require: { login: true }, upgrade: [websocket], limit: { rate: 1/h, by: user } }
`,
  })
  stage.upstream.forget()
  const headers = { cookie: cookieOf(stage, await stage.loggedIn('bob')) }
  assert.equal((await refusalOf(stage, '/admin/a', { headers })).status, 403)
  assert.equal((await refusalOf(stage, '/nowhere/a', { headers })).status, 404)
  assert.equal((await refusalOf(stage, '/post/a', { headers })).status, 405)
  assert.equal((await refusalOf(stage, '/ws/a%2f..', { headers })).status, 400)
  assert.equal((await refusalOf(stage, '/ws/a', { headers: { ...headers, host: 'evil.example' } })).status, 421)
  assert.deepEqual(stage.upstream.received, [])
  const socket = await openSocket(stage, '/rare/a', { headers: { cookie } })
  const limited = await refusalOf(stage, '/rare/a', { headers: { cookie } })
  assert.equal(limited.status, 429)
  assert.ok(Number(limited.headers['retry-after']) > 0)
  socket.terminate()
})

test('a route that names no protocol takes none, and neither do our own endpoints', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  stage.upstream.forget()
  for (const path of ['/api/a', '/public/a', '/auth/user', '/auth/login']) {
    const refusal = await refusalOf(stage, path, { headers: { cookie } })
    assert.deepEqual([refusal.status, JSON.parse(refusal.body).code], [400, 'bad_request'], path)
  }
  assert.deepEqual(stage.upstream.received, [])
  assert.ok(
    eventsOf(stage, 'request.failed').every(
      ({ code }) => code === 'ERR_UPGRADE_REFUSED' || code === 'ERR_ROUTE_NOT_FOUND',
    ),
  )
})

interface Raw {
  readonly requestLine?: string
  readonly upgrade?: string
  readonly lines?: readonly string[]
  readonly body?: string
}

function buildHandshake(stage: Stage, cookie: string, raw: Raw = {}): string {
  const { requestLine = 'GET /ws/a HTTP/1.1', upgrade = 'websocket', lines = [], body = '' } = raw
  return [
    requestLine,
    `Host: ${new URL(stage.publicUrl).host}`,
    `Cookie: ${cookie}`,
    `Origin: ${stage.publicUrl}`,
    'Connection: Upgrade, HTTP2-Settings',
    `Upgrade: ${upgrade}`,
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    ...lines,
    '',
    body,
  ].join('\r\n')
}

test('one protocol, by GET, over HTTP/1.1, and nothing behind it: everything else is refused and the line closed', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  stage.upstream.forget()
  const { port } = stage.gateways[0]!.publicAddress
  const smuggled = 'GET /admin/x HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const attempts: readonly Raw[] = [
    { upgrade: 'websocket, h2c' },
    { upgrade: 'websocket', lines: ['Upgrade: h2c'] },
    { upgrade: 'websocket/13' },
    { upgrade: 'TLS/1.0' },
    { requestLine: 'POST /ws/a HTTP/1.1' },
    { requestLine: 'GET /ws/a HTTP/1.0' },
    { lines: ['Content-Length: 5'], body: 'hello' },
    { lines: ['Transfer-Encoding: chunked'], body: '0\r\n\r\n' },
    { body: smuggled },
  ]
  for (const attempt of attempts) {
    const answer = await sendRaw(port, buildHandshake(stage, cookie, attempt))
    assert.equal(answer.status, 400, JSON.stringify(attempt))
    assert.match(answer.head, /connection: close/)
    assert.equal(answer.body.includes('HTTP/1.1'), false, 'one answer')
  }
  assert.deepEqual(stage.upstream.received, [])
})

test('HTTP/2 that is offered is not taken, and the offer goes no further', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  stage.upstream.forget()
  const offer = {
    upgrade: 'h2c',
    lines: ['HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA', 'Connection: HTTP2-Settings, close'],
  }
  const { status } = await sendRaw(stage.gateways[0]!.publicAddress.port, buildHandshake(stage, cookie, offer))
  assert.equal(status, 200)
  const [received] = stage.upstream.received
  assert.deepEqual([received?.headers.upgrade, received?.headers['http2-settings']], [undefined, undefined])
})

test('a protocol is known by its name, however it is written', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const socket = await openRaw(stage.gateways[0]!.publicAddress.port)
  socket.write(buildHandshake(stage, cookie, { upgrade: 'WebSocket' }))
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 101 .*upgrade: websocket\r\n/is)
  socket.destroy()
})

test('a socket that is refused by its service is no way to it afterwards', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const second = `GET /admin/x HTTP/1.1\r\nHost: ${new URL(stage.publicUrl).host}\r\nCookie: ${cookie}\r\n\r\n`
  const asked = Promise.withResolvers<Duplex>()
  stage.upstream.switchTo((_, socket) => {
    socket.write('HTTP/1.1 426 Upgrade Required\r\nsec-websocket-version: 13\r\ncontent-length: 4\r\n\r\nfo')
    asked.resolve(socket)
  })
  stage.upstream.forget()
  const socket = await openRaw(stage.gateways[0]!.publicAddress.port)
  let heard = ''
  socket.on('data', (piece) => {
    heard += piece
  })
  socket.write(buildHandshake(stage, cookie).replace('Version: 13', 'Version: 1337'))
  const service = await asked.promise
  await once(socket, 'data')
  socket.write(second)
  service.write('ur')
  await once(socket, 'close')
  assert.equal(stage.upstream.received.length, 1)
  assert.match(heard, /^HTTP\/1\.1 426 .*\r\n\r\nfour$/s)
})

test('a request before the upgrade on the same line gets its answer or none, and never that of the other', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const host = new URL(stage.publicUrl).host
  stage.upstream.answer(() => {})
  const asked = `GET /public/slow HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const answer = await sendRaw(stage.gateways[0]!.publicAddress.port, asked + buildHandshake(stage, cookie))
  assert.equal(answer.status, 0)
})

test('the answer to an upgrade sets none of our cookies, and grants no foreign page a look', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const name = sessionCookieName(stage)
  stage.upstream.switchTo((message, socket) => {
    agree(message, socket, [`set-cookie: ${name}=fixed`, 'set-cookie: room=1', 'access-control-allow-origin: *'])
  })
  const socket = await openRaw(stage.gateways[0]!.publicAddress.port)
  socket.write(buildHandshake(stage, cookie))
  const [answer] = await once(socket, 'data')
  const head = String(answer).toLowerCase()
  assert.equal(head.includes('fixed'), false)
  assert.match(head, /set-cookie: room=1/)
  assert.equal(head.includes('access-control-allow-origin'), false)
  socket.destroy()
})
