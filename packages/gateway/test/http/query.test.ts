import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuery, refuseOthers } from '../../src/http/query.ts'

const malformed = { code: 'ERR_REQUEST_MALFORMED' }

test('reads each parameter, decoded once', () => {
  assert.deepEqual(
    [...parseQuery('?a=1&b=%252F+x')],
    [
      ['a', '1'],
      ['b', '%2F x'],
    ],
  )
})

for (const search of ['?a=1&a=1', '?a&a=', '?%61=1&a=2']) {
  test(`refuses the doubled parameter of ${search}`, () => assert.throws(() => parseQuery(search), malformed))
}

test('refuses a parameter that is not listed', () => {
  assert.throws(() => refuseOthers(parseQuery('?a=1&b=2'), ['a']), malformed)
  assert.doesNotThrow(() => refuseOthers(parseQuery('?a=1'), ['a', 'b']))
})

test('a name of Object.prototype is a parameter like any other', () => {
  assert.throws(() => refuseOthers(parseQuery('?__proto__=1'), ['a']), malformed)
  assert.throws(() => refuseOthers(parseQuery('?constructor=1'), ['a']), malformed)
})
