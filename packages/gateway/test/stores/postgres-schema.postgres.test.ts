import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import pg from 'pg'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { migrate, POSTGRES_MIGRATIONS, type PostgresMigration } from '../../src/stores/postgres-schema.ts'
import { buildRecord, sessionStoreContract, unavailable } from '../contracts/session-store.ts'
import { createPostgresConsole } from '../support/postgres-console.ts'
import { newSchema, openPostgresTestStore } from '../support/postgres-stores.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { eventually } from '../support/store-changes.ts'

const server = await startPostgres()
after(() => server.close())
const ask = createPostgresConsole(server.url)
const KNOWN = POSTGRES_MIGRATIONS.length

/** What the next version of the program may do to the schema: add. */
const ADDITION: PostgresMigration = {
  minReaderVersion: 1,
  sql: `
    ALTER TABLE session ADD COLUMN tenant text;
    ALTER TABLE lease ADD COLUMN fence integer NOT NULL DEFAULT 0;
    CREATE INDEX session_by_tenant ON session (tenant);
    CREATE TABLE region (id text PRIMARY KEY, sealed bytea NOT NULL);
  `,
}
const BREAK: PostgresMigration = {
  minReaderVersion: KNOWN + 1,
  sql: 'ALTER TABLE session RENAME COLUMN sealed TO box',
}
const SECOND_ADDITION: PostgresMigration = { minReaderVersion: 1, sql: 'ALTER TABLE session ADD COLUMN region text' }

async function migrateTo(schema: string, migrations: readonly PostgresMigration[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const askClient = async ({ text }: { readonly text: string }, values: readonly unknown[]) => {
    const { rows, rowCount } = await client.query(text, [...values])
    return { rows, count: rowCount ?? 0 }
  }
  await migrate(askClient, schema, migrations).finally(() => client.end())
}

async function versions(schema: string): Promise<Record<string, unknown>> {
  const rows = await ask(`SELECT name, value FROM ${schema}.meta`)
  return Object.fromEntries(rows.map(({ name, value }) => [String(name), value]))
}

function newerSchema(error: unknown): boolean {
  return isGatewayError(error, 'ERR_STORE_REFUSED') && error.detail.reason === 'newer-schema'
}

sessionStoreContract('the PostgreSQL store on the schema of the next version', async (clock) => {
  const schema = newSchema()
  await migrateTo(schema, [...POSTGRES_MIGRATIONS, ADDITION])
  return openPostgresTestStore(server.url, { schema, clock })
})

test('a new store has the newest schema', async () => {
  const schema = newSchema()
  await (await openPostgresTestStore(server.url, { schema })).close()
  assert.deepEqual(await versions(schema), { version: KNOWN, min_reader_version: 1 })
})

test('many processes that start at once make one store', async () => {
  const schema = newSchema()
  const stores = await Promise.all(Array.from({ length: 6 }, () => openPostgresTestStore(server.url, { schema })))
  const created = await Promise.all(stores.map((store, index) => store.create(buildRecord(`start ${index}`))))
  assert.ok(created.every(Boolean))
  assert.equal((await stores[0]?.find('subject', 'alice'))?.length, 6)
  await Promise.all(stores.map((store) => store.close()))
})

test('an update and its way back, with both versions at work all the time, lose nothing', async () => {
  const schema = newSchema()
  const older = await openPostgresTestStore(server.url, { schema })
  await older.create(buildRecord('a'))
  await migrateTo(schema, [...POSTGRES_MIGRATIONS, ADDITION])
  assert.deepEqual(await versions(schema), { version: KNOWN + 1, min_reader_version: 1 })
  // The older program runs on, and so does its next start.
  assert.equal(await older.replace('a', 1, buildRecord('a')), 'replaced')
  const restarted = await openPostgresTestStore(server.url, { schema })
  assert.equal((await restarted.read('a'))?.version, 2)
  assert.equal(await restarted.acquireLease('refresh', 'owner', 10), true)
  await Promise.all([older.close(), restarted.close()])
})

test('a migration that fails changes nothing', async () => {
  const schema = newSchema()
  await migrateTo(schema, POSTGRES_MIGRATIONS)
  const broken: PostgresMigration = {
    minReaderVersion: 1,
    sql: 'ALTER TABLE session ADD COLUMN a text; SELECT nonsense',
  }
  await assert.rejects(migrateTo(schema, [...POSTGRES_MIGRATIONS, ADDITION, broken]))
  assert.deepEqual(await versions(schema), { version: KNOWN, min_reader_version: 1 })
  await migrateTo(schema, [...POSTGRES_MIGRATIONS, ADDITION])
})

test('a store of the next version that breaks with this one is refused', async () => {
  const schema = newSchema()
  await migrateTo(schema, [...POSTGRES_MIGRATIONS, BREAK])
  await assert.rejects(openPostgresTestStore(server.url, { schema }), newerSchema)
})

test('a store two versions ahead is refused, even if it only adds', async () => {
  const schema = newSchema()
  await migrateTo(schema, [...POSTGRES_MIGRATIONS, ADDITION, SECOND_ADDITION])
  await assert.rejects(openPostgresTestStore(server.url, { schema }), newerSchema)
})

test('a newer program that leaves this version behind stops it within a moment', async () => {
  const schema = newSchema()
  const told: string[] = []
  const store = await openPostgresTestStore(server.url, { schema, tell: (state) => told.push(state) })
  await store.create(buildRecord('a'))
  const setReader = (version: number) =>
    ask(`UPDATE ${schema}.meta SET value = ${version} WHERE name = 'min_reader_version'`)
  await setReader(KNOWN + 1)
  await assert.rejects(store.ping(), unavailable)
  await eventually(() => store.unreachableSince() !== null)
  await assert.rejects(store.delete('a', 'user'), unavailable)
  await setReader(1)
  await eventually(() => store.unreachableSince() === null)
  assert.equal(await store.delete('a', 'user'), true)
  assert.deepEqual(told, ['lost', 'found'])
  await store.close()
})

test('the page of the storage format names every table and column with its type, in order', async () => {
  const schema = newSchema()
  await migrateTo(schema, POSTGRES_MIGRATIONS)
  const columns = await ask(
    `SELECT table_name, string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) AS columns
    FROM information_schema.columns WHERE table_schema = $1 GROUP BY table_name ORDER BY table_name`,
    [schema],
  )
  const page = readFileSync(new URL('../../../../docs/storage-format.md', import.meta.url), 'utf8')
  const [, section = ''] = page.split(/^## PostgreSQL$/m)
  const documented = [...section.split(/^## /m)[0]!.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, table, list]) => ({
    table_name: table,
    columns: list!.replaceAll('`', '').trim(),
  }))
  assert.deepEqual(
    documented.toSorted((one, other) => (String(one.table_name) < String(other.table_name) ? -1 : 1)),
    columns,
  )
  assert.match(section, new RegExp(`now \\*\\*${KNOWN}\\*\\*`))
})
