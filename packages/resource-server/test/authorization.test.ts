import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAuthorization } from '../src/authorization.ts'
import { BearerError } from '../src/index.ts'

const ACCEPTED = ['Bearer a.b.c', 'bearer a.b.c', 'BEARER   a.b.c']

for (const authorization of ACCEPTED) {
  test(`the token of "${authorization}" is a.b.c`, () => {
    assert.equal(parseAuthorization(authorization), 'a.b.c')
  })
}

const REFUSED = [
  [undefined, 401, undefined],
  ['', 401, undefined],
  ['Basic YTpi', 401, undefined],
  ['DPoP a.b.c', 401, undefined],
  ['Bearera.b.c', 401, undefined],
  ['Bearer', 400, 'invalid_request'],
  ['Bearer ', 400, 'invalid_request'],
  ['Bearer a b', 400, 'invalid_request'],
  ['Bearer a, Bearer b', 400, 'invalid_request'],
  ['Bearer a,b', 400, 'invalid_request'],
  ['Bearer a\tb', 400, 'invalid_request'],
  ['Bearer "a"', 400, 'invalid_request'],
  ['Bearer é', 400, 'invalid_request'],
  ['Bearer =', 400, 'invalid_request'],
] as const

for (const [authorization, status, code] of REFUSED) {
  test(`"${authorization}" is refused with ${status} ${code ?? 'and no error code'}`, () => {
    assert.throws(
      () => parseAuthorization(authorization),
      (error) => error instanceof BearerError && error.status === status && error.code === code,
    )
  })
}
