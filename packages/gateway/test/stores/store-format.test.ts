import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { refuseForeignFormat } from '../../src/stores/store-format.ts'

const KNOWN = 5

for (const [what, format, reader] of [
  ['its own', 5, 4],
  ['the version before', 4, 3],
  ['the next version, which only adds', 6, 5],
] as const) {
  test(`a program works on a store of ${what}`, () => refuseForeignFormat([format, reader], KNOWN))
}

for (const [what, format, reader, reason] of [
  ['two versions older', 3, 1, 'older-schema'],
  ['of the next version that breaks with it', 6, 6, 'newer-schema'],
  ['two versions newer, even if it only adds', 7, 1, 'newer-schema'],
] as const) {
  test(`a store ${what} is refused, with what to do`, () => {
    assert.throws(
      () => refuseForeignFormat([format, reader], KNOWN),
      (error) =>
        isGatewayError(error, 'ERR_STORE_REFUSED') &&
        error.detail.reason === reason &&
        typeof error.detail.remedy === 'string',
    )
  })
}
