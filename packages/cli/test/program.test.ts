import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { EXIT_CODE } from '../src/exit-code.ts'
import { run } from './support/command.ts'

const COMMANDS = [
  'start',
  'check',
  'init',
  'dev',
  'keys sealing list',
  'keys sealing rotate',
  'keys sealing retire',
  'keys signing list',
  'keys signing rotate',
  'keys signing retire',
  'bootstrap',
  'plan',
  'apply',
  'drift',
  'secret show',
  'secret deliver',
  'secret rotate',
  'rbac',
  'doctor',
]
const DOCS = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')

for (const command of COMMANDS) {
  test(`${command} has help`, async () => {
    const { exitCode, out, err } = await run([...command.split(' '), '--help'])
    assert.deepEqual([exitCode, err], [0, ''])
    assert.match(out, new RegExp(`^Usage: doorman ${command}`))
  })

  test(`docs/cli.md tells of ${command} and each of its options`, async () => {
    const { out } = await run([...command.split(' '), '--help'])
    assert.ok(DOCS.includes(`doorman ${command}`))
    for (const [option] of out.matchAll(/--(?!help)[a-z-]+/g)) assert.ok(DOCS.includes(option), option)
  })
}

test('docs/cli.md tells every exit code', () => {
  for (const code of Object.values(EXIT_CODE)) assert.match(DOCS, new RegExp(`^\\| ${code} \\|`, 'm'))
})

for (const args of [
  ['chekc'],
  ['check', '--jsno'],
  ['dev', '--port', '0'],
  ['dev', '--port', 'x'],
  ['start', 'x', 'y'],
  ['drift', '--watch', '25h'],
  ['drift', '--watch', '0s'],
  ['drift', '--watch', '5'],
  ['plan', 'x'],
]) {
  test(`does not understand ${args.join(' ')}`, async () => {
    const { exitCode, out, err } = await run(args)
    assert.deepEqual([exitCode, out], [1, ''])
    assert.match(err, /^error: /)
  })
}
