import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../support/loopback-certificate.ts'
import { buildRaw, openRaw, sendRaw } from '../support/raw-http.ts'
import { buildLive } from '../support/sessions.ts'
import { createTestProxy, type TestProxyOptions } from '../support/test-proxy.ts'
import { createTestUpstream, sayOk } from '../support/test-upstream.ts'

async function setUp(t: TestContext, options: Partial<TestProxyOptions> = {}) {
  const upstream = await createTestUpstream()
  const proxy = await createTestProxy({ upstream: upstream.origin, ...options })
  t.after(async () => {
    await upstream.close()
    await proxy.close()
  })
  return { upstream, proxy }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

async function readAll(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function get(url: string, options = {}): Promise<[ClientRequest, IncomingMessage]> {
  const request = httpRequest(url, { agent: false, ...options })
  request.on('error', () => {})
  request.end()
  const [answer] = await once(request, 'response')
  return [request, answer]
}

suite('an answer', () => {
  test('comes back with its status, headers and body', async (t) => {
    const { upstream, proxy } = await setUp(t)
    upstream.answer((_message, response) => {
      response.writeHead(418, { 'x-a': ['1', '2'], location: 'http://elsewhere.example/' }).end('short and stout')
    })
    const response = await fetch(`${proxy.url}/tea?x=%2F`, { redirect: 'manual' })
    assert.equal(response.status, 418)
    assert.equal(response.headers.get('x-a'), '1, 2')
    assert.equal(response.headers.get('location'), 'http://elsewhere.example/')
    assert.equal(await response.text(), 'short and stout')
    assert.deepEqual([upstream.received[0]!.method, upstream.received[0]!.target], ['GET', '/tea?x=%2F'])
    assert.equal(upstream.received[0]!.headers.host, new URL(upstream.origin).host)
  })

  for (const status of [204, 304]) {
    test(`of status ${status} has no body`, async (t) => {
      const { upstream, proxy } = await setUp(t)
      upstream.answer((_message, response) => response.writeHead(status, { etag: '"1"' }).end())
      const answer = await sendRaw(proxy.port, buildRaw('GET /', [`Host: ${proxy.host}`]))
      assert.deepEqual([answer.status, answer.body], [status, ''])
    })
  }

  test('to HEAD keeps its length and has no body', async (t) => {
    const { upstream, proxy } = await setUp(t)
    upstream.answer((_message, response) => response.writeHead(200, { 'content-length': '1000' }).end())
    const answer = await sendRaw(proxy.port, buildRaw('HEAD /', [`Host: ${proxy.host}`]))
    assert.match(answer.head, /content-length: 1000/)
    assert.equal(answer.body, '')
  })

  test('arrives piece by piece', async (t) => {
    const { upstream, proxy } = await setUp(t)
    let sendMore = (_text: string) => {}
    upstream.answer((_message, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      sendMore = (text) => response.write(text)
    })
    const [request, answer] = await get(proxy.url)
    assert.equal(answer.headers['content-type'], 'text/event-stream')
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      sendMore(event)
      const [chunk] = await once(answer, 'data')
      assert.equal(String(chunk), event)
    }
    request.destroy()
  })

  test('carries trailers', async (t) => {
    const { upstream, proxy } = await setUp(t)
    upstream.answer((_message, response) => {
      response.writeHead(200, { trailer: 'x-sum' })
      response.write('a')
      response.addTrailers([
        ['x-sum', '42'],
        ['set-cookie', `doorman-${proxy.port}=x`],
      ])
      response.end()
    })
    const [, answer] = await get(proxy.url)
    await readAll(answer)
    assert.deepEqual(answer.trailers, { 'x-sum': '42' })
  })

  test('is read no faster than the client takes it', async (t) => {
    const { upstream, proxy } = await setUp(t)
    const chunk = Buffer.alloc(64 * 1024)
    let written = 0
    let isStuck = false
    upstream.answer((_message, response) => {
      response.writeHead(200)
      const fill = () => {
        while (written < 40 * 2 ** 20) {
          written += chunk.length
          if (!response.write(chunk)) {
            isStuck = true
            response.once('drain', fill)
            return
          }
        }
        response.end()
      }
      fill()
    })
    const [, answer] = await get(proxy.url)
    let before = -1
    // Nobody reads: within a few turns of both loops what is under way fills every buffer and then stands still.
    while (!isStuck || written !== before) {
      before = written
      for (let turns = 0; turns < 2000; turns += 1) await turn()
    }
    assert(written < 20 * 2 ** 20, `${written} bytes were taken from the upstream for a client that reads nothing`)
    assert.equal((await readAll(answer)).length, 40 * 2 ** 20)
  })

  test('with an interim response before it is the final one', async (t) => {
    const { upstream, proxy } = await setUp(t)
    upstream.answer((_message, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.writeHead(200).end('ok')
    })
    assert.equal(await (await fetch(proxy.url)).text(), 'ok')
  })
})

suite('a request body', () => {
  test('of 10 MB arrives whole, without being held', async (t) => {
    const { upstream, proxy } = await setUp(t)
    let length = 0
    upstream.answer((message, response) => {
      message.on('data', (chunk: Buffer) => {
        length += chunk.length
      })
      message.on('end', () => response.end('ok'))
    })
    const response = await fetch(`${proxy.url}/up`, { method: 'POST', body: Buffer.alloc(10_000_000, 'x') })
    assert.equal(await response.text(), 'ok')
    assert.equal(length, 10_000_000)
    assert.equal(upstream.received[0]!.headers['content-length'], '10000000')
  })

  test('without a length arrives in chunks', async (t) => {
    const { upstream, proxy } = await setUp(t)
    const request = httpRequest(proxy.url, { method: 'PUT', agent: false })
    request.write('one,')
    request.end('two')
    const [answer] = await once(request, 'response')
    await readAll(answer)
    assert.equal(upstream.received[0]!.headers['transfer-encoding'], 'chunked')
    assert.equal(upstream.received[0]!.body, 'one,two')
  })

  test('is absent where none was sent', async (t) => {
    const { upstream, proxy } = await setUp(t)
    for (const method of ['POST', 'DELETE']) {
      const answer = await sendRaw(proxy.port, buildRaw(`${method} /`, [`Host: ${proxy.host}`]))
      assert.equal(answer.status, 200, method)
    }
    assert.deepEqual(
      upstream.received.map(({ headers }) => headers['content-length']),
      ['0', undefined],
    )
  })

  test('of a GET and a DELETE is passed on', async (t) => {
    const { upstream, proxy } = await setUp(t)
    for (const method of ['GET', 'DELETE']) {
      const raw = buildRaw(`${method} /`, [`Host: ${proxy.host}`, 'Content-Length: 4'], 'body')
      assert.equal((await sendRaw(proxy.port, raw)).status, 200)
    }
    assert.deepEqual(
      upstream.received.map(({ body }) => body),
      ['body', 'body'],
    )
  })

  test('is begun by 100 Continue where the client waits for it', async (t) => {
    const { upstream, proxy } = await setUp(t)
    const request = httpRequest(proxy.url, { method: 'POST', headers: { expect: '100-continue' }, agent: false })
    request.flushHeaders()
    await once(request, 'continue')
    request.end('late')
    const [answer] = await once(request, 'response')
    assert.equal(answer.statusCode, 200)
    answer.resume()
    assert.deepEqual([upstream.received[0]!.headers.expect, upstream.received[0]!.body], [undefined, 'late'])
  })

  test('refused by an early answer does not cost the client that answer', async (t) => {
    const { upstream, proxy } = await setUp(t)
    upstream.answer((_message, response) => {
      response.writeHead(413, { connection: 'close', 'content-length': '3' }).end('big')
    })
    const socket = await openRaw(proxy.port)
    t.after(() => socket.destroy())
    socket.setEncoding('latin1')
    socket.write(`POST /a HTTP/1.1\r\nHost: ${proxy.host}\r\nContent-Length: 200000\r\n\r\n`)
    socket.write('x'.repeat(100_000))
    const [answer] = await once(socket, 'data')
    assert.match(answer, /^HTTP\/1\.1 413/)
    upstream.answer(sayOk)
    socket.write('x'.repeat(100_000))
    socket.write(`GET /b HTTP/1.1\r\nHost: ${proxy.host}\r\n\r\n`)
    const [second] = await once(socket, 'data')
    assert.match(second, /^HTTP\/1\.1 200/)
  })
})

test('a body is read no faster than the upstream takes it, and dropped once the upstream has answered', async (t) => {
  const { upstream, proxy } = await setUp(t)
  let refuse = () => {}
  upstream.answer((message, response) => {
    message.pause()
    refuse = () => response.writeHead(413, { 'content-length': '3' }).end('big')
  })
  const length = 32 * 2 ** 20
  const socket = await openRaw(proxy.port)
  t.after(() => socket.destroy())
  socket.write(`POST /a HTTP/1.1\r\nHost: ${proxy.host}\r\nContent-Length: ${length}\r\n\r\n`)
  const chunk = Buffer.alloc(64 * 1024)
  for (let at = 0; at < length; at += chunk.length) socket.write(chunk)
  await until(() => upstream.received.length === 1)
  for (let before = -1; before !== socket.writableLength; ) {
    before = socket.writableLength
    for (let turns = 0; turns < 2000; turns += 1) await turn()
  }
  assert(socket.writableLength > length / 2, `${socket.writableLength} bytes were left to send`)
  refuse()
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 413/)
  await until(() => socket.writableLength === 0)
})

