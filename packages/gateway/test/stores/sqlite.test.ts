import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { sessionStoreContract } from '../contracts/session-store.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()

sessionStoreContract('the SQLite store', (clock) =>
  openSqliteStore({ path: join(folder, randomUUID()), clock, pollMillis: 1000, busyMillis: 1000 }),
)
