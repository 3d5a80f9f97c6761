// WebSockets through the gateway: from the handshake to the last word.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { cookieOf, eventsOf, nextEvent, testOnBothFronts } from '../support/flow.ts'
import { openRaw } from '../support/raw-http.ts'
import { agree, buildFrame } from '../support/websocket-frames.ts'
import {
  closeOf,
  echo,
  openSocket,
  refusalOf,
  SOCKET_ROUTES,
  setSocketStage,
  speakWebSocket,
  startSocket,
} from '../support/websockets.ts'

async function until(condition: () => boolean): Promise<void> {
  const startedAt = performance.now()
  while (!condition()) {
    assert.ok(performance.now() - startedAt < 10_000, 'not in time')
    await turn()
  }
}

testOnBothFronts(
  'messages go both ways, with the subprotocol and the extensions both sides agreed on',
  async (stage) => {
    speakWebSocket(stage.upstream, echo)
    const cookie = cookieOf(stage, await stage.loggedIn())
    const socket = await openSocket(stage, '/ws/room?x=1', { headers: { cookie }, protocols: ['chat', 'json'] })
    assert.deepEqual([socket.protocol, socket.extensions], ['json', 'permessage-deflate'])
    socket.send('hello')
    const [text, isBinary] = await once(socket, 'message')
    assert.deepEqual([String(text), isBinary], ['hello', false])
    socket.send(Buffer.from([1, 2, 3]))
    const [bytes] = await once(socket, 'message')
    assert.deepEqual([...bytes], [1, 2, 3])
    const [received] = stage.upstream.received
    assert.equal(received?.target, '/ws/room?x=1')
    assert.equal(received?.headers['sec-websocket-protocol'], 'chat,json')
    socket.close(4000, 'bye')
    assert.deepEqual(await closeOf(socket), { code: 4000, reason: 'bye' })
  },
  { routes: SOCKET_ROUTES },
)

testOnBothFronts(
  'the end of a session closes its sockets with 4401 and the reason, and those of others stay open',
  async (stage) => {
    const services: unknown[] = []
    speakWebSocket(stage.upstream, (socket) => {
      echo(socket)
      socket.on('close', (code) => services.push(code))
    })
    const browser = await stage.loggedIn()
    const bob = await stage.loggedIn('bob')
    const mine = await openSocket(stage, '/ws/a', { headers: { cookie: cookieOf(stage, browser) } })
    const other = await openSocket(stage, '/ws/b', { headers: { cookie: cookieOf(stage, bob) } })
    const closed = closeOf(mine)
    await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
    assert.deepEqual(await closed, { code: 4401, reason: 'session ended: user' })
    await until(() => services.length === 1)
    assert.deepEqual(services, [1001])
    other.send('still here')
    assert.equal(String((await once(other, 'message'))[0]), 'still here')
    other.terminate()
    await until(() => eventsOf(stage, 'upgrade.closed').length === 2)
    assert.deepEqual(
      eventsOf(stage, 'upgrade.closed').map(({ protocol, by }) => [protocol, by]),
      [
        ['websocket', 'session'],
        ['websocket', 'browser'],
      ],
    )
  },
  { routes: SOCKET_ROUTES },
)

test('messages of a megabyte arrive whole, in both directions at once', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const socket = await openSocket(stage, '/ws/big', { headers: { cookie } })
  const messages = Array.from({ length: 4 }, () => randomBytes(1024 * 1024))
  const echoed: Buffer[] = []
  socket.on('message', (data) => echoed.push(data as Buffer))
  for (const message of messages) socket.send(message)
  await until(() => echoed.length === messages.length)
  assert.ok(echoed.every((message, at) => message.equals(messages[at]!)))
  socket.close()
})

test('the service gets the credential, and neither our cookie nor what the browser says of itself', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const headers = {
    cookie: `theme=dark; ${cookie}`,
    authorization: 'Bearer forged',
    'x-user': 'root',
    'x-forwarded-user': 'root',
    'x-forwarded-for': '192.0.2.1',
  }
  const socket = await openSocket(stage, '/ws/a', { headers, gateway: 0 })
  const received = stage.upstream.received[0]!.headers
  assert.match(received.authorization ?? '', /^Bearer \S{100,}$/)
  assert.equal(received.cookie, 'theme=dark')
  assert.deepEqual([received['x-user'], received['x-forwarded-user']], [undefined, undefined])
  assert.equal(received['x-forwarded-for'], '127.0.0.1')
  assert.equal(received.host, new URL(stage.upstream.origin).host)
  assert.deepEqual([received.connection, received.upgrade], ['upgrade', 'websocket'])
  socket.close()
})

