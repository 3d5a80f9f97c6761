// Stores on a real PostgreSQL, each in a schema of its own unless told otherwise.
import { randomBytes } from 'node:crypto'
import { parseStore } from '../../src/config/store-address.ts'
import { openPostgresStore, type PostgresStoreOptions } from '../../src/stores/postgres.ts'
import type { PostgresStore } from '../../src/stores/postgres-store.ts'
import { START } from '../contracts/session-store.ts'

export function newSchema(): string {
  return `doorman_${randomBytes(6).toString('hex')}`
}

export function postgresOptions(url: string, changes: Partial<PostgresStoreOptions> = {}): PostgresStoreOptions {
  const place = parseStore(url)
  if (place?.kind !== 'postgres') throw new TypeError('no address of a PostgreSQL')
  return { ...place, schema: newSchema(), connections: 5, ca: [], clock: () => START, tell() {}, ...changes }
}

export function openPostgresTestStore(
  url: string,
  changes: Partial<PostgresStoreOptions> = {},
): Promise<PostgresStore> {
  return openPostgresStore(postgresOptions(url, changes))
}
