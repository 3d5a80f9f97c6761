import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { createRequestReader } from '../../src/http/read-request.ts'

const APP = { publicUrl: new URL('https://app.example'), trustedProxies: [] }

function messageOf(url: string, lines: readonly (readonly [string, string])[], method = 'GET'): IncomingMessage {
  const message = new IncomingMessage(new Socket())
  message.url = url
  message.method = method
  message.rawHeaders = lines.flat()
  for (const [name, value] of lines) message.headers[name.toLowerCase()] ??= value
  return message
}

function readHost(host: string, publicUrl: string, method = 'GET') {
  return createRequestReader({ publicUrl: new URL(publicUrl), trustedProxies: [] })(
    messageOf('/a?b', [['Host', host]], method),
  )
}

suite('reading a request', () => {
  test('gives what the gateway needs to know', () => {
    const result = createRequestReader(APP)(messageOf('/a/b?c=d', [['Host', 'app.example']]))
    assert(result.kind === 'request')
    const { method, path, search, id } = result.request
    assert.deepEqual({ method, path, search }, { method: 'GET', path: '/a/b', search: '?c=d' })
    assert.match(id, /^[\w-]{12}-\w+$/)
  })

  test('gives each request an id of its own', () => {
    const read = createRequestReader(APP)
    const ids = [1, 2, 3]
      .map(() => read(messageOf('/', [['Host', 'x']])))
      .map((result) => 'requestId' in result && result.requestId)
    assert.equal(new Set(ids).size, 3)
  })

  for (const host of ['app.example', 'APP.example', 'app.example:443']) {
    test(`takes Host ${host} for its own (CVE-2026-42273)`, () => {
      assert.equal(readHost(host, 'https://app.example').kind, 'request')
    })
  }

  const foreign = [
    '',
    'evil.example',
    'app.example.',
    'app.example:80',
    'app.example:4430',
    'x.app.example',
    'evil-app.example',
  ]
  const injected = ['app.example, evil.example', 'app.example@evil.example', 'a";for=1.2.3.4', '127.0.0.1', 'localhost']
  for (const host of [...foreign, ...injected]) {
    test(`answers Host ${JSON.stringify(host)} with 421`, () => {
      const result = readHost(host, 'https://app.example')
      assert(result.kind === 'refused')
      assert.equal(result.code, 'ERR_REQUEST_UNTRUSTED_HOST')
    })
  }

  for (const hosts of [[], ['app.example', 'app.example'], ['app.example', 'evil.example']]) {
    test(`refuses ${hosts.length} Host headers: ${hosts.join(' and ')}`, () => {
      const result = createRequestReader(APP)(
        messageOf(
          '/',
          hosts.map((host) => ['hOsT', host] as const),
        ),
      )
      assert(result.kind === 'refused')
      assert.equal(result.code, 'ERR_REQUEST_MALFORMED')
    })
  }

  for (const alias of ['127.0.0.1:4000', '[::1]:4000', 'LocalHost:4000']) {
    test(`moves the browser from ${alias} to the one loopback name`, () => {
      const result = readHost(alias, 'http://LOCALHOST:4000')
      if (alias.toLowerCase() === 'localhost:4000') return assert.equal(result.kind, 'request')
      assert(result.kind === 'redirect')
      assert.equal(result.location, 'http://localhost:4000/a?b')
    })
  }

  test('does not move a request that changes something', () => {
    assert.equal(readHost('127.0.0.1:4000', 'http://localhost:4000', 'POST').kind, 'refused')
  })

  test('does not move a request for another port', () => {
    assert.equal(readHost('127.0.0.1:4001', 'http://localhost:4000').kind, 'refused')
  })

  test('never moves a request to another host by its path', () => {
    const read = createRequestReader({ publicUrl: new URL('http://localhost:4000'), trustedProxies: [] })
    assert.equal(read(messageOf('//evil.example', [['Host', '127.0.0.1:4000']])).kind, 'refused')
  })

  test('refuses a coding that would be lost on the way', () => {
    const lines = [
      ['Host', 'app.example'],
      ['Transfer-Encoding', 'gzip, chunked'],
    ] as const
    assert.equal(createRequestReader(APP)(messageOf('/', lines)).kind, 'refused')
  })
})

suite('the request id', () => {
  const lines = (id: string) =>
    [
      ['Host', 'app.example'],
      ['X-Request-Id', id],
    ] as const
  const idOf = (id: string, isTrusted: boolean) => {
    const read = createRequestReader({ ...APP, trustedProxies: isTrusted ? ['192.0.2.1'] : [] })
    const message = messageOf('/', lines(id))
    Object.defineProperty(message.socket, 'remoteAddress', { value: '192.0.2.1' })
    const result = read(message)
    return result.kind === 'request' ? result.request.id : undefined
  }

  test('of a trusted proxy is kept', () => assert.equal(idOf('abc-123.X', true), 'abc-123.X'))
  test('of anybody else is replaced', () => assert.notEqual(idOf('abc-123.X', false), 'abc-123.X'))
  for (const id of ['', 'a b', 'a"b', 'a\tb', 'é', 'x'.repeat(129), '<script>']) {
    test(`${JSON.stringify(id).slice(0, 20)} is replaced even from a trusted proxy`, () => {
      assert.notEqual(idOf(id, true), id)
    })
  }
})
