// The tables in PostgreSQL and how they change over time, as those of the embedded store do: a change that only adds
// keeps `min_reader_version`, so that two neighbouring versions of the program can share one store.
import { createHash } from 'node:crypto'
import { GatewayError } from '../kernel/errors.ts'
import { sqlState } from './postgres-errors.ts'
import { type Ask, unnamed } from './postgres-wire.ts'
import { refuseForeignFormat } from './store-format.ts'

export interface PostgresMigration {
  /** Runs with the schema as the only place of names. */
  readonly sql: string
  readonly minReaderVersion: number
}

// Names are compared by their bytes: another order of letters after an update of the system would break the indexes.
// What is sealed cannot be compressed, and its first bytes are read without the rest.
export const POSTGRES_MIGRATIONS: readonly PostgresMigration[] = [
  {
    minReaderVersion: 1,
    sql: `
      CREATE TABLE meta (name text COLLATE "C" PRIMARY KEY, value integer NOT NULL);
      CREATE TABLE session (
        key text COLLATE "C" PRIMARY KEY,
        version integer NOT NULL,
        write text NOT NULL,
        sealed bytea NOT NULL,
        handle text COLLATE "C" NOT NULL,
        subject text COLLATE "C" NOT NULL,
        sid text COLLATE "C",
        last_used_at double precision NOT NULL,
        expires_at double precision NOT NULL
      ) WITH (fillfactor = 80);
      ALTER TABLE session ALTER COLUMN sealed SET STORAGE EXTERNAL;
      CREATE INDEX session_by_handle ON session (handle);
      CREATE INDEX session_by_subject ON session (subject);
      CREATE INDEX session_by_sid ON session (sid) WHERE sid IS NOT NULL;
      CREATE INDEX session_by_expiry ON session (expires_at);
      CREATE TABLE claim (
        name text COLLATE "C" PRIMARY KEY,
        write text NOT NULL,
        settled boolean NOT NULL,
        expires_at double precision NOT NULL
      );
      CREATE INDEX claim_by_expiry ON claim (expires_at);
      CREATE TABLE tombstone (sid text COLLATE "C" PRIMARY KEY, expires_at double precision NOT NULL);
      CREATE INDEX tombstone_by_expiry ON tombstone (expires_at);
      CREATE TABLE lease (
        name text COLLATE "C" PRIMARY KEY,
        owner text NOT NULL,
        expires_at double precision NOT NULL
      );
      CREATE TABLE document (
        name text COLLATE "C" PRIMARY KEY,
        version integer NOT NULL,
        write text NOT NULL,
        sealed bytea NOT NULL
      );
      CREATE TABLE change (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        key text NOT NULL,
        origin text NOT NULL,
        ended text,
        at double precision NOT NULL DEFAULT extract(epoch FROM clock_timestamp())
      );
      CREATE INDEX change_by_instant ON change (at);
      CREATE TABLE counter (key text COLLATE "C" PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint);
      CREATE INDEX counter_by_expiry ON counter (expire);
    `,
  },
]

const BEGIN = unnamed('BEGIN')
const COMMIT = unnamed('COMMIT')
const LOCK = unnamed('SELECT pg_advisory_xact_lock($1::bigint)')

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** The number of an advisory lock, which is one of the whole database. */
export function lockNumber(...names: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(['doorman', ...names]))
  return String(hash.digest().readBigInt64BE())
}

/**
 * Brings the store to the newest of these versions, one process at a time; leaves a newer one as it is. A failure leaves
 * its transaction open: the connection is of no more use. Rejects with `ERR_STORE_REFUSED` for a version too far away,
 * without the rights it takes, or in a schema that holds other things; else with what the library throws.
 */
export async function migrate(ask: Ask, schema: string, migrations: readonly PostgresMigration[]): Promise<void> {
  await ask(BEGIN, [])
  await ask(LOCK, [lockNumber('migration', schema)])
  await findSchema(ask, schema)
  await ask(unnamed(`SET LOCAL search_path TO ${quoteName(schema)}`), [])
  const [version, reader] = await readVersions(ask, schema)
  // An older one is brought up to date, however old.
  if (version > migrations.length) refuseForeignFormat([version, reader], migrations.length)
  const steps = migrations.slice(version)
  const last = steps.at(-1)
  if (last !== undefined) {
    await needing(`CREATE on the schema ${schema}, as the owner of its tables`, async () => {
      for (const { sql } of steps) await runAll(ask, sql)
    })
    await writeVersions(ask, migrations.length, last.minReaderVersion)
  }
  await ask(COMMIT, [])
}

async function findSchema(ask: Ask, schema: string): Promise<void> {
  const { rows } = await ask(unnamed('SELECT to_regnamespace($1) IS NOT NULL AS found'), [quoteName(schema)])
  if (rows[0]?.found === true) return
  await needing(`CREATE on the database, or a schema ${schema} of its own`, () =>
    ask(unnamed(`CREATE SCHEMA ${quoteName(schema)}`), []),
  )
}

async function readVersions(ask: Ask, schema: string): Promise<readonly [version: number, reader: number]> {
  const rows = await needing(`USAGE on the schema ${schema}, and everything on its tables`, async () => {
    const meta = `${quoteName(schema)}.meta`
    const { rows: tables } = await ask(unnamed('SELECT to_regclass($1) IS NOT NULL AS found'), [meta])
    return tables[0]?.found === true ? (await ask(unnamed(`SELECT name, value FROM ${meta}`), [])).rows : []
  })
  const values = new Map(rows.map(({ name, value }) => [name, Number(value)]))
  return [values.get('version') ?? 0, values.get('min_reader_version') ?? 0]
}

async function writeVersions(ask: Ask, version: number, reader: number): Promise<void> {
  const statement = unnamed(`
    INSERT INTO meta (name, value) VALUES ('version', $1), ('min_reader_version', $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
  await ask(statement, [version, reader])
}

/** A statement after the other: a question with values, as all of ours are, holds only one. */
async function runAll(ask: Ask, sql: string): Promise<void> {
  for (const text of sql.split(';').filter((part) => part.trim() !== '')) await ask(unnamed(text), [])
}

/** `rights`: what the user of the connection needs for the work. */
async function needing<T>(rights: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const state = sqlState(error)
    if (state === '42501' || state === '3F000') {
      throw new GatewayError('ERR_STORE_REFUSED', { reason: 'rights', remedy: `the user needs ${rights}` })
    }
    if (state === '42P07') {
      const remedy = 'name a schema of its own in session.prefix'
      throw new GatewayError('ERR_STORE_REFUSED', { reason: 'not-a-store', remedy })
    }
    throw error
  }
}
