// The commands that deploy/kubernetes runs exist, with the options they are given.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { run } from '../support/command.ts'

const FOLDER = new URL('../../../../deploy/kubernetes/', import.meta.url)
const COMMANDS = readdirSync(FOLDER)
  .flatMap((file) => [...readFileSync(new URL(file, FOLDER), 'utf8').matchAll(/^ +args: \[(.+)\]$/gm)])
  .map(([, words = '']) => words.split(', '))

test('there are commands', () => {
  assert.notEqual(COMMANDS.length, 0)
})

for (const words of COMMANDS) {
  test(`doorman ${words.join(' ')} is understood`, async () => {
    const path = words.slice(0, words.findIndex((word) => word.startsWith('--')) >>> 0)
    const { exitCode, out } = await run([...path, '--help'])
    assert.equal(exitCode, 0)
    assert.match(out, new RegExp(`^Usage: doorman ${path.join(' ')}\\b`))
    for (const option of words.filter((word) => word.startsWith('--'))) assert.ok(out.includes(`${option} `), option)
  })
}
