// What the files of this example promise.
import assert from 'node:assert/strict'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))

test('the example is at most 300 lines', () => {
  const files = globSync(['doorman.yaml', '*.ts', 'src/*/*'], { cwd: FOLDER })
  const lines = files.flatMap((file) => readFileSync(join(FOLDER, file), 'utf8').trimEnd().split('\n'))
  assert.ok(files.length > 5 && lines.length <= 300, String(lines.length))
})

test('the picture is small', () => {
  assert.ok(statSync(join(FOLDER, 'picture.png')).size <= 60_000)
})
