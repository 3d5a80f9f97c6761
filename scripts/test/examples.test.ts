// What every example promises: that it is short, whatever it is written in, and shows itself in a small picture.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../support/built-packages.ts'

const MOST_LINES = 300
const MOST_PICTURE_BYTES = 60_000

/** What nobody who takes an example over has to understand. Everything else that git knows is its own code. */
const NOT_CODE: Readonly<Record<string, string>> = {
  'README.md': 'says what the example is',
  '*.png': 'pictures',
  'test/**': 'tests of the example, not part of it',
  'package.json': 'names packages',
  'tsconfig.json': 'settings of the compiler, as Next and Vite write them',
  '**/requirements*.txt': 'names packages',
  '**/go.{mod,sum}': 'names packages',
  'keycloak.json': 'the realm that doorman.yaml asks for, as Keycloak imports it',
}

const folders = globSync('examples/*/README.md', { cwd: ROOT }).map((file) => join(file, '..'))

for (const folder of folders) {
  test(`${folder} is at most ${MOST_LINES} lines in all its languages`, () => {
    const counted = ownFiles(folder).map((name) => [name, countLines(join(ROOT, folder, name))] as const)
    const lines = counted.reduce((sum, [, count]) => sum + count, 0)
    assert.ok(lines > 30 && lines <= MOST_LINES, `${lines}: ${JSON.stringify(Object.fromEntries(counted))}`)
  })
}

for (const picture of globSync('examples/*/picture.png', { cwd: ROOT })) {
  test(`${picture} is small, and in the README beside it`, () => {
    assert.ok(statSync(join(ROOT, picture)).size <= MOST_PICTURE_BYTES)
    assert.match(readFileSync(join(ROOT, picture, '..', 'README.md'), 'utf8'), /\]\(picture\.png\)/)
  })
}

test('what does not count is there', () => {
  const names = folders.flatMap(allFiles)
  const unused = Object.keys(NOT_CODE).filter((pattern) => !names.some((name) => matchesGlob(name, pattern)))
  assert.deepEqual(unused, [])
})

function ownFiles(folder: string): readonly string[] {
  const patterns = Object.keys(NOT_CODE)
  return allFiles(folder).filter((name) => !patterns.some((pattern) => matchesGlob(name, pattern)))
}

/** Neither what is installed nor what is built. */
function allFiles(folder: string): readonly string[] {
  const cwd = join(ROOT, folder)
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const names = execFileSync('git', words, { cwd, encoding: 'utf8' }).split('\0')
  return names.filter((name) => name !== '' && existsSync(join(cwd, name)))
}

function countLines(file: string): number {
  return readFileSync(file, 'utf8').trimEnd().split('\n').length
}
