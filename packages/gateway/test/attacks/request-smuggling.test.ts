// Two requests in the clothes of one: whatever the framing, the upstream sees at most the request that was authorised.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { buildRaw, sendRaw } from '../support/raw-http.ts'
import { createTestProxy, type TestProxy } from '../support/test-proxy.ts'
import { createTestUpstream, type TestUpstream } from '../support/test-upstream.ts'

const INNER = 'GET /admin HTTP/1.1\r\nHost: x\r\n\r\n'

suite('smuggling', () => {
  let upstream: TestUpstream
  let proxy: TestProxy

  before(async () => {
    upstream = await createTestUpstream()
    proxy = await createTestProxy({
      upstream: upstream.origin,
      routes: [{ path: '/open/*', methods: null, require: 'none' }],
    })
  })
  after(async () => {
    await upstream.close()
    await proxy.close()
  })

  const refused: readonly [string, readonly string[], string][] = [
    ['a length and a coding (CL.TE)', ['Content-Length: 6', 'Transfer-Encoding: chunked'], '0\r\n\r\nG'],
    ['a coding and a length (TE.CL)', ['Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${INNER}`],
    ['two lengths', ['Content-Length: 0', `Content-Length: ${INNER.length}`], INNER],
    ['a list of lengths', ['Content-Length: 0, 0'], ''],
    ['a signed length', ['Content-Length: +4'], 'body'],
    ['a negative length', ['Content-Length: -1'], ''],
    ['a hexadecimal length', ['Content-Length: 0x4'], 'body'],
    ['a coding nobody knows', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${INNER}`],
    ['chunked not last', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${INNER}`],
    ['chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], `0\r\n\r\n${INNER}`],
    ['a coding behind a tab', ['Transfer-Encoding:\tgzip, chunked'], '0\r\n\r\n'],
    ['a space before the colon', ['Transfer-Encoding : chunked'], '0\r\n\r\n'],
    ['a folded header', ['X-A: 1', ' Transfer-Encoding: chunked'], ''],
    ['a header without a name', [': x'], ''],
    ['a bare carriage return in a header', ['X-A: 1\rX-B: 2'], ''],
    ['a line feed alone as line end', ['X-A: 1\nX-B: 2'], ''],
    ['a null byte in a header', ['X-A: 1\x002'], ''],
    ['a broken chunk size', ['Transfer-Encoding: chunked'], 'zz\r\nbody\r\n0\r\n\r\n'],
    ['a chunk longer than its size', ['Transfer-Encoding: chunked'], '1\r\nbody\r\n0\r\n\r\n'],
    ['two Hosts', ['Host: evil.example'], ''],
  ]
  for (const [name, lines, body] of refused) {
    test(`${name} is refused`, async () => {
      const asked = upstream.received.length
      const answer = await sendRaw(proxy.port, buildRaw('POST /open/a', [`Host: ${proxy.host}`, ...lines], body))
      const inner = upstream.received.slice(asked).filter(({ target }) => target !== '/open/a')
      assert.deepEqual(inner, [])
      // A body that turns out broken was on its way: the upstream saw its beginning and no end.
      assert(answer.status === 400 || answer.status === 0, `answered ${answer.status}`)
    })
  }

  test('no Host at all is refused, by HTTP/1.0 as well', async () => {
    assert.equal((await sendRaw(proxy.port, 'GET /open/a HTTP/1.1\r\nConnection: close\r\n\r\n')).status, 400)
    assert.equal((await sendRaw(proxy.port, 'GET /open/a HTTP/1.0\r\n\r\n')).status, 400)
  })

  for (const spelling of ['Content_Length', 'Transfer_Encoding', 'transfer.encoding']) {
    test(`${spelling} frames nothing and goes no further (CVE-2025-64484)`, async () => {
      const answer = await sendRaw(proxy.port, buildRaw('GET /open/a', [`Host: ${proxy.host}`, `${spelling}: chunked`]))
      assert.equal(answer.status, 200)
      assert.equal(upstream.received.at(-1)!.headers[spelling.toLowerCase()], undefined)
    })
  }

  test('a body that is a request stays a body', async () => {
    const asked = upstream.received.length
    const lines = [`Host: ${proxy.host}`, `Content-Length: ${INNER.length}`]
    assert.equal((await sendRaw(proxy.port, buildRaw('GET /open/a', lines, INNER))).status, 200)
    assert.deepEqual(
      upstream.received.slice(asked).map(({ target, body }) => [target, body]),
      [['/open/a', INNER]],
    )
  })

  test('a second request on the connection is judged like the first', async () => {
    const asked = upstream.received.length
    const first = `GET /open/a HTTP/1.1\r\nHost: ${proxy.host}\r\n\r\n`
    const answer = await sendRaw(proxy.port, first + buildRaw('GET /admin', [`Host: ${proxy.host}`]))
    assert.match(answer.body, /HTTP\/1\.1 404/)
    assert.equal(upstream.received.length, asked + 1)
  })

  test('Upgrade is not forwarded', async () => {
    const lines = [`Host: ${proxy.host}`, 'Upgrade: h2c, websocket', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA']
    assert.equal((await sendRaw(proxy.port, buildRaw('GET /open/a', lines))).status, 200)
    const { headers } = upstream.received.at(-1)!
    assert.deepEqual([headers.upgrade, headers['http2-settings']], [undefined, undefined])
  })

  test('an upgrade that the upstream takes unasked is 502', async () => {
    upstream.answer((message) => {
      message.socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    })
    assert.equal((await sendRaw(proxy.port, buildRaw('GET /open/a', [`Host: ${proxy.host}`]))).status, 502)
  })
})
