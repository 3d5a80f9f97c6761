import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mock, type TestContext, test } from 'node:test'
import { createEventStreams, type EventStream } from '../../src/http/event-stream.ts'

interface Opened {
  readonly answer: IncomingMessage
  readonly stream: EventStream
  /** Resolves once the stream has ended. */
  readonly ended: Promise<void>
}

async function serve(t: TestContext) {
  const streams = createEventStreams()
  const opened: ((stream: EventStream) => () => void)[] = []
  const server = createServer((_message, response: ServerResponse) => {
    const open = opened.shift()
    if (open !== undefined) streams.send(response, { kind: 'event-stream', headers: [['vary', 'Cookie']], open })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    streams,
    async open(): Promise<Opened> {
      const stream = Promise.withResolvers<EventStream>()
      const ended = Promise.withResolvers<void>()
      opened.push((made) => {
        stream.resolve(made)
        return ended.resolve
      })
      const asked = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
      asked.on('error', () => {})
      asked.end()
      const [answer]: IncomingMessage[] = await once(asked, 'response')
      answer!.on('error', () => {})
      return { answer: answer!, stream: await stream.promise, ended: ended.promise }
    },
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer) text += chunk
  return text
}

test('an event stream is kept by no cache, changed by no proxy and gathered by none', async (t) => {
  const { open } = await serve(t)
  const { answer } = await open()
  assert.equal(answer.statusCode, 200)
  assert.equal(answer.headers['content-type'], 'text/event-stream; charset=utf-8')
  assert.equal(answer.headers['cache-control'], 'no-store, no-transform')
  assert.equal(answer.headers['x-accel-buffering'], 'no')
  assert.equal(answer.headers.vary, 'Cookie')
})

test('says when to come again, then each event, and ends once', async (t) => {
  const { open } = await serve(t)
  const { answer, stream, ended } = await open()
  stream.send('greeting', { text: 'two\nlines' })
  stream.end()
  stream.send('late', {})
  stream.end()
  assert.equal(await textOf(answer), 'retry: 2000\n\nevent: greeting\ndata: {"text":"two\\nlines"}\n\n')
  await ended
})

test('a client that goes is noticed', async (t) => {
  const { open } = await serve(t)
  const { answer, ended } = await open()
  answer.destroy()
  await ended
})

test('a client that does not read is cut', async (t) => {
  const { open } = await serve(t)
  const { answer, stream, ended } = await open()
  answer.pause()
  let isOpen = true
  void ended.then(() => {
    isOpen = false
  })
  while (isOpen) {
    stream.send('noise', 'x'.repeat(100_000))
    await new Promise(setImmediate)
  }
})

test('each stream hears a comment within twenty seconds', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => mock.timers.reset())
  const { open } = await serve(t)
  const opened = [await open(), await open(), await open()]
  mock.timers.tick(20_000)
  for (const { stream } of opened) stream.end()
  for (const { answer } of opened) assert.equal(await textOf(answer), 'retry: 2000\n\n:\n\n')
})

test('once the server closes all end, and so does one that is opened then', async (t) => {
  const { streams, open } = await serve(t)
  const before = await open()
  streams.close()
  await before.ended
  const after = await open()
  assert.equal(await textOf(after.answer), 'retry: 2000\n\n')
  await after.ended
})
