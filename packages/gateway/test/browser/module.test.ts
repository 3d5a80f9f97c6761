// The module for browsers as it ships: one small file that needs nothing.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { minifyModule } from '../../../../scripts/support/minify.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const MAX_BYTES = 3000

let folder: string
let built: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doorman-browser-'))
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const project = join(ROOT, 'packages', 'gateway', 'tsconfig.browser.json')
  // As scripts/build.ts does.
  const options = ['--declaration', 'false', '--outDir', folder]
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', project, ...options], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
  built = await minifyModule(readFileSync(join(folder, 'browser.js'), 'utf8'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('is one file that imports nothing', () => {
  assert.deepEqual(readdirSync(folder), ['browser.js'])
  assert.doesNotMatch(built, /\bimport\b|\brequire\b/)
})

test('is less than three kilobytes', () => {
  const { length } = Buffer.from(built)
  assert.ok(length > 1000 && length < MAX_BYTES, String(length))
})

test('reads no cookie and makes no code', () => {
  assert.doesNotMatch(built, /cookie|\beval\b|innerHTML|Function\(/)
})

test('is an entry of the package, with types', () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'packages', 'gateway', 'package.json'), 'utf8'))
  assert.equal(exports['./browser'].types, './dist/browser.d.ts')
  assert.equal(exports['./browser'].default, './dist/browser.js')
})
