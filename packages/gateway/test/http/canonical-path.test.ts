import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseTarget } from '../../src/http/canonical-path.ts'

suite('a request target', () => {
  const kept = [
    '/',
    '/api',
    '/api/',
    '/a.b/..c/d..',
    '/.well-known/x',
    '/.../x',
    '/a%20b',
    '/caf%C3%A9',
    '/c%23/x%3Fy',
    '/50%25/x',
    '/50%25off',
    '/~user/@me:1,2=3+4',
    '/%2egit',
  ]
  for (const path of kept) {
    test(`keeps ${path} as it is`, () => {
      assert.deepEqual(parseTarget(path), { kind: 'canonical', path, search: '' })
    })
  }

  test('splits the query off and leaves it alone', () => {
    const reading = parseTarget('/a?path=/../b//c&x=%2f;%zz\\')
    assert.deepEqual(reading, { kind: 'canonical', path: '/a', search: '?path=/../b//c&x=%2f;%zz\\' })
  })

  const refused = [
    '',
    '*',
    'x',
    'http://evil.example/',
    '@evil.example/',
    '//evil.example/',
    '/a//b',
    '/a//',
    '/.',
    '/..',
    '/a/..',
    '/a/../b',
    '/a/./b',
    '/./a',
    '/%2e',
    '/a/%2e%2e/b',
    '/a/.%2E/b',
    '/a/%2E',
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a\\b',
    '/a;b',
    '/a%3bb',
    '/..;/a',
    '/a%00',
    '/a%0a',
    '/a%7f',
    '/a\x00',
    '/a b',
    '/a\x7f',
    '/caf\xe9',
    '/a#b',
    '/a?b#c',
    '/a?b\x80',
    '/a?b c',
    '/a%',
    '/a%2',
    '/a%zz',
    '/a%g0',
    '/a%252fb',
    '/a%255cb',
    '/%252e%252e/a',
    '/a%25252fb',
    '/a%c0%afb',
    '/a%ff',
    '/a%e0%80%afb',
  ]
  for (const target of refused) {
    test(`refuses ${JSON.stringify(target)}`, () => {
      assert.equal(parseTarget(target).kind, 'refused')
    })
  }
})
