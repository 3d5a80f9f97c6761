import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from '../../src/stores/sqlite.ts'
import { START } from '../contracts/session-store.ts'

export function openTestStore(path: string, changes: Partial<SqliteStoreOptions> = {}): Promise<SqliteStore> {
  return openSqliteStore({ path, clock: () => START, pollMillis: 2, busyMillis: 1000, ...changes })
}
