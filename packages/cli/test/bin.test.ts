import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { endOf, spawnCommand, temporaryFolder } from './support/command.ts'

const BIN = fileURLToPath(new URL('../bin/doorman.js', import.meta.url))
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

test('runs from the sources of a checkout', async () => {
  const outcome = await endOf(spawnCommand(['--version']))
  assert.deepEqual(outcome, { exitCode: 0, out: `${version}\n`, err: '' })
})

test('passes the exit code on', async () => {
  const { exitCode } = await endOf(spawnCommand(['check', '--config', '/no/such/doorman.yaml']))
  assert.equal(exitCode, 78)
})

test('runs what was built when there are no sources', async () => {
  const folder = temporaryFolder()
  for (const name of ['bin', 'dist']) mkdirSync(join(folder, name))
  copyFileSync(BIN, join(folder, 'bin', 'doorman.mjs'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'dist', 'main.js'), 'console.log(process.argv[2])')
  const outcome = await endOf(spawn(process.execPath, [join(folder, 'bin', 'doorman.mjs'), 'built']))
  assert.deepEqual(outcome, { exitCode: 0, out: 'built\n', err: '' })
})

test('says in one line which Node it needs', async () => {
  const older = 'data:text/javascript,Object.defineProperty(process, "versions", { value: { node: "22.18.0" } })'
  const outcome = await endOf(spawn(process.execPath, ['--import', older, BIN, 'check']))
  assert.equal(outcome.exitCode, 1)
  assert.match(outcome.err, /^[^\n]*22\.19[^\n]*22\.18\.0[^\n]*\n$/)
})