suite('a client that goes away', () => {
  test('ends the request upstream', async (t) => {
    const { upstream, proxy } = await setUp(t)
    let isClosed = false
    upstream.answer((_message, response) => {
      response.on('close', () => {
        isClosed = true
      })
    })
    const request = httpRequest(proxy.url, { agent: false })
    request.on('error', () => {})
    request.end()
    await until(() => upstream.received.length === 1)
    request.destroy()
    await until(() => isClosed)
    assert.equal(proxy.failures.length, 0)
  })

  test('in the middle of its body ends the request upstream', async (t) => {
    const { upstream, proxy } = await setUp(t)
    let isAborted = false
    upstream.answer((message) => {
      message.on('error', () => {
        isAborted = true
      })
      message.resume()
    })
    const socket = await openRaw(proxy.port)
    socket.write(`POST / HTTP/1.1\r\nHost: ${proxy.host}\r\nContent-Length: 100\r\n\r\nhalf`)
    await until(() => upstream.received.length === 1)
    socket.destroy()
    await until(() => isAborted)
    assert.equal(proxy.failures.length, 0)
  })

  test('leaves room for others: 64 downloads given up half-way do not starve the pool', async (t) => {
    const { upstream, proxy } = await setUp(t, { maxConnections: 64 })
    upstream.answer((_message, response) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(64 * 1024)
      const fill = () => {
        while (response.write(chunk));
        response.once('drain', fill)
      }
      fill()
    })
    const downloads = await Promise.all(Array.from({ length: 64 }, () => get(proxy.url)))
    for (const [request] of downloads) request.destroy()
    upstream.answer(sayOk)
    const answers = await Promise.all(Array.from({ length: 64 }, () => fetch(proxy.url)))
    assert(answers.every((answer) => answer.status === 200))
    await Promise.all(answers.map((answer) => answer.text()))
  })

  test('while it waits for a connection costs no connection', async (t) => {
    const { upstream, proxy } = await setUp(t, { maxConnections: 1 })
    const pending: (() => void)[] = []
    upstream.answer((_message, response) => pending.push(() => response.end('ok')))
    const first = fetch(`${proxy.url}/1`)
    await until(() => pending.length === 1)
    const [socket] = upstream.sockets
    const waiting = await openRaw(proxy.port)
    waiting.write(`GET /2 HTTP/1.1\r\nHost: ${proxy.host}\r\n\r\n`)
    await until(() => proxy.inFlight === 2)
    waiting.destroy()
    await until(() => proxy.inFlight === 1)
    upstream.answer(sayOk)
    pending[0]!()
    await (await first).text()
    const third = await fetch(`${proxy.url}/3`)
    await third.text()
    assert(upstream.sockets.size === 1 && upstream.sockets.has(socket!))
  })
})

