import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/kernel/errors.ts'
import { describeCauses, describeDetail } from '../../src/observability/error-chain.ts'

test('the chain names each cause, the outermost first', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
  const chain = describeCauses(new GatewayError('ERR_REALM_UNREACHABLE', { endpoint: 'token' }, refused), false)
  assert.deepEqual(chain, [
    { code: 'ERR_REALM_UNREACHABLE', detail: { endpoint: 'token' } },
    { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:1' },
  ])
})

test('a chain that bites its tail ends', () => {
  const error = new Error('round')
  error.cause = error
  assert.equal(describeCauses(error, false).length, 5)
})

test('what a library hangs on its error is not read', () => {
  const error = Object.assign(new Error('failed'), { response: { body: 'hunter2' }, headers: 'hunter2' })
  assert.equal(JSON.stringify(describeCauses(error, true)).includes('hunter2'), false)
})

test('a thrown string is not repeated', () => {
  assert.deepEqual(describeCauses('hunter2', true), [{ name: 'string', message: '' }])
})

test('text that could not be parsed is not quoted', () => {
  for (const text of ['hunter2', '"hunter2', '{"a": hunter2}', '{"a":"hunter2"} tail']) {
    assert.throws(
      () => JSON.parse(text),
      (error) => !JSON.stringify(describeCauses(error, true)).includes('hunter2'),
    )
  }
})

test('an argument Node refused is not quoted', () => {
  assert.throws(
    () => Buffer.alloc('hunter2' as unknown as number),
    (error) => !JSON.stringify(describeCauses(error, true)).includes('hunter2'),
  )
})

test('the stack holds places, not the message', () => {
  const error = new Error('first\n    at hunter2 (file.js:1:1)')
  const [link] = describeCauses(error, true)
  assert.ok(link !== undefined && 'stack' in link && link.stack !== undefined)
  assert.ok(link.stack.length > 0)
  assert.ok(link.stack.every((frame) => frame.startsWith('at ') && !frame.includes('hunter2')))
})

test('an absent detail is left out', () => {
  assert.deepEqual(describeDetail({ reason: undefined, status: 502 }), { status: 502 })
})
