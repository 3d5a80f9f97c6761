import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecret, hashSecret, isSameSecret } from '../../src/kernel/secrets.ts'

test('a secret has as many random bytes as asked for', () => {
  assert.match(createSecret(32), /^[\w-]{43}$/)
  assert.notEqual(createSecret(32), createSecret(32))
})

test('a secret is named by its SHA-256', () => {
  assert.equal(hashSecret('abc'), 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
})

test('secrets are the same only as a whole', () => {
  assert(isSameSecret('secret', 'secret'))
  for (const given of ['', 'secre', 'secret ', 'Secret', 'secretsecret']) assert(!isSameSecret('secret', given))
})
