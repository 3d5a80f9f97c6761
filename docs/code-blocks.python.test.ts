// The Python that the documentation shows compiles.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { listPages, readCodeBlocks } from '../scripts/support/code-blocks.ts'

const COMPILE = 'import sys; compile(sys.stdin.read(), "block", "exec")'
const blocks = listPages()
  .flatMap(readCodeBlocks)
  .filter(({ language }) => language === 'python')

test('there is Python to compile', () => assert.ok(blocks.length > 0))

for (const { page, line, code } of blocks) {
  test(`line ${line} of ${page}`, () => {
    const { status, stderr } = spawnSync('python3', ['-c', COMPILE], { input: code, encoding: 'utf8' })
    assert.deepEqual([status, stderr], [0, ''])
  })
}
