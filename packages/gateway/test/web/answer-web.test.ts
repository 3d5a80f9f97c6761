// Web requests and responses over connections that never leave the process: framing, streams, ends.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ErrorCode } from '../../src/kernel/errors.ts'
import { answerWeb, type WebDoor } from '../../src/web/answer-web.ts'
import { createMemoryServer, type MemoryServer, type MessageHandler } from '../../src/web/memory-server.ts'

const LIMITS = { maxHeaderBytes: 32_768, headersTimeoutSeconds: 30, keepAliveSeconds: 65, closeSeconds: 20 }
const UNREAD_SECONDS = 300
const ADDRESS = 'https://app.example/a/b%2Fc?d=%20e'

type Init = RequestInit & { readonly duplex?: 'half' }

const failures: ErrorCode[] = []

function doorOf(server: MemoryServer, handler: MessageHandler): WebDoor {
  return { server, handler, unreadSeconds: UNREAD_SECONDS, failed: (code) => failures.push(code) }
}

function ask(handler: MessageHandler, init: Init = {}, address = ADDRESS): Promise<Response> {
  return answerWeb(new Request(address, init), doorOf(createMemoryServer(LIMITS), handler))
}

/** What arrives: the head, and the body as text. */
async function arrive(init: Init, address?: string) {
  const seen = Promise.withResolvers<{ message: IncomingMessage; body: string }>()
  const answer = await ask(
    async (message, response) => {
      seen.resolve({ message, body: Buffer.concat(await message.toArray()).toString() })
      response.end()
    },
    init,
    address,
  )
  assert.equal(answer.status, 200)
  return seen.promise
}

const answering =
  (status: number, headers: string[], body = ''): MessageHandler =>
  (message, response) => {
    message.resume()
    response.writeHead(status, headers).end(body)
  }

function streamOf(pieces: readonly string[]): ReadableStream {
  return ReadableStream.from(pieces.map((piece) => Buffer.from(piece)))
}

test('a request arrives as it was made, from 127.0.0.1', async () => {
  const { message, body } = await arrive({ method: 'POST', body: 'hello', headers: { 'x-own': 'ä' } })
  assert.equal(message.method, 'POST')
  assert.equal(message.url, '/a/b%2Fc?d=%20e')
  assert.equal(message.headers.host, 'app.example')
  assert.equal(message.headers['x-own'], 'ä')
  assert.equal(message.socket.remoteAddress, '127.0.0.1')
  assert.equal(body, 'hello')
})

test('the Host header counts more than the address', async () => {
  const { message } = await arrive({ headers: { host: 'other.example' } })
  assert.deepEqual(message.headersDistinct.host, ['other.example'])
})

test('a body of stated length keeps it, and any other is sent in chunks', async () => {
  const stated = await arrive({ method: 'PUT', body: 'hello', headers: { 'content-length': '5' } })
  assert.equal(stated.message.headers['content-length'], '5')
  const streamed = await arrive({ method: 'DELETE', body: streamOf(['he', 'llo']), duplex: 'half' })
  assert.equal(streamed.message.headers['transfer-encoding'], 'chunked')
  assert.equal(streamed.body, 'hello')
})

for (const headers of [
  { 'content-length': '5', 'transfer-encoding': 'chunked' },
  { 'transfer-encoding': 'gzip, chunked' },
  { 'content-length': '5, 5' },
  { 'content-length': '+5' },
  { 'content-length': '-1' },
]) {
  test(`framing is not taken over from ${JSON.stringify(headers)}`, async () => {
    const { message, body } = await arrive({ method: 'POST', body: 'hello', headers })
    assert.equal(message.headers['content-length'], undefined)
    assert.equal(message.headers['transfer-encoding'], 'chunked')
    assert.equal(body, 'hello')
  })
}

test('a request without a body has none, whatever its headers say', async () => {
  const { message, body } = await arrive({ headers: { 'content-length': '40', 'transfer-encoding': 'chunked' } })
  assert.equal(message.headers['content-length'], undefined)
  assert.equal(message.headers['transfer-encoding'], undefined)
  assert.equal(body, '')
})

for (const [what, body] of [
  ['longer', 'helloGET /admin HTTP/1.1\r\nhost: app.example\r\n\r\n'],
  ['shorter', 'hell'],
] as const) {
  test(`a body that is ${what} than stated is broken off, and nothing of it is another request`, async () => {
    const targets: (string | undefined)[] = []
    const answer = await ask(
      (message) => {
        targets.push(message.url)
        message.on('error', () => {}).resume()
      },
      { method: 'POST', body: streamOf([body]), duplex: 'half', headers: { 'content-length': '5' } },
    )
    assert.equal(answer.status, 400)
    assert.deepEqual(targets, ['/a/b%2Fc?d=%20e'])
  })
}

