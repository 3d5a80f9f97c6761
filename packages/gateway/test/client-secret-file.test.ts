import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createClientSecretFile } from '../src/client-secret-file.ts'

function writeSecret(t: TestContext, secret: string) {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-secret-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'secret')
  const write = (text: string) => writeFileSync(path, text)
  write(`${secret}\n`)
  return { path, write, remove: () => rmSync(path) }
}

test('while the realm takes the secret, nothing else is tried', (t) => {
  const { path, write } = writeSecret(t, 'old')
  const inTurn = createClientSecretFile(path, 'old')
  write('new')
  const [first] = inTurn()
  assert.equal(first, 'old')
})

test('a secret that is refused is followed by what the file says by then', (t) => {
  const { path, write } = writeSecret(t, 'old')
  const inTurn = createClientSecretFile(path, 'old')
  write('new\n')
  assert.deepEqual([...inTurn()], ['old', 'new'])
  const [first] = inTurn()
  assert.equal(first, 'new', 'and from then on that one comes first')
})

test('a file that comes before the realm’s change leaves the secret before it in use', (t) => {
  const { path, write } = writeSecret(t, 'old')
  const inTurn = createClientSecretFile(path, 'old')
  write('new')
  Array.from(inTurn())
  assert.deepEqual([...inTurn()], ['new', 'old'])
})

test('a file that is empty, or gone for a moment, changes nothing', (t) => {
  const { path, write, remove } = writeSecret(t, 'old')
  const inTurn = createClientSecretFile(path, 'old')
  write('')
  assert.deepEqual([...inTurn()], ['old'])
  remove()
  assert.deepEqual([...inTurn()], ['old'])
})
