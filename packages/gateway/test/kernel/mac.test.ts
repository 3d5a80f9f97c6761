import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createMac } from '../../src/kernel/mac.ts'
import { createSealer, type RingKey } from '../../src/kernel/seal.ts'

const old: RingKey = { id: '0000000000000001', secret: randomBytes(32) }
const young: RingKey = { id: '0000000000000002', secret: randomBytes(32) }
const ring = (...keys: RingKey[]) => ({ keys: () => keys, reload() {} })

test('a proof holds for its text alone', () => {
  const mac = createMac(ring(old), 'logout-proof')
  const proof = mac.sign('session-a')
  assert.ok(mac.verify('session-a', proof))
  assert.ok(!mac.verify('session-b', proof))
})

test('a proof outlives a rotation of the ring and ends with its key', () => {
  const proof = createMac(ring(old), 'logout-proof').sign('a')
  assert.ok(createMac(ring(old, young), 'logout-proof').verify('a', proof))
  assert.notEqual(createMac(ring(old, young), 'logout-proof').sign('a'), proof)
  assert.ok(!createMac(ring(young), 'logout-proof').verify('a', proof))
})

test('a proof for one purpose is none for another', () => {
  const proof = createMac(ring(old), 'logout-proof').sign('a')
  assert.ok(!createMac(ring(old), 'session').verify('a', proof))
})

for (const forged of ['', 'x', '====', 'A'.repeat(43), 'A'.repeat(10_000), '\u0000']) {
  test(`refuses the proof ${JSON.stringify(forged.slice(0, 8))} of ${forged.length} characters`, () => {
    assert.ok(!createMac(ring(old, young), 'logout-proof').verify('a', forged))
  })
}

test('the key of a proof seals nothing', () => {
  const proof = Buffer.from(createMac(ring(old), 'logout-proof').sign('a'), 'base64url')
  assert.equal(createSealer(ring(old), 'logout-proof').open(proof, 'a').kind, 'forged')
})
