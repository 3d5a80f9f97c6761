import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { filterResponseHeaders, filterTrailers, personalCacheControl } from '../../src/upstream/response-headers.ts'

const isOwnCookie = (name: string) => name.startsWith('__Host-Http-doorman')
const PERSONAL = { isOwnCookie, isPersonal: true }
const OPEN = { isOwnCookie, isPersonal: false }

suite('the headers of an answer', () => {
  test('pass in order, repeated ones repeatedly', () => {
    const sent = { 'content-type': 'text/plain', link: ['a', 'b'], location: 'https://other.example/' }
    const expected = ['content-type', 'text/plain', 'link', 'a', 'link', 'b', 'location', 'https://other.example/']
    assert.deepEqual(filterResponseHeaders(sent, OPEN), expected)
  })

  for (const name of [
    'connection',
    'keep-alive',
    'transfer-encoding',
    'trailer',
    'upgrade',
    'te',
    'proxy-authenticate',
    'proxy-connection',
    'access-control-allow-origin',
    'access-control-expose-headers',
    'access-control-allow-private-network',
  ]) {
    test(`lack ${name}`, () => {
      assert.deepEqual(filterResponseHeaders({ [name]: 'x' }, OPEN), [])
      assert.deepEqual(filterTrailers({ [name]: ['x', 'y'] }, OPEN), [])
    })
  }

  test('lack what Connection names', () => {
    assert.deepEqual(filterResponseHeaders({ connection: 'close, X-Hop', 'x-hop': '1', 'x-stays': '1' }, OPEN), [
      'x-stays',
      '1',
    ])
  })

  const forged = [
    '__Host-Http-doorman=x',
    ' __Host-Http-doorman = x; Path=/',
    '=__Host-Http-doorman=x',
    '__Host-Http-doorman',
    '__Host-Http-doorman-login-a=; Max-Age=0',
  ]
  for (const cookie of forged) {
    test(`lack Set-Cookie ${JSON.stringify(cookie)}`, () => {
      assert.deepEqual(filterResponseHeaders({ 'set-cookie': ['a=1', cookie, 'b=2'] }, OPEN), [
        'set-cookie',
        'a=1',
        'set-cookie',
        'b=2',
      ])
    })
  }

  test('keep the caching of a route without a session', () => {
    const sent = { 'cache-control': 'public, max-age=60', 'cdn-cache-control': 'max-age=60' }
    assert.deepEqual(filterResponseHeaders(sent, OPEN), [
      'cache-control',
      'public, max-age=60',
      'cdn-cache-control',
      'max-age=60',
    ])
  })

  test('keep shared caches out on a route with a session', () => {
    const sent = {
      'cache-control': 'public, max-age=60',
      'cdn-cache-control': 'max-age=60',
      'surrogate-control': 'max-age=60',
      'x-accel-expires': '60',
    }
    assert.deepEqual(filterResponseHeaders(sent, PERSONAL), ['cache-control', 'private, max-age=60'])
  })

  test('are for one person on a route with a session, even where the upstream says nothing', () => {
    const sent = { expires: 'Thu, 01 Jan 2099 00:00:00 GMT' }
    assert.deepEqual(filterResponseHeaders(sent, PERSONAL), ['expires', sent.expires, 'cache-control', 'private'])
    assert.deepEqual(filterResponseHeaders({ etag: '"1"' }, OPEN), ['etag', '"1"'])
    assert.deepEqual(filterTrailers({ digest: 'x' }, PERSONAL), ['digest', 'x'])
  })
})

const CACHE_ROWS = [
  ['public', 'private'],
  ['Public, Max-Age=60', 'private, Max-Age=60'],
  ['max-age=60', 'private, max-age=60'],
  ['public, s-maxage=600, max-age=60', 'private, max-age=60'],
  ['private, max-age=60', 'private, max-age=60'],
  ['no-store', 'no-store'],
  ['public, no-store', 'no-store'],
  ['no-cache="set-cookie, x"', 'private, no-cache="set-cookie, x"'],
  ['', 'private'],
] as const

for (const [value, expected] of CACHE_ROWS) {
  test(`Cache-Control ${JSON.stringify(value)} becomes ${JSON.stringify(expected)} for one person`, () => {
    assert.equal(personalCacheControl(value), expected)
  })
}
