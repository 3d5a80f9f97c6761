// The wire to gateway and services, where it ends at the wrong moment.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { sendRequest, type WireRequest } from '../src/behind/http-client.ts'

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** A service as far as its connections go. */
async function openService(t: TestContext, serve: (socket: Socket) => void) {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  const send = (path: string, wire: Partial<WireRequest> = {}) =>
    sendRequest({
      url: new URL(path, `http://127.0.0.1:${port}`),
      method: 'GET',
      headers: [],
      body: null,
      isRepeatable: true,
      signal: new AbortController().signal,
      ...wire,
    })
  return { sockets, send }
}

/** A service that answers one request on each connection, and hangs up on the next one without a word. */
async function openForgetful(t: TestContext) {
  const asked: string[] = []
  const { sockets, send } = await openService(t, (socket) => {
    let answered = false
    socket.on('data', (piece) => {
      const line = /^[A-Z]+ \S+/.exec(String(piece))?.[0]
      if (line !== undefined) asked.push(line)
      if (answered) socket.resetAndDestroy()
      else socket.write(ANSWER)
      answered = true
    })
  })
  /** Reads an answer whose connection is kept. */
  async function warmUp() {
    const answer = await send('/first')
    assert.equal(await answer.text(), 'ok')
  }
  return { asked, sockets, send, warmUp }
}

test('what meets the end of a connection that was kept is sent once more, on a new one', async (t) => {
  const { asked, sockets, send, warmUp } = await openForgetful(t)
  await warmUp()
  const answer = await send('/second', { method: 'POST', body: 'text' })
  assert.deepEqual([answer.status, await answer.text()], [200, 'ok'])
  assert.deepEqual(asked, ['GET /first', 'POST /second', 'POST /second'])
  assert.equal(sockets.length, 2)
})

test('what would do more when it is sent twice is not', async (t) => {
  const { asked, send, warmUp } = await openForgetful(t)
  await warmUp()
  await assert.rejects(send('/second', { method: 'POST', isRepeatable: false }))
  assert.deepEqual(asked.slice(1), ['POST /second'])
})

test('what meets the end of a new connection is not sent twice', async (t) => {
  const { sockets, send } = await openService(t, (socket) => {
    socket.once('data', () => socket.resetAndDestroy())
  })
  await assert.rejects(send('/'))
  assert.equal(sockets.length, 1)
})

test('nobody waits for what nobody wants any more', async (t) => {
  const { send } = await openForgetful(t)
  await assert.rejects(send('/first', { signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test('a status that no web response can have is an error of this request alone', async (t) => {
  const { send } = await openService(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 700 Odd\r\ncontent-length: 0\r\n\r\n'))
  })
  await assert.rejects(send('/'), { name: 'RangeError' })
})
