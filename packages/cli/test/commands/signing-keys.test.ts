import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSqliteStore, systemClock } from '@doorman/gateway'
import { run, temporaryFolder, VALID, writeConfig } from '../support/command.ts'

const RING_KEY = '0123456789abcdef'

interface Key {
  readonly kid: string
  readonly algorithm: string
  readonly state: string
  readonly signsFrom: string
  readonly signsUntil: string | null
  readonly publishedUntil: string | null
}

/** A configuration with a ring and a store without keys, as a gateway leaves it that mints nothing. */
async function withStore(): Promise<{ readonly file: string; readonly ring: string }> {
  const folder = temporaryFolder()
  chmodSync(folder, 0o700)
  mkdirSync(join(folder, '.doorman'), { mode: 0o700 })
  const ring = join(folder, '.doorman', 'keys')
  const secret = Buffer.alloc(32, 7).toString('base64url')
  writeFileSync(ring, `${RING_KEY} 2020-01-01T00:00:00.000Z ${secret}\n`, { mode: 0o600 })
  const path = join(folder, '.doorman', 'doorman.db')
  await (await openSqliteStore({ path, clock: systemClock, pollMillis: 1000, busyMillis: 1000 })).close()
  return { file: writeConfig(VALID.replace('store: memory', 'store: "sqlite:.doorman/doorman.db"'), folder), ring }
}

async function list(file: string): Promise<readonly Key[]> {
  const { exitCode, out } = await run(['keys', 'signing', 'list', '--json', '-c', file])
  assert.equal(exitCode, 0)
  return JSON.parse(out).keys
}

async function rotate(file: string): Promise<string> {
  const { exitCode, out } = await run(['keys', 'signing', 'rotate', '-c', file])
  assert.equal(exitCode, 0)
  return out
}

function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000
}

test('the first key signs at once, the next waits until every service can know it', async () => {
  const { file } = await withStore()
  const first = await rotate(file)
  const second = await rotate(file)
  const [old, incoming] = await list(file)
  assert.deepEqual([old!.kid, old!.state, incoming!.kid, incoming!.state], [first, 'signing', second, 'waiting'])
  assert.equal(old!.algorithm, 'RS256')
  assert.equal(old!.signsUntil, incoming!.signsFrom)
  const lead = secondsBetween(new Date().toISOString(), incoming!.signsFrom)
  assert.ok(lead > 300 && lead <= 330, String(lead))
  assert.equal(secondsBetween(incoming!.signsFrom, old!.publishedUntil!), 360)
  assert.equal(incoming!.publishedUntil, null)
})

test('a rotation says from when the new key signs, until when the old one is published, and who learns of it', async () => {
  const { file } = await withStore()
  await rotate(file)
  const { out, err } = await run(['keys', 'signing', 'rotate', '-c', file])
  const [old, incoming] = await list(file)
  assert.equal(out, incoming!.kid)
  for (const told of [incoming!.signsFrom, old!.publishedUntil!, 'within 2 seconds'])
    assert.ok(err.includes(told), told)
})

test('the list is a table of the published keys', async () => {
  const { file } = await withStore()
  const kids = [await rotate(file), await rotate(file)]
  const { out } = await run(['keys', 'signing', 'list', '-c', file])
  assert.deepEqual(
    out.split('\n').map((line) => line.split(' ')[0]),
    ['KEY', ...kids],
  )
})

test('retiring the key that signs leaves it published, retiring it now does not', async () => {
  const { file } = await withStore()
  const kid = await rotate(file)
  const retired = await run(['keys', 'signing', 'retire', kid, '-c', file])
  assert.equal(retired.exitCode, 0)
  assert.deepEqual(
    (await list(file)).map(({ state }) => state),
    ['signing', 'waiting'],
  )
  const now = await run(['keys', 'signing', 'retire', kid, '--now', '--json', '-c', file])
  assert.equal(now.exitCode, 0)
  const { kind, retired: gone, successor } = JSON.parse(now.out)
  assert.deepEqual([kind, gone, successor.state], ['retired', null, 'signing'])
  const left = await list(file)
  assert.deepEqual(
    left.map((key) => [key.kid, key.state]),
    [[successor.kid, 'signing']],
  )
})

test('of a retired key that only waited it says that it will not sign', async () => {
  const { file } = await withStore()
  await rotate(file)
  const waiting = await rotate(file)
  const { err } = await run(['keys', 'signing', 'retire', waiting, '-c', file])
  assert.match(err, new RegExp(`^${waiting} will not sign`))
  const { out } = await run(['keys', 'signing', 'list', '-c', file])
  assert.match(out, new RegExp(`^${waiting} .* replaced +never `, 'm'))
})

test('a key that is not there is an error', async () => {
  const { file } = await withStore()
  await rotate(file)
  const { exitCode, err } = await run(['keys', 'signing', 'retire', 'unknown', '--now', '-c', file])
  assert.equal(exitCode, 1)
  assert.match(err, /^doorman: there is no such key/)
  assert.equal((await list(file)).length, 1)
})

test('no output holds a private key', async () => {
  const { file } = await withStore()
  const kid = await rotate(file)
  const outcomes = []
  for (const args of [['rotate', '--json'], ['list', '--json'], ['list'], ['retire', kid, '--now', '--json']]) {
    outcomes.push(await run(['keys', 'signing', ...args, '-c', file]))
  }
  for (const { exitCode, out } of outcomes) {
    assert.equal(exitCode, 0)
    assert.doesNotMatch(out, /"(?:jwk|d|p|q|n|x)":/)
  }
})

test('a store in memory cannot be reached, and says so', async () => {
  const file = writeConfig(VALID)
  for (const args of [['list'], ['rotate'], ['retire', 'x']]) {
    const { exitCode, out, err } = await run(['keys', 'signing', ...args, '-c', file])
    assert.deepEqual([exitCode, out], [1, ''])
    assert.match(err, /ERR_STORE_REFUSED.*memory/)
  }
})

test('a store that does not exist yet is not made', async () => {
  const folder = temporaryFolder()
  const file = writeConfig(VALID.replace('store: memory', 'store: "sqlite:.doorman/doorman.db"'), folder)
  const { exitCode, err } = await run(['keys', 'signing', 'rotate', '-c', file])
  assert.equal(exitCode, 1)
  assert.match(err, /ERR_STORE_REFUSED.*absent/)
  assert.equal(existsSync(join(folder, '.doorman')), false)
})

test('keys sealed by a key that has left the ring are never replaced', async () => {
  const { file, ring } = await withStore()
  await rotate(file)
  const before = readFileSync(ring, 'utf8')
  const other = Buffer.alloc(32, 9).toString('base64url')
  writeFileSync(ring, `fedcba9876543210 2020-01-01T00:00:00.000Z ${other}\n`)
  for (const args of [['list'], ['rotate'], ['retire', 'x', '--now']]) {
    const { exitCode, err } = await run(['keys', 'signing', ...args, '-c', file])
    assert.equal(exitCode, 1)
    assert.match(err, /ERR_SIGNING_KEYS_UNAVAILABLE/)
  }
  writeFileSync(ring, before)
  assert.equal((await list(file)).length, 1)
})

test('a wrong configuration is exit code 78', async () => {
  const { exitCode } = await run(['keys', 'signing', 'list', '-c', writeConfig('publicUrl: nonsense\n')])
  assert.equal(exitCode, 78)
})