test('the request is answered when the socket opens, and nothing of it waits for the end', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const answered = nextEvent(stage, 'request.answered')
  const socket = await openSocket(stage, '/ws/a', { headers: { cookie } })
  const { status, route } = await answered
  assert.deepEqual([status, route], [101, '/ws/*'])
  socket.close()
})

test('a logout in the middle of a frame lets the frame end, and nothing follows it but the reason', async (t) => {
  const { stage, browser, cookie } = await setSocketStage(t)
  const payload = randomBytes(300_000)
  const frame = buildFrame(payload)
  const service = Promise.withResolvers<import('node:stream').Duplex>()
  stage.upstream.switchTo((message, socket) => {
    agree(message, socket)
    socket.write(frame.subarray(0, 100_000))
    service.resolve(socket)
  })
  const socket = startSocket(stage, '/ws/a', { headers: { cookie } })
  const messages: Buffer[] = []
  socket.on('message', (data) => messages.push(data as Buffer))
  const closed = closeOf(socket)
  const upstream = await service.promise
  await once(socket, 'open')
  const ended = nextEvent(stage, 'session.ended')
  const loggedOut = browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
  await ended
  upstream.write(Buffer.concat([frame.subarray(100_000), buildFrame(Buffer.from('after the end'))]))
  assert.deepEqual(await closed, { code: 4401, reason: 'session ended: user' })
  assert.equal(messages.length, 1)
  assert.ok(messages[0]?.equals(payload))
  await loggedOut
})

test('what the browser says after the end does not reach the service', async (t) => {
  const { stage, browser, cookie } = await setSocketStage(t)
  const heard: string[] = []
  const frame = buildFrame(randomBytes(1000))
  const service = Promise.withResolvers<import('node:stream').Duplex>()
  stage.upstream.switchTo((message, socket) => {
    agree(message, socket)
    socket.write(frame.subarray(0, 500))
    socket.on('data', (piece) => heard.push(piece.toString('latin1')))
    service.resolve(socket)
  })
  const socket = startSocket(stage, '/ws/a', { headers: { cookie } })
  const upstream = await service.promise
  await once(socket, 'open')
  await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
  const before = heard.join('').length
  socket.send('after the end')
  const closed = closeOf(socket)
  upstream.write(frame.subarray(500))
  assert.equal((await closed).code, 4401)
  assert.equal(heard.join('').length, before)
})

test('a logout on one replica closes the sockets of every other one', async (t) => {
  const { stage, browser, cookie } = await setSocketStage(t, { replicas: 3, session: 'cacheAge: 1h' })
  const sockets = await Promise.all(
    [0, 1, 2].map((gateway) => openSocket(stage, '/ws/a', { headers: { cookie }, gateway })),
  )
  const closed = Promise.all(sockets.map(closeOf))
  await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
  for (const each of await closed) assert.deepEqual(each, { code: 4401, reason: 'session ended: user' })
})

test('a service that does not agree answers as ever', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  for (const status of [401, 404, 426]) {
    stage.upstream.switchTo((_, socket) => {
      socket.end(`HTTP/1.1 ${status} No\r\nx-why: not here\r\ncontent-length: 6\r\nconnection: close\r\n\r\nno way`)
    })
    const refusal = await refusalOf(stage, '/ws/a', { headers: { cookie } })
    assert.deepEqual([refusal.status, refusal.headers['x-why'], refusal.body], [status, 'not here', 'no way'])
  }
})

test('a long answer of a service that does not agree arrives whole', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  stage.upstream.switchTo((_, socket) => {
    socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 4000000\r\nconnection: close\r\n\r\n${'x'.repeat(4_000_000)}`)
  })
  const { status, body } = await refusalOf(stage, '/ws/a', { headers: { cookie } })
  assert.deepEqual([status, body.length], [200, 4_000_000])
})

test('a service that agrees to something else, or read no handshake, is 502', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const answers = [
    'upgrade: websocket\r\nsec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    'upgrade: websocket',
    'upgrade: h2c',
  ]
  for (const answer of answers) {
    stage.upstream.switchTo((_, socket) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n${answer}\r\n\r\n`)
    })
    const refusal = await refusalOf(stage, '/ws/a', { headers: { cookie } })
    assert.deepEqual([refusal.status, JSON.parse(refusal.body).code], [502, 'upstream_bad_response'])
  }
  await until(() => stage.upstream.sockets.size === 0)
})

