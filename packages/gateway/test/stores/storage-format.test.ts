// docs/storage-format.md says what is really there.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { createSealer } from '../../src/kernel/seal.ts'
import { createTextKeyRing } from '../../src/stores/key-ring.ts'
import { createStoreFile } from '../../src/stores/sqlite-file.ts'
import { MIGRATIONS } from '../../src/stores/sqlite-schema.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const page = readFileSync(new URL('../../../../docs/storage-format.md', import.meta.url), 'utf8')
const path = join(temporaryFolder(), 'doorman.db')
createStoreFile(path, MIGRATIONS)
const database = new DatabaseSync(path)
after(() => database.close())

function query(sql: string): Array<Record<string, unknown>> {
  return database.prepare(sql).all()
}

function documentedTables(): Record<string, string[]> {
  const tables: Record<string, string[]> = {}
  for (const section of page.split(/^### /m).slice(1)) {
    const name = /^`(\w+)`\n/.exec(section)?.[1]
    if (name === undefined) continue
    const own = section.split(/^## /m)[0] ?? ''
    tables[name] = [...own.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, column, type]) => `${column} ${type}`)
  }
  return tables
}

function realTables(): Record<string, string[]> {
  const names = query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
  return Object.fromEntries(
    names.map(({ name }) => [
      String(name),
      query(`PRAGMA table_info(${name})`).map((column) => `${column.name} ${column.type}`),
    ]),
  )
}

test('the page names every table and column with its type, in order', () => {
  assert.deepEqual(documentedTables(), realTables())
})

test('the page says which columns have an index', () => {
  const columns = query(`SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`)
    .flatMap(({ name }) => query(`PRAGMA index_info(${name})`))
    .map((column) => String(column.name))
  const documented = [...page.matchAll(/^\| `(\w+)` \|.*indexed/gm)].map(([, column]) => String(column))
  assert.deepEqual(documented.toSorted(), columns.toSorted())
})

test('the page names the versions', () => {
  const [version] = query('PRAGMA user_version')
  const [application] = query('PRAGMA application_id')
  const [minReader] = query(`SELECT value FROM meta WHERE name = 'min_reader_version'`)
  assert.match(page, new RegExp(`version of the schema, now \\*\\*${version?.user_version}\\*\\*`))
  assert.match(page, new RegExp(`\`meta\`, now \\*\\*${minReader?.value}\\*\\*`))
  assert.match(page, new RegExp(`\`0x${Number(application?.application_id).toString(16)}\``))
})

test('the page gives the length of every field of a seal', () => {
  const ring = createTextKeyRing([Buffer.alloc(32, 1).toString('hex')])
  const sealed = createSealer(ring, 'session').seal(Buffer.alloc(0), 'record')
  const lengths = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, bytes]) => Number(bytes))
  assert.equal(
    lengths.reduce((sum, bytes) => sum + bytes, 0),
    sealed.length,
  )
})