test('what belongs to a connection does not arrive', async () => {
  const headers = { connection: 'upgrade, x-named', upgrade: 'websocket', expect: '100-continue', trailer: 'x-end' }
  const { message } = await arrive({ headers: { ...headers, 'keep-alive': 'timeout=5', 'x-named': '1' } })
  assert.equal(message.headers.connection, 'close, upgrade, x-named')
  for (const name of ['upgrade', 'expect', 'trailer', 'keep-alive']) assert.equal(message.headers[name], undefined)
})

test('a header that HTTP cannot carry is refused', async () => {
  const answer = await ask(() => assert.fail('it arrived'), { headers: { 'x-own': 'a\u0001b' } })
  assert.equal(answer.status, 400)
})

test('a body that somebody has read already is refused, and told', async () => {
  const request = new Request(ADDRESS, { method: 'POST', body: 'hello' })
  await request.text()
  failures.length = 0
  const answer = await answerWeb(
    request,
    doorOf(createMemoryServer(LIMITS), () => assert.fail('it arrived')),
  )
  assert.equal(answer.status, 400)
  assert.deepEqual(failures, ['ERR_REQUEST_MALFORMED'])
})

test('a request that was given up before it began leaves nothing behind', async () => {
  const server = createMemoryServer(LIMITS)
  failures.length = 0
  await answerWeb(new Request(ADDRESS, { signal: AbortSignal.abort() }), doorOf(server, answering(200, [])))
  await server.close()
  assert.deepEqual(failures, [])
})

test('headers above the limit are refused', async () => {
  const answer = await ask(() => assert.fail('it arrived'), { headers: { 'x-own': 'a'.repeat(40_000) } })
  assert.equal(answer.status, 431)
})

test('an answer keeps its status, its headers and each of its cookies, and nothing of the connection', async () => {
  const sent = ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'x-own', '1', 'keep-alive', 'timeout=5', 'trailer', 'x-end']
  const answer = await ask((message, response) => {
    message.resume()
    response.writeHead(418, [...sent, 'content-encoding', 'gzip', 'transfer-encoding', 'chunked'])
    response.addTrailers([['x-end', '1']])
    response.end('not really')
  })
  assert.equal(answer.status, 418)
  assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2'])
  assert.equal(answer.headers.get('content-encoding'), 'gzip')
  const kept = [...answer.headers.keys()].filter((name) => name !== 'date')
  assert.deepEqual(kept, ['content-encoding', 'set-cookie', 'set-cookie', 'x-own'])
  assert.equal(await answer.text(), 'not really')
})

test('a length that holds is kept', async () => {
  const answer = await ask(answering(200, ['content-length', '5'], 'hello'))
  assert.equal(answer.headers.get('content-length'), '5')
  assert.equal(await answer.text(), 'hello')
})

test('an answer to HEAD has headers alone', async () => {
  const answer = await ask(answering(200, ['content-length', '5'], 'hello'), { method: 'HEAD' })
  assert.equal(answer.headers.get('content-length'), '5')
  assert.equal(answer.body, null)
})

for (const status of [204, 304]) {
  test(`a ${status} has no body`, async () => {
    const answer = await ask(answering(status, ['etag', '"1"']))
    assert.equal(answer.status, status)
    assert.equal(answer.headers.get('etag'), '"1"')
    assert.equal(answer.body, null)
  })
}

test('an answer goes on while its request is still being sent', async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const saying = writable.getWriter()
  const echo: MessageHandler = (message, response) => {
    response.writeHead(200).flushHeaders()
    message.pipe(response)
  }
  const answer = await ask(echo, { method: 'POST', body: readable, duplex: 'half' })
  const hearing = answer.body!.getReader()
  for (const word of ['one', 'two']) {
    await saying.write(Buffer.from(word))
    assert.equal(Buffer.from((await hearing.read()).value!).toString(), word)
  }
  await saying.close()
  assert.equal((await hearing.read()).done, true)
})

test('20 MB pass in both directions unchanged', async () => {
  const body = randomBytes(20_000_000)
  const answer = await ask((message, response) => message.pipe(response), { method: 'POST', body })
  assert.ok(body.equals(Buffer.from(await answer.arrayBuffer())))
})

test('an answer that nobody reads is not gathered', async () => {
  const { promise: stuck, resolve } = Promise.withResolvers<number>()
  const answer = await ask(async (_message, response) => {
    const piece = Buffer.alloc(65_536)
    for (let written = 0; written < 100; written += 1) {
      if (response.write(piece)) continue
      // Who reads would have had its turns.
      for (let turn = 0; turn < 50; turn += 1) await nextTurn()
      if (response.writableNeedDrain) return resolve(written)
    }
  })
  assert.ok((await stuck) < 20)
  await answer.body?.cancel()
})

