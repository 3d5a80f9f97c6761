import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSealer, type KeyRing, type RingKey, type SealPurpose } from '../../src/kernel/seal.ts'

const OLD: RingKey = { id: '00112233445566aa', secret: Buffer.alloc(32, 1) }
const NEW: RingKey = { id: '00112233445566bb', secret: Buffer.alloc(32, 2) }
const PLAINTEXT = Buffer.from('{"format":1}')

interface TestRing extends KeyRing {
  reloads: number
}

/** A ring that knows `later` only after it was told to look again. */
function createRing(keys: readonly RingKey[], later = keys): TestRing {
  let known = keys
  return {
    reloads: 0,
    keys: () => known,
    reload() {
      this.reloads += 1
      known = later
    },
  }
}

function sealWith(keys: readonly RingKey[], purpose: SealPurpose = 'session'): Buffer {
  return createSealer(createRing(keys), purpose).seal(PLAINTEXT, 'record')
}

test('what was sealed opens again', () => {
  const sealer = createSealer(createRing([OLD]), 'session')
  const opened = sealer.open(sealer.seal(PLAINTEXT, 'record'), 'record')
  assert.deepEqual(opened, { kind: 'opened', plaintext: PLAINTEXT, byNewestKey: true })
})

test('nothing at all can be sealed too', () => {
  const sealer = createSealer(createRing([OLD]), 'session')
  const opened = sealer.open(sealer.seal(Buffer.alloc(0), ''), '')
  assert.deepEqual(opened, { kind: 'opened', plaintext: Buffer.alloc(0), byNewestKey: true })
})

test('the format version comes first, then the id of the key', () => {
  const sealed = sealWith([OLD, NEW])
  assert.equal(sealed[0], 1)
  assert.equal(sealed.toString('hex', 1, 9), NEW.id)
  assert.equal(sealed.length, 1 + 8 + 12 + PLAINTEXT.length + 16)
})

test('the plaintext is nowhere to be seen', () => {
  assert.equal(sealWith([OLD]).includes('format'), false)
})

// CVE-2021-32791.
test('two seals of one record differ in nonce and ciphertext', () => {
  const [first, second] = [sealWith([OLD]), sealWith([OLD])]
  assert.notDeepEqual(first.subarray(9, 21), second.subarray(9, 21))
  assert.notDeepEqual(first.subarray(21), second.subarray(21))
})

test('a bit flipped anywhere opens nothing', () => {
  const sealer = createSealer(createRing([OLD]), 'session')
  const sealed = sealWith([OLD])
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const flipped = Buffer.from(sealed)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.notEqual(sealer.open(flipped, 'record').kind, 'opened')
  }
})

test('a seal cut anywhere, or grown, is forged', () => {
  const sealer = createSealer(createRing([OLD]), 'session')
  const sealed = sealWith([OLD])
  for (let length = 0; length < sealed.length; length += 1) {
    assert.equal(sealer.open(sealed.subarray(0, length), 'record').kind, 'forged')
  }
  assert.equal(sealer.open(Buffer.concat([sealed, Buffer.alloc(1)]), 'record').kind, 'forged')
})

// CVE-2021-32791: a blob moved from one cookie or row to another.
test('the seal of one record does not open as another', () => {
  const sealer = createSealer(createRing([OLD]), 'session')
  for (const id of ['', 'recor', 'record ', 'Record']) assert.equal(sealer.open(sealWith([OLD]), id).kind, 'forged')
})

test('the seal of one purpose does not open for another', () => {
  const purposes: readonly SealPurpose[] = ['session', 'login-attempt', 'logout-proof', 'logout-ticket']
  for (const sealedFor of purposes) {
    for (const openedFor of purposes) {
      const { kind } = createSealer(createRing([OLD]), openedFor).open(sealWith([OLD], sealedFor), 'record')
      assert.equal(kind, sealedFor === openedFor ? 'opened' : 'forged')
    }
  }
})

test('a key of the same id but another secret opens nothing', () => {
  const sealer = createSealer(createRing([{ ...OLD, secret: NEW.secret }]), 'session')
  assert.equal(sealer.open(sealWith([OLD]), 'record').kind, 'forged')
})

test('a format of the future is forged, not guessed at', () => {
  const sealed = sealWith([OLD])
  sealed[0] = 2
  assert.equal(createSealer(createRing([OLD]), 'session').open(sealed, 'record').kind, 'forged')
})

test('an older key opens, and says that it is not the newest', () => {
  const opened = createSealer(createRing([OLD, NEW]), 'session').open(sealWith([OLD]), 'record')
  assert.deepEqual(opened, { kind: 'opened', plaintext: PLAINTEXT, byNewestKey: false })
})

test('a key that another process added is found by looking once more', () => {
  const ring = createRing([OLD], [OLD, NEW])
  const opened = createSealer(ring, 'session').open(sealWith([OLD, NEW]), 'record')
  assert.deepEqual(opened, { kind: 'opened', plaintext: PLAINTEXT, byNewestKey: true })
  assert.equal(ring.reloads, 1)
})

test('a key that nobody has is unknown after one more look', () => {
  const ring = createRing([OLD])
  assert.deepEqual(createSealer(ring, 'session').open(sealWith([NEW]), 'record'), { kind: 'unknown-key' })
  assert.equal(ring.reloads, 1)
})

test('what a known key did not seal makes nobody look again', () => {
  const ring = createRing([OLD])
  createSealer(ring, 'session').open(Buffer.alloc(100, 1), 'record')
  const sealer = createSealer(ring, 'session')
  ring.reloads = 0
  sealer.open(sealWith([OLD]), 'other record')
  sealer.open(Buffer.alloc(10), 'record')
  assert.equal(ring.reloads, 0)
})

test('an empty ring seals nothing', () => {
  assert.throws(() => createSealer(createRing([]), 'session').seal(PLAINTEXT, 'record'), TypeError)
})
