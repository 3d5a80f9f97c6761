import type { SessionStore } from '../../src/session/session-store.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../src/stores/sqlite.ts'
import { START } from '../contracts/session-store.ts'

export function openTestStore(path: string, changes: Partial<SqliteStoreOptions> = {}): Promise<SessionStore> {
  return openSqliteStore({ path, clock: () => START, pollMillis: 2, busyMillis: 1000, ...changes })
}
