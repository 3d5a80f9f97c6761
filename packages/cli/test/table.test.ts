import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatJson, formatTable } from '../src/table.ts'

const HOSTILE = ['\u001b[2J', '\u009b31m', '\u0007', '\r\n', '\u202e', '\u2066', '\u2028', '\u007f', '\u{e0001}']

for (const hostile of HOSTILE) {
  const name = JSON.stringify(hostile).replaceAll(/[^ -~]/g, (unit) => unit.charCodeAt(0).toString(16))
  test(`what a browser says of itself does not steer the terminal: ${name}`, () => {
    const lines = [...formatTable(['browser'], [[`a${hostile}b`]]), ...formatJson({ a: `a${hostile}b` }, 2).split('\n')]
    assert.ok(lines.every((line) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line)))
    assert.deepEqual(JSON.parse(formatJson({ a: `a${hostile}b` }, 2)), { a: `a${hostile}b` })
  })
}
