// The stores of the bench: an embedded file, a Redis and a PostgreSQL of its own.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../packages/gateway/test/support/servers/postgres.ts'
import { startRedis } from '../packages/gateway/test/support/servers/redis.ts'

export interface BenchStore {
  readonly name: string
  /** For `session.store`. */
  readonly address: string
  /** What the sessions take there. */
  bytes(): Promise<number>
  close(): Promise<void>
}

export async function startStores(): Promise<readonly BenchStore[]> {
  return [embedded(), await redis(), await postgres()]
}

function embedded(): BenchStore {
  const folder = mkdtempSync(join(tmpdir(), 'doorman-bench-store-'))
  const file = join(folder, 'doorman.db')
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return {
    name: 'SQLite',
    address: `sqlite:${file}`,
    bytes: async () => sizeOf(file) + sizeOf(`${file}-wal`),
    close: async () => rmSync(folder, { recursive: true }),
  }
}

async function redis(): Promise<BenchStore> {
  const server = await startRedis()
  return {
    name: 'Redis',
    address: server.url,
    bytes: async () => Number(/used_memory:(\d+)/.exec(String(await server.ask('INFO', 'memory')))?.[1]),
    close: server.close,
  }
}

async function postgres(): Promise<BenchStore> {
  const server = await startPostgres()
  return {
    name: 'PostgreSQL',
    address: server.url,
    async bytes() {
      const client = new pg.Client(server.url)
      await client.connect()
      const { rows } = await client.query('SELECT pg_database_size(current_database()) AS size')
      await client.end()
      return Number(rows[0].size)
    },
    close: server.close,
  }
}
