import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addParameter, parseReturnTo } from '../../src/http/return-to.ts'
import { FRONTENDS } from '../support/front-door.ts'

const kept: ReadonlyArray<readonly [string, string]> = [
  ['/', '/'],
  ['/orders/7?tab=2#notes', '/orders/7?tab=2#notes'],
  ['/#/route', '/#/route'],
  ['/a/../b', '/b'],
  ['/search?q=%2F%2Fevil.example&n=%0A', '/search?q=%2F%2Fevil.example&n=%0A'],
  ['/grüße', '/gr%C3%BC%C3%9Fe'],
  ['/@evil.example', '/@evil.example'],
  ['https://app.example', '/'],
  ['https://app.example/orders?x=1', '/orders?x=1'],
  ['https://admin.example', 'https://admin.example/'],
  ['https://admin.example/users#top', 'https://admin.example/users#top'],
]
for (const [value, expected] of kept) {
  test(`goes back to ${value}`, () => assert.equal(parseReturnTo(value, FRONTENDS, { headers: {} }), expected))
}

const refused = [
  '',
  ' ',
  'orders',
  'evil.example',
  '?x=1',
  '#x',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/.//evil.example',
  '/a/..//evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r/evil.example',
  '\t//evil.example',
  '/\u0000',
  '/\u0085/evil.example',
  '/%09/evil.example',
  '/%0a/evil.example',
  '/%0d/evil.example',
  '/%5cevil.example',
  '/%2fevil.example',
  '/%2F%2Fevil.example',
  'https://evil.example',
  'https:evil.example',
  'https:/evil.example',
  'http://app.example/',
  'HTTPS://app.example/',
  'https://app.example.evil.example/',
  'https://app.example@evil.example/',
  'https://app.example:443@evil.example/',
  'https://app.example:8443/',
  'https://app.example?x',
  'https://user@app.example/',
  'https://badadmin.example/',
  'https://evil.example\\@app.example/',
  'https://app.example\\.evil.example/',
  'https://app.example//evil.example',
  'https://admin.example//evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  'blob:https://app.example/x',
  '/auth/login',
  '/auth/login?force=true',
  '/auth/logout?proof=x',
  '/auth/callback?code=x',
  '/auth/./login',
  `/${'a'.repeat(1500)}`,
  `/${'ü'.repeat(300)}`,
]
for (const value of refused) {
  test(`sends ${JSON.stringify(value.slice(0, 60))} to the front page`, () => {
    assert.equal(parseReturnTo(value, FRONTENDS, { headers: {} }), '/')
  })
}

test('nothing asked for is the front page', () => assert.equal(parseReturnTo(null, FRONTENDS, { headers: {} }), '/'))

const comingFrom = (referer: string) => ({ headers: { referer } })
const ADMIN_HOME = 'https://admin.example/desk'

const homes: ReadonlyArray<readonly [string, string]> = [
  ['https://admin.example/', ADMIN_HOME],
  ['https://admin.example/users?x=1', ADMIN_HOME],
  ['https://app.example/orders', '/'],
  ['https://sso.example/realms/main', '/'],
  ['https://admin.example:8443/', '/'],
  ['http://admin.example/', '/'],
  ['https://admin.example.evil.example/', '/'],
  ['https://admin.example@evil.example/', '/'],
  ['https://blog.admin.example/', '/'],
  ['null', '/'],
  ['', '/'],
]
for (const [referer, expected] of homes) {
  test(`a browser that comes from ${JSON.stringify(referer)} and says nothing goes to ${expected}`, () => {
    assert.equal(parseReturnTo(null, FRONTENDS, comingFrom(referer)), expected)
  })
}

test('a refused return_to is as good as none', () => {
  assert.equal(parseReturnTo('https://evil.example/', FRONTENDS, comingFrom('https://admin.example/')), ADMIN_HOME)
})

test('a return_to that is said counts, wherever the browser comes from', () => {
  assert.equal(parseReturnTo('/orders', FRONTENDS, comingFrom('https://admin.example/')), '/orders')
})

test('our own front end can have a home of its own', () => {
  const frontends = { ...FRONTENDS, homes: new Map([['https://app.example', '/start']]) }
  assert.equal(parseReturnTo(null, frontends, { headers: {} }), '/start')
  assert.equal(parseReturnTo('//evil.example', frontends, comingFrom('https://app.example/')), '/start')
})

test('a parameter is added beside those already there', () => {
  assert.equal(addParameter('/a?b=1#c', 'kc_action_status', 'success', FRONTENDS), '/a?b=1&kc_action_status=success#c')
  assert.equal(addParameter('https://admin.example/', 'x', '&y', FRONTENDS), 'https://admin.example/?x=%26y')
})
