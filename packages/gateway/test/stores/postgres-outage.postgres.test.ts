// A PostgreSQL that stops, hangs or does not let us in, and what becomes of a store on it.
import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import type { SessionStore } from '../../src/session/session-store.ts'
import { buildRecord, unavailable } from '../contracts/session-store.ts'
import { createPostgresConsole } from '../support/postgres-console.ts'
import { newSchema, openPostgresTestStore } from '../support/postgres-stores.ts'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.ts'
import { eventually, type HeardChanges, hearChanges } from '../support/store-changes.ts'

let server: PostgresServer
let store: SessionStore
let heard: HeardChanges
let told: string[]

function newRecord(key: string) {
  return buildRecord(key, { expiresAt: store.now() + 600 })
}

async function secondsOf(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work
  return (performance.now() - startedAt) / 1000
}

describe('a server', () => {
  beforeEach(async () => {
    server = await startPostgres()
    told = []
    store = await openPostgresTestStore(server.url, { clock: null, tell: (state) => told.push(state) })
    heard = hearChanges(store)
    await store.create(newRecord('a'))
  })
  afterEach(async () => {
    await store.close()
    await server.close()
  })

  test('that is stopped and started again is found again, with all that it knew', async () => {
    const before = store.now()
    await server.stop()
    await eventually(() => store.unreachableSince() !== null)
    assert.ok(Math.abs((store.unreachableSince() ?? 0) - before) < 5)
    await assert.rejects(store.read('a'), unavailable)
    await assert.rejects(store.ping(), unavailable)
    const all = heard.until('all')
    await server.start()
    await eventually(() => store.unreachableSince() === null)
    await all
    assert.equal((await store.read('a'))?.version, 1)
    await store.ping()
    assert.deepEqual(told, ['lost', 'found'])
  })
  test('that is restarted in a moment keeps nobody from an answer', async () => {
    const reads: Array<Promise<unknown>> = []
    const asking = setInterval(() => reads.push(store.read('a')), 20)
    await server.stop()
    await server.start()
    await eventually(() => reads.length > 50)
    clearInterval(asking)
    const records = await Promise.all(reads)
    assert.ok(records.every((record) => record !== undefined))
  })
  test('that hangs is out of reach, and nobody waits in line for it', async () => {
    server.pause()
    await assert.rejects(store.read('a'), unavailable)
    await eventually(() => store.unreachableSince() !== null)
    const isRefused = (error: unknown) => isGatewayError(error) && error.detail.reason === 'unreachable'
    await eventually(() => store.read('a').then(() => false, isRefused))
    const calls = Array.from({ length: 1000 }, () => assert.rejects(store.read('a'), unavailable))
    assert.ok((await secondsOf(Promise.all(calls))) < 1)
    server.resume()
    await eventually(() => store.unreachableSince() === null)
    assert.equal((await store.read('a'))?.version, 1)
    assert.deepEqual(told, ['lost', 'found'])
  })
  test('that hangs makes no queue longer than a thousand', async () => {
    server.pause()
    const reasons = await Promise.all(
      Array.from({ length: 1200 }, () => store.read('a').catch((error: unknown) => reasonOf(error))),
    )
    server.resume()
    assert.ok(reasons.filter((reason) => reason === 'busy').length >= 195)
  })
  test('that hangs is left by a store that closes', async () => {
    server.pause()
    assert.ok((await secondsOf(store.close())) < 3)
  })
  test('that goes while the store closes is nobody’s loss', async () => {
    await Promise.all([server.stop(), store.close()])
    assert.deepEqual(told, [])
  })
  test('that lets nobody write still answers what is read', async () => {
    const ask = createPostgresConsole(server.url)
    await ask('ALTER SYSTEM SET default_transaction_read_only = on')
    await ask('SELECT pg_reload_conf()')
    await assert.rejects(store.replace('a', 1, newRecord('a')), (error) => reasonOf(error) === 'read-only')
    assert.equal((await store.read('a'))?.version, 1)
  })
})

function reasonOf(error: unknown): unknown {
  return isGatewayError(error, 'ERR_STORE_UNAVAILABLE') ? error.detail.reason : error
}

describe('at the start', () => {
  test('a server that is not there is unavailable, after five seconds', async () => {
    const gone = await startPostgres()
    after(gone.close)
    await gone.stop()
    const seconds = await secondsOf(assert.rejects(openPostgresTestStore(gone.url), unavailable))
    assert.ok(seconds > 4 && seconds < 9, String(seconds))
  })
  test('a server that comes a moment later is waited for', async () => {
    const late = await startPostgres()
    after(late.close)
    await late.stop()
    const opening = openPostgresTestStore(late.url)
    await late.start()
    await (await opening).close()
  })
  test('a server that hangs is unavailable', async () => {
    const hanging = await startPostgres()
    after(hanging.close)
    hanging.pause()
    await assert.rejects(openPostgresTestStore(hanging.url), unavailable)
  })
})

