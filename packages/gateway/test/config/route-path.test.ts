import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRoutePath } from '../../src/config/route-path.ts'
import { parseTarget } from '../../src/http/canonical-path.ts'

const TAKEN = ['/', '/*', '/a', '/a/', '/a/b', '/a/*', '/a.b/~c', '/a%20b', '/%C3%A9', '/a!', '/a:b', '/a/..b', '/a(1)']

const REFUSED = [
  '',
  'a',
  '*',
  '/a*',
  '/a/*/b',
  '/*/',
  '//',
  '//a',
  '/a//b',
  '/a//',
  '/a//*',
  '/.',
  '/..',
  '/a/../b',
  '/a/./*',
  '/a;b',
  '/a?b',
  '/a#b',
  '/a b',
  '/a\\b',
  '/a\nb',
  '/é',
  '/%',
  '/%c3%a9',
  '/%2f',
  '/%2F',
  '/%5C',
  '/%2E%2E',
  '/%61',
  '/%7E',
  '/%25',
  '/%00',
  '/%7F',
  '/%3B',
  '/%C0%AF',
  '/%FF',
  'http://a/b',
]

for (const path of TAKEN) {
  test(`takes ${path}, which a request can ask for`, () => {
    assert.equal(parseRoutePath(path), path)
    const asked = path.replace('*', 'x')
    assert.deepEqual(parseTarget(asked), { kind: 'canonical', path: asked, search: '' })
  })
}

for (const path of REFUSED) {
  test(`refuses ${JSON.stringify(path)}`, () => assert.equal(parseRoutePath(path), undefined))
}
