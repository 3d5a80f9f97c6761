// Behind a real PgBouncer that deals out connections by transaction: nobody hears a NOTIFY there.
import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, test } from 'node:test'
import type { SessionStore } from '../../src/session/session-store.ts'
import { buildRecord, sessionStoreContract } from '../contracts/session-store.ts'
import { createPostgresConsole } from '../support/postgres-console.ts'
import { newSchema, openPostgresTestStore } from '../support/postgres-stores.ts'
import { findPgBouncer, type PgBouncer, startPgBouncer } from '../support/servers/pgbouncer.ts'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.ts'
import { eventually, hearChanges } from '../support/store-changes.ts'

const program = await findPgBouncer()
if (program === undefined) test('a pooler', { skip: 'there is no PgBouncer here' }, () => {})
else await testBehind(await startPostgres(), (url) => startPgBouncer(program, url))

async function testBehind(server: PostgresServer, start: (url: string) => Promise<PgBouncer>): Promise<void> {
  const pooler = await start(server.url)
  const ask = createPostgresConsole(server.url)
  after(async () => {
    await pooler.close()
    await server.close()
  })

  sessionStoreContract('the PostgreSQL store behind a pooler', (clock) => openPostgresTestStore(pooler.url, { clock }))

  describe('two stores, one of them behind a pooler', () => {
    let schema: string
    let pooled: SessionStore
    let direct: SessionStore
    let told: string[]

    beforeEach(async () => {
      schema = newSchema()
      told = []
      const options = { schema, clock: null }
      pooled = await openPostgresTestStore(pooler.url, { ...options, tell: (state) => told.push(state) })
      direct = await openPostgresTestStore(server.url, { ...options, tell: (state) => told.push(`direct ${state}`) })
      for (const key of ['a', 'b', 'c']) await direct.create(newRecord(key))
    })
    afterEach(() => Promise.all([pooled.close(), direct.close()]))

    function newRecord(key: string) {
      return buildRecord(key, { expiresAt: direct.now() + 60 })
    }

    test('the one that cannot hear says so, once', () => {
      assert.deepEqual(told, ['polling'])
    })
    test('it finds what the other one does, once, and is heard by it', async () => {
      const [near, far] = [hearChanges(pooled), hearChanges(direct)]
      const both = [near.until('ended', 'c'), far.until('ended', 'c')]
      await direct.replace('a', 1, newRecord('a'))
      await direct.delete('b', 'administrator')
      await pooled.delete('a', 'user')
      await direct.delete('c', 'user')
      await Promise.all(both)
      const expected = [
        { kind: 'sessions', keys: ['a'] },
        { kind: 'ended', key: 'b', by: 'administrator' },
        { kind: 'ended', key: 'a', by: 'user' },
        { kind: 'ended', key: 'c', by: 'user' },
      ]
      // Each knows its own before it hears or finds what was before.
      for (const { changes } of [near, far]) assert.deepEqual(changes.toSorted(byText), expected.toSorted(byText))
    })
    test('it finds what is written in another order than it is numbered', async () => {
      const heard = hearChanges(pooled)
      const late = heard.until('sessions', 'late')
      const number = (seq: number, key: string) =>
        ask(`INSERT INTO ${schema}.change (seq, key, origin) OVERRIDING SYSTEM VALUE VALUES ($1, $2, 'somebody')`, [
          seq,
          key,
        ])
      const early = heard.until('sessions', 'early')
      await number(1001, 'early')
      await early
      await number(1000, 'late')
      await late
      assert.deepEqual(heard.changes, [
        { kind: 'sessions', keys: ['early'] },
        { kind: 'sessions', keys: ['late'] },
      ])
    })
    test('what is older than the overlap is not looked at again', async () => {
      await direct.delete('a', 'user')
      await ask(`UPDATE ${schema}.change SET at = at - 6`)
      const heard = hearChanges(pooled)
      await eventually(() => heard.changes.length === 0)
      await direct.delete('b', 'user')
      await heard.until('ended', 'b')
      assert.deepEqual(
        heard.changes.filter(({ kind }) => kind === 'all'),
        [],
      )
    })
    test('a server that was away is found again, and everything is read anew', async () => {
      const heard = hearChanges(pooled)
      const all = heard.until('all')
      await server.stop()
      await eventually(() => pooled.unreachableSince() !== null)
      await server.start()
      await all
      await eventually(() => pooled.unreachableSince() === null && direct.unreachableSince() === null)
      assert.equal((await pooled.read('a'))?.version, 1)
      assert.deepEqual(
        told.filter((state) => !state.startsWith('direct')),
        ['polling', 'lost', 'found'],
      )
    })
  })
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1
}