describe('who is not let in', async () => {
  const secured = await startPostgres()
  after(() => secured.close())
  const ask = createPostgresConsole(secured.url)
  const CANARY = 'canary-of-a-password'

  function assertClean(error: unknown): void {
    assert.ok(isGatewayError(error))
    const everything = JSON.stringify([error, error.message, error.detail, error.stack, error.cause])
    assert.doesNotMatch(everything, /canary|127\.0\.0\.1|localhost/)
  }

  async function refusalOf(
    address: string,
    schema = newSchema(),
  ): Promise<Error & { detail: Record<string, unknown> }> {
    const opening = openPostgresTestStore(address, { schema })
    const error = await opening.then(
      () => assert.fail('it was opened'),
      (cause: unknown) => cause,
    )
    assert.ok(isGatewayError(error, 'ERR_STORE_REFUSED'), String(error))
    assertClean(error)
    return error as never
  }

  for (const [wrong, change] of [
    ['a wrong password', (url: string) => url.replace(/:[^:@]*@/, `:${CANARY}@`)],
    ['no password', (url: string) => url.replace(/:[^:@]*@/, '@')],
    ['a user that there is not', (url: string) => url.replace('//postgres:', '//canary:')],
    ['a database that there is not', (url: string) => url.replace(/\/postgres$/, '/canary')],
  ] as const) {
    test(`${wrong} is refused at once, and told to nobody`, async () => {
      assert.ok((await secondsOf(refusalOf(change(secured.url)))) < 4)
    })
  }

  async function createUser(name: string): Promise<string> {
    await ask(`CREATE ROLE ${name} LOGIN PASSWORD '${CANARY}'`)
    return secured.url.replace(/\/\/[^@]*@/, `//${name}:${CANARY}@`)
  }

  test('a user that may make no schema is told what is missing', async () => {
    const { detail } = await refusalOf(await createUser('nobody'), 'doorman')
    assert.deepEqual(detail, {
      reason: 'rights',
      remedy: 'the user needs CREATE on the database, or a schema doorman of its own',
    })
  })
  test('a user that may make no tables is told what is missing', async () => {
    const url = await createUser('reader')
    await ask('CREATE SCHEMA mine')
    assert.match(String((await refusalOf(url, 'mine')).detail.remedy), /USAGE on the schema mine/)
    await ask('GRANT USAGE ON SCHEMA mine TO reader')
    assert.match(String((await refusalOf(url, 'mine')).detail.remedy), /CREATE on the schema mine/)
  })
  test('a user that may only read and write rows works on tables that are there', async () => {
    const url = await createUser('worker')
    const owners = await openPostgresTestStore(secured.url, { schema: 'shared' })
    await owners.close()
    await ask('GRANT USAGE ON SCHEMA shared TO worker')
    assert.match(String((await refusalOf(url, 'shared')).detail.remedy), /everything on its tables/)
    await ask('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shared TO worker')
    const opened = await openPostgresTestStore(url, { schema: 'shared' })
    after(() => opened.close())
    assert.equal(await opened.create(buildRecord('a')), true)
    assert.equal(await opened.delete('a', 'user'), true)
  })
  test('a schema that holds other things is left as it is', async () => {
    await ask('CREATE SCHEMA theirs; CREATE TABLE theirs.session (id integer)')
    assert.equal((await refusalOf(secured.url, 'theirs')).detail.reason, 'not-a-store')
    assert.deepEqual(await ask(`SELECT tablename FROM pg_tables WHERE schemaname = 'theirs'`), [
      { tablename: 'session' },
    ])
  })
  test('a certificate of an authority that nobody trusts is unavailable', async () => {
    const error = await openPostgresTestStore(secured.tlsUrl).catch((cause: unknown) => cause)
    assert.ok(unavailable(error))
    assertClean(error)
  })
  test('no value of a statement is in the error that it fails with', async () => {
    const opened = await openPostgresTestStore(secured.url, { schema: 'broken' })
    after(() => opened.close())
    await ask(`ALTER TABLE broken.session ADD CHECK (subject <> 'canary')`)
    const indexes = { handle: 'canary', subject: 'canary', sid: null }
    const error = await opened.create(buildRecord('canary', { indexes })).catch((cause: unknown) => cause)
    assert.equal(reasonOf(error), 'failed')
    assertClean(error)
  })
})
