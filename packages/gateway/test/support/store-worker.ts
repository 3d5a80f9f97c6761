// A process of its own on a store: does what its parent asks for, one message after the other.
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/kernel/time.ts'
import type { ClaimOutcome, SessionStore } from '../../src/session/session-store.ts'
import { createFileKeyRing } from '../../src/stores/key-ring.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { buildRecord } from '../contracts/session-store.ts'
import { openTestRedis } from './network-stores.ts'

const owner = `process ${process.pid}`

export const TASKS = {
  async create({ store }: Context, key: string): Promise<boolean> {
    return store.create(buildRecord(key, { expiresAt: store.now() + 3600 }))
  },
  async remove({ store }: Context, key: string): Promise<boolean> {
    return store.delete(key, 'user')
  },
  async claim({ store }: Context, names: readonly string[]): Promise<readonly ClaimOutcome[]> {
    const outcomes: ClaimOutcome[] = []
    for (const name of names) outcomes.push(await store.claim(name, store.now() + 600))
    return outcomes
  },
  async acquire({ store }: Context, name: string, seconds: number): Promise<boolean> {
    return store.acquireLease(name, owner, seconds)
  },
  /** Adds one to the number in a record so many times; returns how often somebody else was first. */
  async count({ store }: Context, key: string, times: number): Promise<number> {
    let conflicts = 0
    for (let done = 0; done < times; ) {
      if (await addOne(store, key)) done += 1
      else conflicts += 1
    }
    return conflicts
  },
  /** The same under a lease. */
  async countUnderLease({ store }: Context, key: string, times: number): Promise<number> {
    let conflicts = 0
    for (let done = 0; done < times; done += 1) {
      while (!(await store.acquireLease(key, owner, 60))) await delay(1)
      if (!(await addOne(store, key))) conflicts += 1
      await store.releaseLease(key, owner)
    }
    return conflicts
  },
  /** Creates records for ever, and tells each one that the store has acknowledged. */
  async flood({ store }: Context): Promise<never> {
    for (let number = 0; ; number += 1) {
      await store.create(buildRecord(`flood ${number}`, { expiresAt: store.now() + 3600 }))
      process.send?.({ acknowledged: `flood ${number}` })
      await delay(0)
    }
  },
  /** Takes the write lock, writes, and never commits. */
  async hang({ path }: Context): Promise<void> {
    const database = new DatabaseSync(path)
    database.exec(`BEGIN IMMEDIATE; INSERT INTO tombstone VALUES ('of the dead', 4000000000)`)
    Object.assign(globalThis, { database })
  },
  async keyIds(_: Context, ringPath: string): Promise<readonly string[]> {
    const ring = createFileKeyRing({ path: ringPath, createWhenAbsent: true, clock: systemClock })
    return ring.keys().map((key) => key.id)
  },
} as const

interface Context {
  readonly path: string
  readonly store: SessionStore
}

async function addOne(store: SessionStore, key: string): Promise<boolean> {
  const record = await store.read(key)
  if (record === undefined) throw new TypeError('the record has gone')
  const sealed = Buffer.from(String(Number(record.sealed.toString()) + 1))
  return (await store.replace(key, record.version, { ...record, sealed })) === 'replaced'
}

function open(path: string, prefix: string | undefined): Promise<SessionStore> {
  if (prefix !== undefined) return openTestRedis(path, { prefix })
  return openSqliteStore({ path, clock: systemClock, pollMillis: 10, busyMillis: 20_000 })
}

async function work(path: string, prefix: string | undefined): Promise<void> {
  const store = await open(path, prefix)
  process.on('message', async ({ task, args }: { task: keyof typeof TASKS; args: readonly unknown[] }) => {
    const run = TASKS[task] as (context: Context, ...args: readonly unknown[]) => Promise<unknown>
    process.send?.({ result: await run({ path, store }, ...args) })
  })
  process.send?.({ ready: true })
}

if (process.send !== undefined) await work(process.argv[2] ?? '', process.argv[3])
