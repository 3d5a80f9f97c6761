import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { findPython, prepareEnvironment } from '../../src/dev/python.ts'
import { temporaryFolder } from '../support/command.ts'

const found = await findPython()
assert.ok(found.kind === 'found')
const never = new AbortController().signal
const usual = process.env.DOORMAN_CACHE
let cache: string

beforeEach(() => {
  cache = temporaryFolder()
  process.env.DOORMAN_CACHE = cache
})
afterEach(() => {
  if (usual === undefined) delete process.env.DOORMAN_CACHE
  else process.env.DOORMAN_CACHE = usual
})

function writeRequirements(text: string): string {
  const file = join(temporaryFolder(), 'requirements.txt')
  writeFileSync(file, text)
  return file
}

test('an environment is made once for the same requirements, and anew for others', async () => {
  const made: string[] = []
  const prepare = (text: string) =>
    prepareEnvironment(found, writeRequirements(text), { onStart: () => made.push(text), signal: never })
  const first = await prepare('# nothing')
  assert.ok(existsSync(first))
  assert.equal(await prepare('# nothing'), first)
  assert.notEqual(await prepare('# nothing else'), first)
  assert.deepEqual(made, ['# nothing', '# nothing else'])
})

test('one that cannot be made says why, and leaves nothing behind', async () => {
  const file = writeRequirements('-r no-such-file.txt')
  await assert.rejects(prepareEnvironment(found, file, { onStart: () => {}, signal: never }), /no-such-file/)
  assert.deepEqual(readdirSync(cache), [])
})
