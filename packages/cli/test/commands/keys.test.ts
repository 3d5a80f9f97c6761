import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { run, temporaryFolder, VALID, writeConfig } from '../support/command.ts'

const OLD = '0123456789abcdef'
const SECRET = randomBytes(32).toString('base64url')

function withRing(store: string): { readonly file: string; readonly ring: string } {
  const folder = temporaryFolder()
  chmodSync(folder, 0o700)
  mkdirSync(join(folder, '.doorman'), { mode: 0o700 })
  const ring = join(folder, '.doorman', 'keys')
  writeFileSync(ring, `${OLD} 2020-01-01T00:00:00.000Z ${SECRET}\n`, { mode: 0o600 })
  return { file: writeConfig(VALID.replace('store: memory', `store: "${store}"`), folder), ring }
}

test('lists, rotates and retires the keys of the ring without showing one', async () => {
  const { file, ring } = withRing('sqlite:.doorman/doorman.db')
  const rotated = await run(['keys', 'sealing', 'rotate', '-c', file])
  assert.equal(rotated.exitCode, 0)
  const listed = await run(['keys', 'sealing', 'list', '-c', file])
  assert.deepEqual(
    listed.out.split('\n').map((line) => line.split(' ')[0]),
    ['KEY', OLD, rotated.out],
  )
  const early = await run(['keys', 'sealing', 'retire', OLD, '-c', file])
  assert.equal(early.exitCode, 1)
  const forced = await run(['keys', 'sealing', 'retire', OLD, '--force', '-c', file])
  assert.equal(forced.exitCode, 0)
  assert.ok(!readFileSync(ring, 'utf8').includes(OLD))
  assert.ok(!JSON.stringify([rotated, listed, early, forced]).includes(SECRET))
})

test('never retires the key that seals, nor one that is not there', async () => {
  const { file, ring } = withRing('sqlite:.doorman/doorman.db')
  const before = readFileSync(ring, 'utf8')
  for (const id of [OLD, 'ffffffffffffffff']) {
    assert.equal((await run(['keys', 'sealing', 'retire', id, '--force', '-c', file])).exitCode, 1)
  }
  assert.equal(readFileSync(ring, 'utf8'), before)
})

test('says what to do when there is no ring in a file', async () => {
  const inText = writeConfig(`${VALID}keys: ["${SECRET}"]\n`)
  const absent = writeConfig(VALID)
  for (const file of [inText, absent]) {
    const { exitCode, err } = await run(['keys', 'sealing', 'list', '-c', file])
    assert.equal(exitCode, 1)
    assert.match(err, /^doorman: the newest key stands in a variable|^doorman: there is no ring yet/)
  }
})
