// What the files of this example say of one another.
import assert from 'node:assert/strict'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8')

test('the example is at most 300 lines in all its languages', () => {
  const names = globSync(['doorman.yaml', '*.ts', 'app/*', 'api/*.py'], { cwd: FOLDER }).filter(isOwn)
  const lines = names.reduce((sum, name) => sum + read(name).trimEnd().split('\n').length, 0)
  assert.ok(lines > 100 && lines <= 300, String(lines))
})

function isOwn(name: string): boolean {
  return name !== 'next-env.d.ts'
}

test('the picture is small', () => {
  assert.ok(statSync(join(FOLDER, 'picture.png')).size <= 60_000)
})

test('its Python packages are those of the FastAPI example', () => {
  assert.equal(read('api/requirements.txt'), read('../fastapi-service/requirements.txt'))
})