test('a service that hangs up is 502, and one that says nothing 504', async (t) => {
  const routes = `
  - { path: "/ws/*", service: api, require: { login: true }, upgrade: [websocket] }
  - { path: "/slow/*", service: api, require: { login: true }, upgrade: [websocket], timeout: 50ms }
`
  const { stage, cookie } = await setSocketStage(t, { routes })
  stage.upstream.switchTo((_, socket) => socket.destroy())
  assert.equal((await refusalOf(stage, '/ws/a', { headers: { cookie } })).status, 502)
  stage.upstream.switchTo(() => {})
  assert.equal((await refusalOf(stage, '/slow/a', { headers: { cookie } })).status, 504)
})

test('a browser that gives up before the answer leaves nothing behind at the service', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const asked = Promise.withResolvers<void>()
  stage.upstream.switchTo(() => asked.resolve())
  const socket = startSocket(stage, '/ws/a', { headers: { cookie } })
  await asked.promise
  socket.terminate()
  await until(() => stage.upstream.sockets.size === 0)
})

test('hanging up on either side ends both', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const first = await openSocket(stage, '/ws/a', { headers: { cookie } })
  first.terminate()
  await until(() => stage.upstream.sockets.size === 0)
  const second = await openSocket(stage, '/ws/a', { headers: { cookie } })
  const closed = closeOf(second)
  for (const each of stage.upstream.sockets) each.destroy()
  assert.equal((await closed).code, 1006)
  await until(() => eventsOf(stage, 'upgrade.closed').length === 2)
})

test('a session that ends while the service has not answered yet is refused', async (t) => {
  const { stage, browser, cookie } = await setSocketStage(t)
  const asked = Promise.withResolvers<void>()
  stage.upstream.switchTo(() => asked.resolve())
  const refused = refusalOf(stage, '/ws/a', { headers: { cookie } })
  await asked.promise
  await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
  assert.equal((await refused).status, 401)
  await until(() => stage.upstream.sockets.size <= 1)
})

test('a gateway that stops says goodbye and does not wait', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const services: unknown[] = []
  speakWebSocket(stage.upstream, (socket) => socket.on('close', (code) => services.push(code)))
  const socket = await openSocket(stage, '/ws/a', { headers: { cookie } })
  const closed = closeOf(socket)
  const startedAt = performance.now()
  await stage.gateways[0]?.close()
  assert.ok(performance.now() - startedAt < 10_000)
  assert.equal((await closed).code, 1001)
  assert.deepEqual(services, [1001])
})

test('an open socket is no use of the session, and its idle limit closes it', async (t) => {
  const { stage, cookie } = await setSocketStage(t, { session: 'idle: 1s' })
  const socket = await openSocket(stage, '/ws/a', { headers: { cookie } })
  const chatter = setInterval(() => socket.send('tick'), 100)
  assert.deepEqual(await closeOf(socket), { code: 4401, reason: 'session ended: idle' })
  clearInterval(chatter)
})

test('a line that has carried ordinary requests may be upgraded', async (t) => {
  const { stage, cookie } = await setSocketStage(t)
  const line = await openRaw(stage.gateways[0]!.publicAddress.port)
  const { host } = new URL(stage.publicUrl)
  line.write(`GET /public/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  assert.match(String((await once(line, 'data'))[0]), /^HTTP\/1\.1 200/)
  const names = ['Connection: Upgrade', 'Upgrade: websocket', `Origin: ${stage.publicUrl}`, `Cookie: ${cookie}`]
  const key = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']
  line.write(['GET /ws/a HTTP/1.1', `Host: ${host}`, ...names, ...key, '', ''].join('\r\n'))
  assert.match(String((await once(line, 'data'))[0]), /s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/)
  line.destroy()
})

test('a bearer opens a socket without an origin, and no session watches over it', async (t) => {
  const { stage, browser, cookie } = await setSocketStage(t)
  await browser.fetch(stage.url('/api/x'))
  const { authorization = '' } = stage.upstream.received[0]!.headers
  const socket = await openSocket(stage, '/machines/a', { headers: { authorization }, origin: null })
  await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
  socket.send('still here')
  assert.equal(String((await once(socket, 'message'))[0]), 'still here')
  assert.equal((await refusalOf(stage, '/machines/a', { headers: { cookie } })).status, 401)
  socket.terminate()
})

test('a route for everybody takes sockets, and closes none at a logout', async (t) => {
  const { stage, browser, cookie } = await setSocketStage(t)
  const socket = await openSocket(stage, '/open/a', { headers: { cookie } })
  await browser.fetch(stage.url('/auth/logout'), { method: 'POST' })
  socket.send('still here')
  assert.equal(String((await once(socket, 'message'))[0]), 'still here')
  socket.terminate()
})
