// PostgreSQL.
import type { Clock } from '../kernel/time.ts'
import type { SessionStore } from '../session/session-store.ts'

export interface PostgresStoreOptions {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | null
  readonly database: string
  readonly isTls: boolean
  readonly schema: string
  readonly connections: number
  readonly ca: readonly string[]
  /** Null: the server's. */
  readonly clock: Clock | null
  readonly tell: (state: 'lost' | 'found') => void
}

export async function openPostgresStore(_options: PostgresStoreOptions): Promise<SessionStore> {
  throw new Error('not yet')
}
