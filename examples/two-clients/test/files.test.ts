// What the files of this example say of one another.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8')

test('its Python packages are those of the FastAPI example', () => {
  assert.equal(read('api/requirements.txt'), read('../fastapi-service/requirements.txt'))
})
