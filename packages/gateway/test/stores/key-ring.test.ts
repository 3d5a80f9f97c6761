import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { createSealer } from '../../src/kernel/seal.ts'
import {
  createFileKeyRing,
  createTextKeyRing,
  joinKeyRings,
  listSealingKeys,
  type RetireRequest,
  retireSealingKey,
  rotateSealingKey,
} from '../../src/stores/key-ring.ts'
import { createFixedClock, type FixedClock } from '../support/fixed-clock.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()

function newRing(clock: FixedClock = createFixedClock()) {
  const path = join(folder, randomUUID(), 'keys')
  return { path, clock, ring: createFileKeyRing({ path, createWhenAbsent: true, clock: clock.now }) }
}

function retire(path: string, id: string, changes: Partial<RetireRequest>) {
  const countSealedBy = async () => 0
  return retireSealingKey(path, { id, clock: createFixedClock().now, force: false, countSealedBy, ...changes })
}

test('the first start makes a ring of one key, for its owner alone', () => {
  const { path, ring } = newRing()
  assert.equal(ring.keys().length, 1)
  assert.equal((statSync(path).mode & 0o777).toString(8), '600')
  assert.equal((statSync(dirname(path)).mode & 0o777).toString(8), '700')
  assert.deepEqual(readdirSync(dirname(path)).toSorted(), ['.gitignore', 'keys'])
})

test('the second start finds the ring of the first', () => {
  const { path, ring, clock } = newRing()
  const again = createFileKeyRing({ path, createWhenAbsent: true, clock: clock.now })
  assert.deepEqual(again.keys(), ring.keys())
})

test('a ring that must be there and is not is an error, and is not made', () => {
  const path = join(folder, randomUUID())
  const open = () => createFileKeyRing({ path, createWhenAbsent: false, clock: () => 0 })
  assert.throws(open, (error) => isGatewayError(error, 'ERR_CONFIG_INVALID'))
  assert.equal(existsSync(path), false)
})

for (const mode of [0o660, 0o604]) {
  test(`a ring of mode ${mode.toString(8)} is refused`, () => {
    const { path, clock } = newRing()
    chmodSync(path, mode)
    const open = () => createFileKeyRing({ path, createWhenAbsent: true, clock: clock.now })
    assert.throws(open, (error) => isGatewayError(error, 'ERR_STORE_REFUSED'))
    assert.throws(
      () => listSealingKeys(path),
      (error) => isGatewayError(error, 'ERR_STORE_REFUSED'),
    )
  })
}

test('an empty ring file is an error, not a reason for a new ring', () => {
  const { path, clock } = newRing()
  writeFileSync(path, '')
  const open = () => createFileKeyRing({ path, createWhenAbsent: true, clock: clock.now })
  assert.throws(open, (error) => isGatewayError(error, 'ERR_CONFIG_INVALID'))
})

test('a rotated key seals within a second, and the old one still opens', () => {
  const { path, ring, clock } = newRing()
  const sealer = createSealer(ring, 'session')
  const before = sealer.seal(Buffer.from('a'), 'record')
  const id = rotateSealingKey(path, clock.now)
  clock.advance(1)
  assert.equal(sealer.seal(Buffer.from('a'), 'record').toString('hex', 1, 9), id)
  assert.deepEqual(sealer.open(before, 'record'), { kind: 'opened', plaintext: Buffer.from('a'), byNewestKey: false })
})

test('a record under a key that was added a moment ago opens at once', () => {
  const { path, ring, clock } = newRing()
  rotateSealingKey(path, clock.now)
  const other = createFileKeyRing({ path, createWhenAbsent: false, clock: clock.now })
  const sealed = createSealer(other, 'session').seal(Buffer.from('a'), 'record')
  assert.equal(createSealer(ring, 'session').open(sealed, 'record').kind, 'opened')
})

test('a ring that breaks, widens or goes away while in use keeps its last good keys', () => {
  const { path, ring } = newRing()
  const keys = ring.keys()
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, 'nonsense')
  ring.reload()
  assert.deepEqual(ring.keys(), keys)
  rmSync(path)
  ring.reload()
  assert.deepEqual(ring.keys(), keys)
  writeFileSync(path, text, { mode: 0o644 })
  ring.reload()
  assert.deepEqual(ring.keys(), keys)
})

