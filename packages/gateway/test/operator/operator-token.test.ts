import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadOperatorToken } from '../../src/operator/operator-token.ts'

function tokenFile(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-operator-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'operator-token')
}

test('the first start makes a random token that its owner alone may read', (context) => {
  const file = tokenFile(context)
  const umask = process.umask(0)
  const token = loadOperatorToken(file)
  process.umask(umask)
  assert.match(token, /^[\w-]{43}$/)
  assert.equal(readFileSync(file, 'utf8'), `${token}\n`)
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.notEqual(token, loadOperatorToken(tokenFile(context)))
})

test('the next start reads the same token', (context) => {
  const file = tokenFile(context)
  assert.equal(loadOperatorToken(file), loadOperatorToken(file))
})

test('a file anybody may read is refused', { skip: process.platform === 'win32' }, (context) => {
  const file = tokenFile(context)
  loadOperatorToken(file)
  chmodSync(file, 0o644)
  assert.throws(() => loadOperatorToken(file), { code: 'ERR_CONFIG_INVALID' })
})

test('a token that could be guessed is refused', (context) => {
  const file = tokenFile(context)
  for (const text of ['', '\n', 'letmein']) {
    writeFileSync(file, text, { mode: 0o600 })
    assert.throws(() => loadOperatorToken(file), { code: 'ERR_CONFIG_INVALID' })
  }
})

test('a folder that is not there is named', (context) => {
  assert.throws(() => loadOperatorToken(join(tokenFile(context), 'nowhere')), { code: 'ERR_CONFIG_INVALID' })
})
