import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { suite, type TestContext, test } from 'node:test'
import { buildReply } from '../../src/http/reply.ts'
import { createHttpServer, type HttpServerOptions, sendReply } from '../../src/http/server.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { buildRaw, openRaw, sendRaw } from '../support/raw-http.ts'

const LIMITS = { maxHeaderBytes: 8192, headersTimeoutSeconds: 10, keepAliveSeconds: 5, closeSeconds: 5 }

async function setUp(t: TestContext, handler: HttpServerOptions['handler'], limits = LIMITS) {
  const server = createHttpServer({ listen: { host: '127.0.0.1', port: 0 }, limits, handler, upgradeHandler: null })
  const { port } = await server.start()
  t.after(() => server.close())
  return { server, port }
}

const sayHello: HttpServerOptions['handler'] = (_message, response) => {
  sendReply(
    response,
    buildReply(200, 'héllo', [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]),
  )
}

suite('a reply', () => {
  test('is written with its headers, repeated ones repeatedly, and its length in bytes', async (t) => {
    const { port } = await setUp(t, sayHello)
    const response = await fetch(`http://127.0.0.1:${port}`)
    assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
    assert.equal(response.headers.get('content-length'), '6')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(await response.text(), 'héllo')
  })

  test('to HEAD is the headers alone', async (t) => {
    const { port } = await setUp(t, sayHello)
    const answer = await sendRaw(port, buildRaw('HEAD /', ['Host: x']))
    assert.match(answer.head, /content-length: 6/)
    assert.equal(answer.body, '')
  })

  test('is left unsaid where another one has begun', async (t) => {
    const { port } = await setUp(t, (message, response) => {
      sayHello(message, response)
      sendReply(response, buildReply(500, 'too late'))
    })
    assert.equal((await fetch(`http://127.0.0.1:${port}`)).status, 200)
  })
})

suite('what is no request', () => {
  const rows: readonly [string, string, number][] = [
    ['that is no HTTP', 'hello\r\n\r\n', 400],
    ['in lower case (CVE-2020-14359)', 'get / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['in mixed case (CVE-2020-14359)', 'gEt / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['of a method nobody knows (CVE-2020-14359)', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['to connect elsewhere', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
    ['with headers beyond the limit', `GET / HTTP/1.1\r\nHost: x\r\nx: ${'y'.repeat(9000)}\r\n\r\n`, 431],
    ['with thousands of headers', `GET / HTTP/1.1\r\nHost: x\r\n${'a:1\r\n'.repeat(5000)}\r\n`, 431],
  ]
  for (const [name, text, status] of rows) {
    test(`${name} is ${status}`, async (t) => {
      const { port } = await setUp(t, sayHello)
      const answer = await sendRaw(port, text)
      assert.equal(answer.status, status)
      assert.match(answer.head, /application\/problem\+json/)
      assert.equal(JSON.parse(answer.body).status, status)
    })
  }

  test('whose headers never end is 408', async (t) => {
    const { port } = await setUp(t, sayHello, { ...LIMITS, headersTimeoutSeconds: 0.05 })
    assert.equal((await sendRaw(port, 'GET / HTTP/1.1\r\nHost: x\r\n')).status, 408)
  })

  test('behind a request ends the connection and not the answer', async (t) => {
    const pending: ServerResponse[] = []
    const { port } = await setUp(t, (_message, response) => {
      response.writeHead(200)
      response.write('half')
      pending.push(response)
    })
    const answer = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n')
    assert.doesNotMatch(answer.body, /problem/)
  })
})

test('no header is lost below the limit in bytes', async (t) => {
  const { port } = await setUp(t, ({ rawHeaders }, response) => {
    sendReply(response, buildReply(200, String(rawHeaders.length / 2)))
  })
  const answer = await sendRaw(port, buildRaw('GET /', ['Host: x', ...Array.from({ length: 2500 }, () => 'a:1')]))
  assert.equal(answer.body, '2502')
})

test('an address in use is named', async (t) => {
  const { port } = await setUp(t, sayHello)
  const second = createHttpServer({
    listen: { host: '127.0.0.1', port },
    limits: LIMITS,
    handler: sayHello,
    upgradeHandler: null,
  })
  await assert.rejects(second.start(), (error) => {
    assert(isGatewayError(error, 'ERR_LISTEN_FAILED'))
    assert.deepEqual(error.detail, { host: '127.0.0.1', port, because: 'EADDRINUSE' })
    return true
  })
})

suite('closing', () => {
  test('lets a request in flight finish and ends its connection', async (t) => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<ServerResponse>()
    const { server, port } = await setUp(t, (_message, response) => arrive(response))
    const socket = await openRaw(port)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const response = await arrived
    const closed = server.close()
    socket.setEncoding('utf8')
    sendReply(response, buildReply(200, 'done'))
    const [text] = await once(socket, 'data')
    assert.match(text, /^HTTP\/1\.1 200/)
    await closed
  })

  test('takes no new connection and ends idle ones', async (t) => {
    const { server, port } = await setUp(t, sayHello)
    const idle = await openRaw(port)
    const gone = once(idle.resume(), 'close')
    await server.close()
    await gone
    await assert.rejects(openRaw(port))
  })

  test('cuts what has not finished in time', async (t) => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    const { server, port } = await setUp(t, () => arrive(), { ...LIMITS, closeSeconds: 0.05 })
    const answer = sendRaw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await arrived
    await server.close()
    assert.equal((await answer).status, 0)
  })

  test('twice is closing once', async (t) => {
    const { server } = await setUp(t, sayHello)
    await Promise.all([server.close(), server.close()])
  })
})
