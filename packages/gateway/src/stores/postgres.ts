// PostgreSQL: for any number of machines.
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { Clock } from '../kernel/time.ts'
import { wait } from '../kernel/wait.ts'
import type { StoreChange } from '../session/session-store.ts'
import { createPostgresConnection } from './postgres-connection.ts'
import { postgresError, refusalOf } from './postgres-errors.ts'
import { migrate, POSTGRES_MIGRATIONS } from './postgres-schema.ts'
import { buildStatements } from './postgres-statements.ts'
import { createPostgresStore, type PostgresStore } from './postgres-store.ts'
import {
  createPostgresWire,
  isPoolersRefusal,
  type LineLimits,
  LONG_LIMITS,
  loadPostgres,
  openLine,
  type Postgres,
  type PostgresLine,
  type PostgresPlace,
  QUESTION_LIMITS,
} from './postgres-wire.ts'

export interface PostgresStoreOptions extends PostgresPlace {
  /** Where the tables are, and nothing else; made when it is absent. */
  readonly schema: string
  /** At most, besides one that waits for word of changes. */
  readonly connections: number
  /** Null: the server's. */
  readonly clock: Clock | null
  /** `polling`: changes are not heard of at once but looked for. Must not throw. */
  readonly tell: (state: 'lost' | 'found' | 'polling') => void
}

const OPEN_SECONDS = 5
const OPEN_PAUSE_SECONDS = 0.2
const HEARS_NOTHING = { hear() {}, onLost() {} }

/**
 * Connects, and tries for five seconds; makes the tables or brings them up to date.
 *
 * Rejects with `ERR_STORE_REFUSED` when the server does not let us in or not do what it takes, holds a version too far
 * away, or the library is not installed; with `ERR_STORE_UNAVAILABLE` when it does not answer.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const pg = await loadPostgres()
  const giveUpAt = performance.now() + OPEN_SECONDS * 1000
  for (;;) {
    try {
      return await connect(pg, options)
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal !== null) throw new GatewayError('ERR_STORE_REFUSED', { reason: refusal })
      if (isGatewayError(error, 'ERR_STORE_REFUSED') || performance.now() > giveUpAt) throw postgresError(error)
      await wait(OPEN_PAUSE_SECONDS)
    }
  }
}

async function connect(pg: Postgres, options: PostgresStoreOptions): Promise<PostgresStore> {
  const { schema } = options
  const limits = await enter(pg, options)
  const listeners = new Set<(change: StoreChange) => void>()
  const statements = buildStatements(schema)
  const connection = createPostgresConnection({
    ...options,
    wire: createPostgresWire(pg, options, { ...limits, connections: options.connections }),
    statements,
    openLine: (hear, onLost) => openLine(pg, options, limits, { hear, onLost }),
    schemaVersion: POSTGRES_MIGRATIONS.length,
    onChange(change) {
      for (const listener of listeners) listener(change)
    },
  })
  try {
    await connection.open()
    return createPostgresStore(connection, statements, schema, listeners)
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** Brings the tables up to date; what connections may be told of our limits. */
async function enter(pg: Postgres, options: PostgresStoreOptions): Promise<LineLimits> {
  const [line, limits] = await openFirstLine(pg, options)
  try {
    await migrate(line.ask, options.schema, POSTGRES_MIGRATIONS)
    return limits
  } finally {
    line.close()
  }
}

async function openFirstLine(pg: Postgres, place: PostgresPlace): Promise<readonly [PostgresLine, LineLimits]> {
  try {
    return [await openLine(pg, place, LONG_LIMITS, HEARS_NOTHING), QUESTION_LIMITS]
  } catch (error) {
    if (!isPoolersRefusal(error)) throw error
    const limits = { ...QUESTION_LIMITS, areServerSide: false }
    return [await openLine(pg, place, { ...LONG_LIMITS, areServerSide: false }, HEARS_NOTHING), limits]
  }
}
