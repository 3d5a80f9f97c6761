import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { problemTitle } from '../../src/http/reply.ts'
import { ERRORS, type ErrorCode } from '../../src/kernel/errors.ts'

const [PAGE = ''] = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8').split(
  '\n## What provisioning ends with\n',
)
const ROW = /^\| `(ERR_\w+)` \| (\d+) \| `(\w+)` \| (\w+) \| (\w+) \| (.+) \|$/gm

const documented = new Map(
  [...PAGE.matchAll(ROW)].map(([, code = '', status, wire, level, retry, meaning]) => [
    code,
    { facts: { status: Number(status), wire, level, retry }, meaning },
  ]),
)

for (const [code, facts] of Object.entries(ERRORS)) {
  test(`the page of errors tells the truth about ${code}`, () => {
    assert.deepEqual(documented.get(code)?.facts, facts)
    assert.match(documented.get(code)?.meaning ?? '', /\w{3}/)
  })
}

test('the page of errors names no code that does not exist', () => {
  const named = new Set([...PAGE.matchAll(/ERR_\w+/g)].map(([code]) => code))
  assert.deepEqual(
    [...named].filter((code) => !(code in ERRORS)),
    [],
  )
})

test('every word has a friendly text', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    assert.notEqual(problemTitle(ERRORS[code].wire), problemTitle('no such word'), code)
  }
})

test('no login check can be told from another by its word or status', () => {
  const codes = [
    'ERR_LOGIN_ATTEMPT_MISSING',
    'ERR_LOGIN_ATTEMPT_EXPIRED',
    'ERR_LOGIN_ATTEMPT_REPLAYED',
    'ERR_LOGIN_ISSUER_MISMATCH',
    'ERR_LOGIN_CODE_REJECTED',
    'ERR_ID_TOKEN_INVALID',
  ] as const
  assert.equal(new Set(codes.map((code) => `${ERRORS[code].status} ${ERRORS[code].wire}`)).size, 1)
})