test('a list of keys has no secrets', () => {
  const { path, clock } = newRing(createFixedClock(1_800_000_000))
  clock.advance(60)
  const newest = rotateSealingKey(path, clock.now)
  const listed = listSealingKeys(path)
  assert.deepEqual(listed.at(-1), { id: newest, createdAt: '2027-01-15T08:01:00.000Z', newest: true })
  assert.deepEqual([listed[0]?.createdAt, listed[0]?.newest], ['2027-01-15T08:00:00.000Z', false])
  assert.equal(listed.length, 2)
})

test('rotation keeps the mode, the comments and the order', () => {
  const { path, clock } = newRing()
  const before = readFileSync(path, 'utf8')
  const ids = [rotateSealingKey(path, clock.now), rotateSealingKey(path, clock.now)]
  assert.ok(readFileSync(path, 'utf8').startsWith(before))
  assert.deepEqual(
    listSealingKeys(path)
      .slice(1)
      .map((key) => key.id),
    ids,
  )
  assert.equal((statSync(path).mode & 0o777).toString(8), '600')
})

test('two commands do not change a ring at once, and neither loses a key', () => {
  const { path, clock } = newRing()
  writeFileSync(`${path}.changing`, '', { mode: 0o600 })
  assert.throws(
    () => rotateSealingKey(path, clock.now),
    (error) => isGatewayError(error, 'ERR_STORE_REFUSED'),
  )
  assert.equal(listSealingKeys(path).length, 1)
  rmSync(`${path}.changing`)
  rotateSealingKey(path, clock.now)
  assert.deepEqual(readdirSync(dirname(path)).toSorted(), ['.gitignore', 'keys'])
})

test('a ring without a line end at its end is rotated too', () => {
  const { path, clock } = newRing()
  writeFileSync(path, readFileSync(path, 'utf8').trimEnd())
  rotateSealingKey(path, clock.now)
  assert.equal(listSealingKeys(path).length, 2)
})

test('a key that nothing needs is retired', async () => {
  const { path, ring, clock } = newRing()
  const old = ring.keys()[0]?.id ?? ''
  const newest = rotateSealingKey(path, clock.now)
  clock.advance(600)
  assert.deepEqual(await retire(path, old, { clock: clock.now }), { kind: 'retired' })
  assert.deepEqual(
    listSealingKeys(path).map((key) => key.id),
    [newest],
  )
})

test('a key that still seals records is retired only by force', async () => {
  const { path, ring, clock } = newRing()
  const old = ring.keys()[0]?.id ?? ''
  rotateSealingKey(path, clock.now)
  clock.advance(600)
  const countSealedBy = async (id: string) => (id === old ? 3 : 0)
  const request = { clock: clock.now, countSealedBy }
  assert.deepEqual(await retire(path, old, request), { kind: 'in-use', records: 3 })
  assert.equal(listSealingKeys(path).length, 2)
  assert.deepEqual(await retire(path, old, { ...request, force: true }), { kind: 'retired' })
})

test('a key is not retired while logins under it may be in progress', async () => {
  const { path, ring, clock } = newRing()
  const old = ring.keys()[0]?.id ?? ''
  rotateSealingKey(path, clock.now)
  clock.advance(599)
  assert.deepEqual(await retire(path, old, { clock: clock.now }), { kind: 'recent' })
  assert.equal(listSealingKeys(path).length, 2)
})

test('the newest key is never retired, not even by force', async () => {
  const { path, ring } = newRing()
  const newest = ring.keys()[0]?.id ?? ''
  assert.deepEqual(await retire(path, newest, { force: true }), { kind: 'newest' })
  assert.equal(listSealingKeys(path).length, 1)
})

test('an unknown key is not retired', async () => {
  const { path } = newRing()
  assert.deepEqual(await retire(path, '0123456789abcdef', { force: true }), { kind: 'unknown' })
})

test('texts make a ring in their order', () => {
  const texts = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64url'))
  assert.deepEqual(
    createTextKeyRing(texts)
      .keys()
      .map((key) => key.secret[0]),
    [1, 2],
  )
})

test('of joined rings the last one seals and all open, also after a rotation', () => {
  const { path, ring, clock } = newRing()
  const text = createTextKeyRing([Buffer.alloc(32, 1).toString('base64url')])
  const sealed = createSealer(text, 'session').seal(Buffer.from('a'), 'record')
  const joined = joinKeyRings([text, ring])
  assert.equal(createSealer(joined, 'session').open(sealed, 'record').kind, 'opened')
  const id = rotateSealingKey(path, clock.now)
  joined.reload()
  assert.equal(createSealer(joined, 'session').seal(Buffer.from('a'), 'record').toString('hex', 1, 9), id)
})
