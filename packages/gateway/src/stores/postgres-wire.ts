// Connections to PostgreSQL: a pool for questions, and single ones for what needs its own.
import { getCACertificates } from 'node:tls'
import type { Client, ClientConfig, Pool } from 'pg'
import { GatewayError, systemCode } from '../kernel/errors.ts'
import { within } from '../kernel/wait.ts'
import { sqlState, unavailable } from './postgres-errors.ts'

export interface PostgresPlace {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | null
  readonly database: string
  readonly isTls: boolean
  /** PEM certificates of authorities to trust beside Node's own. */
  readonly ca: readonly string[]
}

export interface Statement {
  /** Under which a connection may keep it prepared. */
  readonly name: string
  readonly text: string
}

export type Value = string | number | boolean | Buffer | null

export interface Answer {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** Rows that were read or written. */
  readonly count: number
}

/** Throws what the library throws. */
export type Ask = (statement: Statement, values: readonly Value[]) => Promise<Answer>

export interface PostgresWire {
  readonly ask: Ask
  /** Does all of the work or nothing of it. */
  transact<T>(work: (ask: Ask) => Promise<T>): Promise<T>
  /** As `ask`, for what may take a minute. */
  askPatiently: Ask
  /** Whether connections may keep statements prepared, which they do not before it is known: see the poolers. */
  keepPrepared(isPossible: boolean): void
  close(): Promise<void>
}

export interface PostgresLine {
  readonly ask: Ask
  close(): void
}

/** How much a connection may take on itself. */
export interface LineLimits {
  readonly questionMillis: number
  /** Told to the server; false where a pooler does not pass that on. */
  readonly areServerSide: boolean
}

const CONNECT_MILLISECONDS = 2000
const QUESTION_MILLISECONDS = 2000
const LONG_QUESTION_MILLISECONDS = 60_000
/** The server's own word comes first, and leaves the connection whole. */
const SURPLUS_MILLISECONDS = 500
/** Beyond these a question fails at once: what waits for a server that does not answer must not pile up. */
const QUEUE_MAX = 1000
const CLOSE_SECONDS = 1
const BEGIN = unnamed('BEGIN')
const COMMIT = unnamed('COMMIT')
const TAKE_A_MINUTE = unnamed(`SET LOCAL statement_timeout = ${LONG_QUESTION_MILLISECONDS}`)

export const QUESTION_LIMITS: LineLimits = { questionMillis: QUESTION_MILLISECONDS, areServerSide: true }
export const LONG_LIMITS: LineLimits = { questionMillis: LONG_QUESTION_MILLISECONDS, areServerSide: true }

export type Postgres = typeof import('pg').default

/** Rejects with `ERR_STORE_REFUSED` where it is not installed. */
export async function loadPostgres(): Promise<Postgres> {
  try {
    return (await import('pg')).default
  } catch (error) {
    if (systemCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error
    const remedy = 'npm install pg'
    throw new GatewayError('ERR_STORE_REFUSED', { reason: 'the package pg is not installed', remedy })
  }
}

/** A statement that no connection keeps prepared. */
export function unnamed(text: string): Statement {
  return { name: '', text }
}

/** PgBouncer refuses what a connection says about itself when it does not know it. */
export function isPoolersRefusal(error: unknown): boolean {
  return sqlState(error) === '08P01'
}

function buildSettings(place: PostgresPlace, { questionMillis, areServerSide }: LineLimits): ClientConfig {
  const { host, port, user, database, isTls, ca } = place
  const trust = ca.length === 0 ? {} : { ca: [...getCACertificates('default'), ...ca] }
  const limits = { statement_timeout: questionMillis, idle_in_transaction_session_timeout: questionMillis }
  return {
    host,
    port,
    user,
    database,
    password: () => passwordOf(place),
    ssl: isTls ? { rejectUnauthorized: true, ...trust } : false,
    application_name: 'doorman',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    query_timeout: questionMillis + SURPLUS_MILLISECONDS,
    ...(areServerSide ? limits : {}),
  }
}

/** Asked for when the server wants one, and never looked for in the environment. */
function passwordOf({ password }: PostgresPlace): string {
  if (password !== null) return password
  throw new GatewayError('ERR_STORE_REFUSED', { reason: 'the server asks for a password' })
}

function createAsk(client: Pick<Pool | Client, 'query'>, isNamed: () => boolean, millis: number | null): Ask {
  return async ({ name, text }, values) => {
    const question = {
      text,
      values: [...values],
      ...(name !== '' && isNamed() ? { name } : {}),
      ...(millis === null ? {} : { query_timeout: millis }),
    }
    const { rows, rowCount } = await client.query(question)
    return { rows, count: rowCount ?? 0 }
  }
}

/** A connection of its own. `onLost` is called once, unless it was closed. Rejects with what the library throws. */
export async function openLine(
  pg: Postgres,
  place: PostgresPlace,
  limits: LineLimits,
  { hear, onLost }: { readonly hear: (channel: string, message: string) => void; readonly onLost: () => void },
): Promise<PostgresLine> {
  const client = new pg.Client(buildSettings(place, limits))
  let isOver = false
  const end = () => {
    if (!isOver) onLost()
    isOver = true
  }
  client.on('error', end).on('end', end)
  client.on('notification', ({ channel, payload }) => hear(channel, payload ?? ''))
  await client.connect()
  return {
    ask: createAsk(client, () => false, null),
    close() {
      isOver = true
      client.end().catch(() => undefined)
      // A server that is held up would never take leave.
      client.connection.stream.destroy()
    },
  }
}

export interface PoolLimits extends LineLimits {
  readonly connections: number
}

export function createPostgresWire(pg: Postgres, place: PostgresPlace, limits: PoolLimits): PostgresWire {
  const pool = new pg.Pool({ ...buildSettings(place, limits), max: limits.connections })
  const open = new Set<Client>()
  let isPreparing = false
  let isClosed = false
  const isNamed = () => isPreparing
  const askPool = createAsk(pool, isNamed, null)

  // A connection that breaks is told to whoever is asking, and the pool makes another one.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => open.add(client.on('error', () => undefined)))
  pool.on('remove', (client) => open.delete(client))

  function refuseWhenBusy(): void {
    if (pool.waitingCount >= QUEUE_MAX) throw unavailable('busy')
  }

  async function transact<T>(millis: number | null, work: (ask: Ask) => Promise<T>): Promise<T> {
    refuseWhenBusy()
    const client = await pool.connect()
    const ask = createAsk(client, isNamed, millis)
    try {
      await ask(BEGIN, [])
      const result = await work(ask)
      await ask(COMMIT, [])
      client.release()
      return result
    } catch (error) {
      // Without its connection a transaction is over, whatever state it is in.
      client.release(true)
      throw error
    }
  }

  return {
    async ask(statement, values) {
      refuseWhenBusy()
      return askPool(statement, values)
    },
    transact: (work) => transact(null, work),
    askPatiently: (statement, values) =>
      transact(LONG_QUESTION_MILLISECONDS + SURPLUS_MILLISECONDS, async (ask) => {
        await ask(TAKE_A_MINUTE, [])
        return ask(statement, values)
      }),
    keepPrepared(isPossible) {
      isPreparing = isPossible
    },
    async close() {
      if (isClosed) return
      isClosed = true
      await within(pool.end(), CLOSE_SECONDS)
      for (const client of open) client.connection.stream.destroy()
    },
  }
}