test('an answer that its reader has forgotten gives its connection back', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let isGone = false
  const answer = await ask((_message, response) => {
    response.on('close', () => {
      isGone = true
    })
    Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(65_536))).pipe(response)
  })
  for (let turn = 0; turn < 50; turn += 1) await nextTurn()
  t.mock.timers.tick(UNREAD_SECONDS * 1000 - 1)
  await nextTurn()
  assert.equal(isGone, false)
  t.mock.timers.tick(1)
  await nextTurn()
  assert.equal(isGone, true)
  await assert.rejects(answer.text())
})

test('an answer that has been read may be silent for as long as it likes', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const begun = Promise.withResolvers<ServerResponse>()
  const answer = await ask((_message, response) => {
    response.writeHead(200).write(Buffer.alloc(200_000))
    begun.resolve(response)
  })
  for (let turn = 0; turn < 50; turn += 1) await nextTurn()
  const reader = answer.body!.getReader()
  for (let read = 0; read < 200_000; ) read += (await reader.read()).value!.length
  t.mock.timers.tick(UNREAD_SECONDS * 2000)
  const response = await begun.promise
  response.end('more')
  assert.equal(Buffer.from((await reader.read()).value!).toString(), 'more')
})

test('a request whose body nobody reads is not gathered', async () => {
  let pulled = 0
  const body = new ReadableStream({
    pull(controller) {
      pulled += 1
      controller.enqueue(Buffer.alloc(65_536))
    },
  })
  const answer = await ask((_message, response) => response.writeHead(200).flushHeaders(), {
    method: 'POST',
    body,
    duplex: 'half',
  })
  for (let turn = 0; turn < 50; turn += 1) await nextTurn()
  assert.ok(pulled < 20)
  await answer.body?.cancel()
})

/** An answer that has begun and does not end, and what tells that its client is gone. */
function openAnswer() {
  const gone = Promise.withResolvers<void>()
  const handler = (message: IncomingMessage, response: ServerResponse) => {
    message.on('error', () => {})
    response.on('close', gone.resolve)
    response.writeHead(200).write('begun')
  }
  return { handler, gone: gone.promise }
}

test('an answer that is cancelled while nothing comes is broken off', async () => {
  const { handler, gone } = openAnswer()
  const reader = (await ask(handler)).body!.getReader()
  await reader.read()
  const waiting = reader.read()
  await reader.cancel()
  assert.equal((await waiting).done, true)
  await gone
})

test('a request that is given up is broken off, before its answer and in the middle of it', async () => {
  const { handler, gone } = openAnswer()
  const abort = new AbortController()
  const answer = await ask(handler, { signal: abort.signal })
  abort.abort()
  await gone
  await assert.rejects(answer.text())
  const early = new AbortController()
  const seen = Promise.withResolvers<void>()
  const unanswered = ask((_message, response) => response.on('close', seen.resolve) && early.abort(), {
    signal: early.signal,
  })
  await seen.promise
  assert.equal((await unanswered).status, 400)
})

test('a body that breaks off breaks the request off', async () => {
  const broken = Promise.withResolvers<unknown>()
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from('begun'))
    },
    pull(controller) {
      controller.error(new Error('gone'))
    },
  })
  const answer = await ask((message) => message.on('error', broken.resolve).resume(), {
    method: 'POST',
    body,
    duplex: 'half',
  })
  assert.equal(answer.status, 400)
  await broken.promise
})

test('an answer that breaks off does not look complete', async () => {
  const answer = await ask((_message, response) => {
    response.writeHead(200).write('begun', () => response.destroy())
  })
  await assert.rejects(answer.text())
})

test('an answer that no web response can be is a 502', async () => {
  assert.equal((await ask(answering(999, []))).status, 502)
})

test('a server that closes lets answers finish, and takes nothing new', async () => {
  const server = createMemoryServer(LIMITS)
  const begun = Promise.withResolvers<ServerResponse>()
  const first = answerWeb(
    new Request(ADDRESS),
    doorOf(server, (_message, response) => begun.resolve(response)),
  )
  const response = await begun.promise
  const closed = server.close()
  const second = await answerWeb(new Request(ADDRESS), doorOf(server, answering(200, [])))
  assert.equal(second.status, 503)
  response.end('done')
  assert.equal(await (await first).text(), 'done')
  await closed
})

test('a server that has waited long enough cuts what is left', async () => {
  const server = createMemoryServer({ ...LIMITS, closeSeconds: 0.01 })
  const { handler } = openAnswer()
  const begun = await answerWeb(new Request(ADDRESS), doorOf(server, handler))
  const unanswered = answerWeb(
    new Request(ADDRESS),
    doorOf(server, () => {}),
  )
  await server.close()
  await assert.rejects(begun.text())
  assert.equal((await unanswered).status, 503)
})
