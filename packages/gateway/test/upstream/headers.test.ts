import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { suite, test } from 'node:test'
import type { Peer } from '../../src/http/client-address.ts'
import { createUpstreamHeaders, withoutOwnCookies } from '../../src/upstream/headers.ts'

const isOwnCookie = (name: string) => name.startsWith('__Host-Http-doorman')
const build = createUpstreamHeaders({ publicUrl: new URL('https://app.example'), isOwnCookie })
const STRANGER: Peer = { address: '203.0.113.9', isTrusted: false, forwardedFor: 'for=203.0.113.9' }
const PROXY: Peer = { ...STRANGER, isTrusted: true }
const CLIENT = '198.51.100.1'

function sent(
  lines: readonly (readonly [string, string])[],
  peer = STRANGER,
  authorization: string | null = null,
  clientAddress = peer.isTrusted ? CLIENT : peer.address,
  tenant: string | null = null,
) {
  const headers: Record<string, string> = {}
  for (const [name, value] of lines) headers[name.toLowerCase()] = value
  const request = { id: 'id-1', method: 'GET', path: '/', search: '', headers, clientAddress }
  const flat = build(
    { request, peer, message: { rawHeaders: lines.flat() } as unknown as IncomingMessage },
    authorization,
    tenant,
  )
  const result: Record<string, string[]> = {}
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at]!.toLowerCase()
    result[name] = [...(result[name] ?? []), flat[at + 1]!]
  }
  return result
}

const OURS = {
  'x-forwarded-for': ['203.0.113.9'],
  'x-forwarded-proto': ['https'],
  'x-forwarded-host': ['app.example'],
  forwarded: ['for=203.0.113.9;host="app.example";proto=https'],
  'x-request-id': ['id-1'],
}

suite('the headers of an upstream', () => {
  test('are ours alone when nothing came in', () => {
    assert.deepEqual(sent([['Host', 'app.example']]), OURS)
  })

  test('carry the credential and no other', () => {
    assert.deepEqual(sent([['Authorization', 'Bearer forged']], STRANGER, 'Bearer real').authorization, ['Bearer real'])
    assert.equal(sent([['Authorization', 'Bearer forged']]).authorization, undefined)
  })

  for (const name of [
    'Accept',
    'Content-Type',
    'Content-Length',
    'traceparent',
    'tracestate',
    'If-None-Match',
    'X-Requested-With',
    'my_own',
  ]) {
    test(`keep ${name}`, () => assert.deepEqual(sent([[name, '1']])[name.toLowerCase()], ['1']))
  }

  test('keep what was sent twice', () => {
    assert.deepEqual(
      sent([
        ['X-A', '1'],
        ['x-a', '2'],
      ])['x-a'],
      ['1', '2'],
    )
  })

  const connection = [
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Expect',
    'Proxy-Authorization',
    'HTTP2-Settings',
    'Proxy',
  ]
  for (const name of connection) {
    test(`lack ${name}, which is the connection's`, () =>
      assert.equal(sent([[name, 'x']])[name.toLowerCase()], undefined))
  }

  test('lack what Connection names', () => {
    const result = sent([
      ['Connection', 'close, X-Hop , x-other'],
      ['X-Hop', '1'],
      ['X-Other', '1'],
      ['X-Stays', '1'],
    ])
    assert.deepEqual(result, { ...OURS, 'x-stays': ['1'] })
  })

  test('keep ours though Connection names them', () => {
    const names = 'Authorization, X-Forwarded-For, Forwarded, X-Request-Id'
    assert.deepEqual(sent([['Connection', names]], STRANGER, 'Bearer real'), {
      ...OURS,
      authorization: ['Bearer real'],
    })
  })

  test('continue the chain of a trusted proxy', () => {
    const result = sent(
      [
        ['X-Forwarded-For', '198.51.100.1'],
        ['Forwarded', 'for=198.51.100.1'],
        ['X-Real-IP', '198.51.100.1'],
        ['X-Forwarded-Port', '443'],
      ],
      PROXY,
    )
    assert.deepEqual(result['x-forwarded-for'], ['198.51.100.1, 203.0.113.9'])
    assert.deepEqual(result.forwarded, ['for=198.51.100.1, for=203.0.113.9;host="app.example";proto=https'])
    assert.deepEqual(result['x-real-ip'], ['198.51.100.1'])
    assert.deepEqual(result['x-forwarded-port'], ['443'])
  })

  test('begin the chain anew when it names no client that can be believed', () => {
    const lines = [
      ['X-Forwarded-For', '198.51.100.1'],
      ['Forwarded', 'for="198.51.100.7'],
    ] as const
    assert.deepEqual(sent(lines, PROXY, null, PROXY.address), OURS)
  })

  test('say scheme and host of publicUrl, whatever a trusted proxy says', () => {
    const result = sent(
      [
        ['X-Forwarded-Proto', 'http'],
        ['X-Forwarded-Host', 'evil.example'],
      ],
      PROXY,
    )
    assert.deepEqual([result['x-forwarded-proto'], result['x-forwarded-host']], [['https'], ['app.example']])
  })

  test('quote a host with a port', () => {
    const withPort = createUpstreamHeaders({ publicUrl: new URL('http://[::1]:4000'), isOwnCookie })
    const request = { id: 'id-1', method: 'GET', path: '/', search: '', headers: {}, clientAddress: '' }
    const message = { rawHeaders: [] as string[] } as IncomingMessage
    assert(
      withPort({ request, peer: STRANGER, message }, null, null).includes(
        'for=203.0.113.9;host="[::1]:4000";proto=http',
      ),
    )
  })
})

suite('the cookies of an upstream', () => {
  const own = '__Host-Http-doorman'
  const rows = [
    [`${own}=id`, ''],
    [`a=1; ${own}=id; b=2`, 'a=1; b=2'],
    [`${own}=id;a=1`, 'a=1'],
    [`${own}-login-x=sealed; ${own}=id; a=b=c`, 'a=b=c'],
    [`\t${own} =id; ${own}; a`, 'a'],
    [`x${own}=1`, `x${own}=1`],
    [`a="x; ${own}=id"`, 'a="x'],
    [`${own}=1; ${own}=2`, ''],
    [';', ''],
    ['=', '='],
    [';;=;', '='],
    ['', ''],
  ] as const
  for (const [cookie, expected] of rows) {
    test(`are ${JSON.stringify(expected)} of ${JSON.stringify(cookie)} (CVE-2023-28625)`, () => {
      assert.equal(withoutOwnCookies(cookie, isOwnCookie), expected)
    })
  }

  test('are no header at all when none is left', () => {
    assert.deepEqual(sent([['Cookie', `${own}=id`]]), OURS)
    assert.deepEqual(sent([['cookie', `${own}=id; a=1`]]).cookie, ['a=1'])
  })
})

test('the tenant decided on is the only one a service hears of', () => {
  const headers = sent([['X-Tenant', 'globex']], STRANGER, null, STRANGER.address, 'acme')
  assert.deepEqual(headers['x-tenant'], ['acme'])
  assert.equal(sent([['X-Tenant', 'globex']])['x-tenant'], undefined)
})
