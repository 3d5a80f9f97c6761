// The stores of the bench: real servers that it starts, and what can be done to each.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { startPostgres } from '../packages/gateway/test/support/servers/postgres.ts'
import { startRedisSentinel } from '../packages/gateway/test/support/servers/redis.ts'
import type { StoreKind } from './options.ts'

export interface ChaosStore {
  /** For `session.store`. */
  readonly address: string
  /** It has a clock of its own, so that those of the gateways may be wrong. */
  readonly hasOwnClock: boolean
  readonly faults: Readonly<Record<string, StoreFault>>
  close(): Promise<void>
}

export interface StoreFault {
  /** Whether it may cost what the store has acknowledged. */
  readonly losesWrites: boolean
  /** Resolves when all is well again. */
  run(): Promise<void>
}

const OUTAGE_MILLISECONDS = 3000

const START: Readonly<Record<StoreKind, () => Promise<ChaosStore>>> = {
  sqlite: startSqlite,
  redis: startRedis,
  postgres: startPostgresStore,
}

export function startStore(kind: StoreKind): Promise<ChaosStore> {
  return START[kind]()
}

async function startSqlite(): Promise<ChaosStore> {
  const folder = await mkdtemp(join(tmpdir(), 'doorman-chaos-sqlite-'))
  const path = join(folder, 'doorman.db')
  return {
    address: `sqlite:${path}`,
    hasOwnClock: false,
    faults: { 'write lock held': { losesWrites: false, run: () => holdWriteLock(path) } },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** As a backup tool or an administrator's shell does. */
async function holdWriteLock(path: string): Promise<void> {
  const database = new DatabaseSync(path, { timeout: 5000 })
  try {
    database.exec('BEGIN IMMEDIATE')
    await pause(OUTAGE_MILLISECONDS)
    database.exec('ROLLBACK')
  } finally {
    database.close()
  }
}

async function startRedis(): Promise<ChaosStore> {
  const redis = await startRedisSentinel()
  return {
    address: redis.url,
    hasOwnClock: true,
    faults: {
      failover: { losesWrites: true, run: redis.failover },
      'stopped and started': {
        losesWrites: true,
        async run() {
          await redis.stop()
          await pause(OUTAGE_MILLISECONDS)
          await redis.start()
        },
      },
    },
    close: redis.close,
  }
}

async function startPostgresStore(): Promise<ChaosStore> {
  const postgres = await startPostgres()
  return {
    address: postgres.url,
    hasOwnClock: true,
    faults: {
      'stopped and started': {
        losesWrites: false,
        async run() {
          await postgres.stop()
          await pause(OUTAGE_MILLISECONDS)
          await postgres.start()
        },
      },
      'held up': {
        losesWrites: false,
        async run() {
          postgres.pause()
          await pause(OUTAGE_MILLISECONDS)
          postgres.resume()
        },
      },
    },
    close: postgres.close,
  }
}
