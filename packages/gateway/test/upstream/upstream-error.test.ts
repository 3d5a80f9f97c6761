import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errors } from 'undici'
import { GatewayError } from '../../src/kernel/errors.ts'
import { upstreamError } from '../../src/upstream/upstream-error.ts'

const ROWS = [
  ['ECONNREFUSED', 'ERR_UPSTREAM_UNREACHABLE'],
  ['ENOTFOUND', 'ERR_UPSTREAM_UNREACHABLE'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_UPSTREAM_UNREACHABLE'],
  ['UND_ERR_CONNECT_TIMEOUT', 'ERR_UPSTREAM_TIMEOUT'],
  ['UND_ERR_SOCKET', 'ERR_UPSTREAM_RESET'],
  ['ECONNRESET', 'ERR_UPSTREAM_RESET'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'ERR_UPSTREAM_RESET'],
  ['UND_ERR_HEADERS_OVERFLOW', 'ERR_UPSTREAM_BAD_RESPONSE'],
  ['UND_ERR_INVALID_ARG', 'ERR_REQUEST_MALFORMED'],
] as const

for (const [cause, code] of ROWS) {
  test(`${cause} is ${code}`, () => {
    assert.equal(upstreamError(Object.assign(new Error('x'), { code: cause })).code, code)
  })
}

test('an answer that is no HTTP is not kept for the log', () => {
  const cause = Object.assign(new errors.HTTPParserError('x'), { code: 'HPE_INVALID_CONSTANT', data: 'secret' })
  const error = upstreamError(cause)
  assert.deepEqual([error.code, error.detail], ['ERR_UPSTREAM_BAD_RESPONSE', { because: 'HPE_INVALID_CONSTANT' }])
  assert.equal(error.cause, undefined)
})

test('several refused addresses are one that cannot be reached', () => {
  const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' })
  const error = upstreamError(new AggregateError([refused, refused]))
  assert.deepEqual([error.code, error.detail], ['ERR_UPSTREAM_UNREACHABLE', { because: 'ECONNREFUSED' }])
})

test('an error of ours stays what it is', () => {
  const own = new GatewayError('ERR_UPSTREAM_TIMEOUT')
  assert.equal(upstreamError(own), own)
})
