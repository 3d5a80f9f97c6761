// The Python that the documentation shows compiles, and so do the sources that its guides count.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { listPages, readCodeBlocks } from '../scripts/support/code-blocks.ts'

const COMPILE = 'import sys; compile(sys.stdin.read(), "block", "exec")'
const blocks = listPages()
  .flatMap(readCodeBlocks)
  .filter(({ language }) => language === 'python')

test('there is Python to compile', () => assert.ok(blocks.length > 0))

function compile(input: string): void {
  const { status, stderr } = spawnSync('python3', ['-c', COMPILE], { input, encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
}

for (const { page, line, code } of blocks) test(`line ${line} of ${page}`, () => compile(code))

for (const file of globSync('migrate/before-after/**/*.py', { cwd: import.meta.dirname })) {
  test(file, () => compile(readFileSync(join(import.meta.dirname, file), 'utf8')))
}