suite('an upstream that fails', () => {
  const codesOf = (proxy: { readonly failures: readonly { readonly code: string }[] }) =>
    proxy.failures.map(({ code }) => code)

  test('to listen is 502', async (t) => {
    const { upstream, proxy } = await setUp(t)
    await upstream.close()
    t.mock.method(upstream, 'close', async () => {})
    const response = await fetch(proxy.url)
    assert.equal(response.status, 502)
    assert.equal(response.headers.get('content-type'), 'application/problem+json')
    assert.deepEqual(codesOf(proxy), ['ERR_UPSTREAM_UNREACHABLE'])
  })

  test('before its answer is 502, asked once', async (t) => {
    const { upstream, proxy } = await setUp(t)
    upstream.answer((message) => message.socket.destroy())
    const response = await fetch(proxy.url)
    assert.equal(response.status, 502)
    assert.deepEqual(codesOf(proxy), ['ERR_UPSTREAM_RESET'])
    assert.equal(upstream.received.length, 1)
  })

  test('to answer is 504', async (t) => {
    const { upstream, proxy } = await setUp(t, { rules: { headersTimeoutSeconds: 0.05 } })
    let isClosed = false
    upstream.answer((_message, response) => {
      response.on('close', () => {
        isClosed = true
      })
    })
    const response = await fetch(proxy.url)
    assert.equal(response.status, 504)
    assert.deepEqual(codesOf(proxy), ['ERR_UPSTREAM_TIMEOUT'])
    await until(() => isClosed)
  })

  test('to go on is cut, visibly', async (t) => {
    const { upstream, proxy } = await setUp(t, { rules: { idleBodySeconds: 0.05 } })
    upstream.answer((_message, response) => response.writeHead(200).write('half'))
    const response = await fetch(proxy.url)
    await assert.rejects(response.text())
    assert.deepEqual(codesOf(proxy), ['ERR_UPSTREAM_TIMEOUT'])
  })

  test('to go on may take its time in an event stream', async (t) => {
    const { upstream, proxy } = await setUp(t, { rules: { idleBodySeconds: 0.02, headersTimeoutSeconds: 0.02 } })
    let endIt = () => {}
    upstream.answer((_message, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).flushHeaders()
      endIt = () => response.end('data: 1\n\n')
    })
    const response = await fetch(proxy.url)
    const from = performance.now()
    await until(() => performance.now() - from > 60)
    endIt()
    assert.equal(await response.text(), 'data: 1\n\n')
  })

  for (const length of [undefined, '1000']) {
    test(`in the middle of a body ${length === undefined ? 'in chunks' : 'with a length'} is cut, visibly`, async (t) => {
      const { upstream, proxy } = await setUp(t)
      upstream.answer((message, response) => {
        response.writeHead(200, length === undefined ? {} : { 'content-length': length })
        response.write('half', () => message.socket.destroy())
      })
      const response = await fetch(proxy.url)
      await assert.rejects(response.text())
      assert.deepEqual(codesOf(proxy), ['ERR_UPSTREAM_RESET'])
    })
  }

  test('in the middle of a body is cut by a reset for HTTP/1.0, which knows no other end', async (t) => {
    const { upstream, proxy } = await setUp(t)
    upstream.answer((message, response) => {
      response.writeHead(200)
      response.write('half', () => message.socket.destroy())
    })
    const socket = await openRaw(proxy.port)
    socket.resume()
    socket.write(`GET / HTTP/1.0\r\nHost: ${proxy.host}\r\n\r\n`)
    const [error] = await once(socket, 'error')
    assert.equal(error.code, 'ECONNRESET')
  })

  for (const answer of [
    'nonsense\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
  ]) {
    test(`to speak HTTP is 502: ${JSON.stringify(answer.slice(0, 40))}`, async (t) => {
      const server = createServer((socket) => socket.once('data', () => socket.end(answer)))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.after(() => server.close())
      const { proxy } = await setUp(t, { upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
      assert.equal((await fetch(proxy.url)).status, 502)
      assert.match(codesOf(proxy).join(), /^ERR_UPSTREAM_(?:BAD_RESPONSE|RESET)$/)
    })
  }
})

test('a client that stops sending its body is told 408', async (t) => {
  const { upstream, proxy } = await setUp(t, { rules: { idleBodySeconds: 0.05 } })
  upstream.answer((message) => message.resume())
  const socket = await openRaw(proxy.port)
  t.after(() => socket.destroy())
  socket.setEncoding('latin1')
  socket.write(`POST / HTTP/1.1\r\nHost: ${proxy.host}\r\nContent-Length: 100\r\n\r\nhalf`)
  const [answer] = await once(socket, 'data')
  assert.match(answer, /^HTTP\/1\.1 408/)
})

test('waiting for a free connection counts as waiting for the answer', async (t) => {
  const { upstream, proxy } = await setUp(t, { maxConnections: 1, rules: { headersTimeoutSeconds: 0.1 } })
  upstream.answer((_message, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  })
  const [request] = await get(proxy.url)
  assert.equal((await fetch(proxy.url)).status, 504)
  request.destroy()
})

suite('an upstream with a certificate', () => {
  async function askOverTls(t: TestContext, options: Partial<TestProxyOptions>) {
    const settings = { cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY }
    const server = createTlsServer(settings, (_message, response) => response.end('sealed'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const { proxy } = await setUp(t, { upstream: `https://localhost:${port}`, ...options })
    return { response: await fetch(proxy.url), failures: proxy.failures }
  }

  test('of an authority we trust is asked', async (t) => {
    const { response } = await askOverTls(t, { ca: [LOOPBACK_CERTIFICATE] })
    assert.equal(await response.text(), 'sealed')
  })

  test('of an authority we do not know is 502 and not asked', async (t) => {
    const { response, failures } = await askOverTls(t, {})
    assert.equal(response.status, 502)
    assert.equal(failures[0]!.code, 'ERR_UPSTREAM_UNREACHABLE')
  })
})

suite('the end of a session', () => {
  async function setUpWatched(t: TestContext, cutsInFlight: boolean) {
    const watches: boolean[] = []
    let open = 0
    const parts = await setUp(t, {
      live: buildLive(),
      sessionEnd: {
        cutsInFlight,
        watch(_live, { usesTokens }) {
          watches.push(usesTokens)
          open += 1
          return () => {
            open -= 1
          }
        },
      },
    })
    return { ...parts, watches, open: () => open }
  }

  test('is not watched for by requests that may finish', async (t) => {
    const { proxy, watches } = await setUpWatched(t, false)
    await (await fetch(proxy.url)).text()
    assert.deepEqual(watches, [])
  })

  test('is watched for by requests that may not, for as long as they last', async (t) => {
    const { proxy, watches, open } = await setUpWatched(t, true)
    await (await fetch(proxy.url)).text()
    assert.deepEqual([watches, open()], [[false], 0])
  })

  for (const cutsInFlight of [false, true]) {
    test(`is watched for by event streams ${cutsInFlight ? 'as by all others' : 'alone'}`, async (t) => {
      const { upstream, proxy, watches, open } = await setUpWatched(t, cutsInFlight)
      upstream.answer((_message, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      })
      const [request, answer] = await get(proxy.url)
      await once(answer, 'data')
      assert.deepEqual([watches.at(-1), open()], [true, 1])
      request.destroy()
      await until(() => open() === 0)
    })
  }
})
