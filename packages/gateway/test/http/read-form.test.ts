import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createFormReader } from '../../src/http/read-form.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { buildRaw, openRaw, sendRaw } from '../support/raw-http.ts'

const MAX_BYTES = 100
let server: Server
let port: number

before(async () => {
  server = createServer(async (message, response) => {
    const readForm = createFormReader(message, { maxBytes: MAX_BYTES, seconds: 0.2 })
    try {
      response.end(JSON.stringify([...(await readForm())]))
    } catch (error) {
      response.writeHead(400).end(isGatewayError(error, 'ERR_REQUEST_MALFORMED') ? 'malformed' : 'fault')
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

after(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

const FORM = 'application/x-www-form-urlencoded'

async function send(body: string | Buffer, contentType: string | null = FORM): Promise<unknown> {
  const headers: Record<string, string> = contentType === null ? {} : { 'content-type': contentType }
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: Buffer.from(body) })
  return answer.status === 200 ? await answer.json() : await answer.text()
}

for (const contentType of [FORM, `${FORM}; charset=UTF-8`, `${FORM};charset="utf-8"`, FORM.toUpperCase()]) {
  test(`reads the fields of ${contentType}`, async () => {
    assert.deepEqual(await send('a=1&b=%C3%A4+c&d=', contentType), [
      ['a', '1'],
      ['b', 'ä c'],
      ['d', ''],
    ])
  })
}

test('an empty body is an empty form', async () => {
  assert.deepEqual(await send(''), [])
})

test('a name that begins with a question mark keeps it', async () => {
  assert.deepEqual(await send('?a=1'), [['?a', '1']])
})

const REFUSED: readonly (readonly [what: string, body: string | Buffer, contentType: string | null])[] = [
  ['no content type', 'a=1', null],
  ['JSON', '{"a":1}', 'application/json'],
  ['text that only begins like a form', 'a=1', `${FORM}x`],
  ['another charset', 'a=1', `${FORM}; charset=utf-16`],
  ['a field given twice', 'a=1&a=2', FORM],
  ['bytes that are no UTF-8', Buffer.from([0x61, 0x3d, 0xff]), FORM],
  ['more than the limit', `a=${'x'.repeat(MAX_BYTES)}`, FORM],
]

for (const [what, body, contentType] of REFUSED) {
  test(`refuses ${what}`, async () => {
    assert.equal(await send(body, contentType), 'malformed')
  })
}

test('takes a form of exactly the limit', async () => {
  const value = 'x'.repeat(MAX_BYTES - 2)
  assert.deepEqual(await send(`a=${value}`), [['a', value]])
})

test('after a form that is too large the connection serves the next request', async () => {
  const big = `a=${'x'.repeat(1_000_000)}`
  const lines = [`Host: localhost:${port}`, `Content-Type: ${FORM}`]
  const first = ['POST / HTTP/1.1', ...lines, `Content-Length: ${big.length}`, '', big].join('\r\n')
  const { body } = await sendRaw(port, first + buildRaw('POST /', [...lines, 'Content-Length: 3'], 'a=1'))
  assert.match(body, /\[\["a","1"\]\]/)
})

test('a form that does not come is not waited for', async () => {
  const socket = await openRaw(port)
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${FORM}\r\nContent-Length: 5\r\n\r\na=`)
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 400/)
  socket.destroy()
})
