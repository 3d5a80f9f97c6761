import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { buildKeyLine, parseKeyRing, removeKeyLine } from '../../src/stores/key-ring-text.ts'

// 0xfb makes both alphabets of base64 differ.
const SECRET = Buffer.alloc(32, 0xfb)
const URL_KEY = SECRET.toString('base64url')
const OTHER_KEY = Buffer.alloc(32, 7).toString('base64url')
const DATED = `0123456789abcdef 2026-02-01T10:00:00.000Z ${URL_KEY}`
const DERIVED_ID = createHash('sha256').update(SECRET).digest('hex').slice(0, 16)

test('a line is id, time and key', () => {
  assert.deepEqual(parseKeyRing(DATED), [
    { id: '0123456789abcdef', createdAt: '2026-02-01T10:00:00.000Z', secret: SECRET },
  ])
})

test('lines keep their order, oldest first', () => {
  const ids = parseKeyRing(`${OTHER_KEY}\n${DATED}\n`).map((key) => key.id)
  assert.equal(ids[1], '0123456789abcdef')
})

test('comments, empty lines, indentation and Windows line ends are nothing', () => {
  assert.equal(parseKeyRing(`# keys\r\n\r\n  ${DATED}  \r\n\t# end\r\n`).length, 1)
})

for (const [form, text] of [
  ['base64url', URL_KEY],
  ['base64', SECRET.toString('base64')],
  ['base64 without padding', SECRET.toString('base64').replace('=', '')],
  ['hexadecimal', SECRET.toString('hex')],
  ['upper-case hexadecimal', SECRET.toString('hex').toUpperCase()],
] as const) {
  test(`a key alone as ${form} has the beginning of its SHA-256 for an id`, () => {
    assert.deepEqual(parseKeyRing(text), [{ id: DERIVED_ID, createdAt: null, secret: SECRET }])
  })
}

for (const [what, text, reason] of [
  ['nothing', '', 'key-ring-empty'],
  ['comments alone', '# none yet\n', 'key-ring-empty'],
  ['a key too short', SECRET.subarray(1).toString('base64url'), 'key-ring-malformed'],
  ['a key too long', Buffer.alloc(33).toString('base64url'), 'key-ring-malformed'],
  ['a pass phrase', 'correct horse battery staple', 'key-ring-malformed'],
  ['an unfilled placeholder', '%DOORMAN_KEY%', 'key-ring-malformed'],
  ['an id too short', DATED.slice(1), 'key-ring-malformed'],
  ['a time that is none', DATED.replace('2026-02-01', '2026-13-01'), 'key-ring-malformed'],
  ['a fourth field', `${DATED} more`, 'key-ring-malformed'],
  ['an id without a time', `0123456789abcdef ${URL_KEY}`, 'key-ring-malformed'],
  ['one id twice', `${DATED}\n${DATED.replace(URL_KEY, OTHER_KEY)}`, 'key-ring-repeated'],
  ['one key twice', `${URL_KEY}\n${SECRET.toString('hex')}`, 'key-ring-repeated'],
] as const) {
  test(`${what} is no ring`, () => {
    const refused = (error: unknown) => isGatewayError(error, 'ERR_CONFIG_INVALID') && error.detail.reason === reason
    assert.throws(() => parseKeyRing(text), refused)
  })
}

test('an error names the line and never quotes it', () => {
  try {
    parseKeyRing(`${DATED}\n# second\n${URL_KEY} ${URL_KEY}`)
    assert.fail('the ring was accepted')
  } catch (error) {
    assert.ok(isGatewayError(error))
    assert.equal(error.detail.line, 3)
    assert.equal(inspect(error, { depth: 9, showHidden: true }).includes(URL_KEY), false)
  }
})

test('a new line is read back, and no two are alike', () => {
  const [first, second] = [buildKeyLine(1_800_000_000), buildKeyLine(1_800_000_000)]
  const keys = parseKeyRing(first.line + second.line)
  assert.deepEqual(
    keys.map((key) => key.id),
    [first.id, second.id],
  )
  assert.equal(keys[0]?.createdAt, '2027-01-15T08:00:00.000Z')
  assert.notDeepEqual(keys[0]?.secret, keys[1]?.secret)
})

test('removing a key leaves comments and other keys', () => {
  const text = `# one\n${DATED}\n# two\n${OTHER_KEY}\n`
  assert.equal(removeKeyLine(text, '0123456789abcdef'), `# one\n# two\n${OTHER_KEY}\n`)
})
