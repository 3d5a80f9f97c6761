import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addKey,
  dropKey,
  KEY_SET_MAX_AGE_SECONDS,
  publishedKeys,
  publishedUntil,
  type SigningKeyRing,
  signingKeyAt,
  signingKeyState,
  waitingKey,
  withdrawKey,
} from '../../src/tokens/signing-key-ring.ts'

const START = 1000
const LEAD = 330
const KEPT = 360

function fresh(kid: string) {
  return { kid, algorithm: 'ES256', jwk: { kty: 'EC' } } as const
}

/** `a` signs, `b` waits. */
const rotated = addKey(addKey([], fresh('a'), 0), fresh('b'), START)

function find(ring: SigningKeyRing, kid: string) {
  return ring.find((key) => key.kid === kid)!
}

function kids(ring: SigningKeyRing): readonly string[] {
  return ring.map(({ kid }) => kid)
}

/** When what signs, at every second of a span. */
function signers(ring: SigningKeyRing, from: number, to: number): readonly (readonly [kid: string, seconds: number])[] {
  const counted = new Map<string, number>()
  for (let now = from; now < to; now++) {
    const kid = signingKeyAt(ring, now)?.kid ?? 'none'
    counted.set(kid, (counted.get(kid) ?? 0) + 1)
  }
  return [...counted]
}

test('the first key signs at once', () => {
  const ring = addKey([], fresh('a'), START)
  assert.equal(signingKeyAt(ring, START)?.kid, 'a')
  assert.equal(signingKeyAt(ring, START + 1e9)?.kid, 'a')
})

test('nothing signs where there is no key', () => {
  assert.equal(signingKeyAt([], START), undefined)
})

test('a clock a little behind the one that made the first key finds it signing', () => {
  assert.equal(signingKeyAt(addKey([], fresh('a'), START), START - 2)?.kid, 'a')
})

test('a new key is published for longer than a key set may be held before it signs, and nothing is left unsigned', () => {
  assert.deepEqual(signers(rotated, START, START + 1000), [
    ['a', LEAD],
    ['b', 1000 - LEAD],
  ])
  assert.ok(LEAD > KEY_SET_MAX_AGE_SECONDS)
  assert.deepEqual(kids(publishedKeys(rotated, START)), ['a', 'b'])
})

test('a replaced key stays published until its last token has ended, and no longer', () => {
  const end = START + LEAD + KEPT
  assert.equal(publishedUntil(find(rotated, 'a')), end)
  assert.deepEqual(kids(publishedKeys(rotated, end - 1)), ['a', 'b'])
  assert.deepEqual(kids(publishedKeys(rotated, end)), ['b'])
})

test('each key is waiting, then signing, then replaced', () => {
  const stateAt = (kid: string, now: number) => signingKeyState(rotated, find(rotated, kid), now)
  assert.deepEqual([stateAt('a', START), stateAt('b', START)], ['signing', 'waiting'])
  assert.deepEqual([stateAt('a', START + LEAD), stateAt('b', START + LEAD)], ['replaced', 'signing'])
  assert.equal(waitingKey(rotated, START)?.kid, 'b')
  assert.equal(waitingKey(rotated, START + LEAD), undefined)
})

test('a withdrawn key never signs, and the one before it goes on', () => {
  const ring = withdrawKey(rotated, find(rotated, 'b'), START + 10)
  assert.deepEqual(signers(ring, START, START + 2000), [['a', 2000]])
  assert.equal(publishedUntil(find(ring, 'a')), null)
  assert.equal(waitingKey(ring, START + 10), undefined)
})

test('a withdrawn key stays published for a gateway that knows it no better', () => {
  const ring = withdrawKey(rotated, find(rotated, 'b'), START + 10)
  assert.deepEqual(kids(publishedKeys(ring, START + 10 + KEPT - 1)), ['a', 'b'])
  assert.deepEqual(kids(publishedKeys(ring, START + 10 + KEPT)), ['a'])
})

test('dropping the key that signs lets the waiting one sign at once', () => {
  const ring = dropKey(rotated, find(rotated, 'a'), START + 10)
  assert.deepEqual(kids(ring), ['b'])
  assert.equal(find(ring, 'b').signsFrom, START + 10)
  assert.equal(signingKeyAt(ring, START + 10)?.kid, 'b')
})

test('dropping the only key leaves none, and the next signs at once', () => {
  const ring = dropKey(addKey([], fresh('a'), 0), { ...find(rotated, 'a'), signsUntil: null }, START)
  assert.deepEqual(ring, [])
  assert.equal(signingKeyAt(addKey(ring, fresh('c'), START), START)?.kid, 'c')
})

test('dropping the key that signs leaves replaced ones replaced', () => {
  const now = START + LEAD + 10
  const ring = dropKey(rotated, find(rotated, 'b'), now)
  assert.deepEqual(kids(publishedKeys(ring, now)), ['a'])
  assert.equal(signingKeyAt(ring, now), undefined)
  assert.equal(signingKeyAt(addKey(ring, fresh('c'), now), now)?.kid, 'c')
})

test('dropping a waiting key lets the one before it go on', () => {
  const ring = dropKey(rotated, find(rotated, 'b'), START + 10)
  assert.deepEqual(kids(ring), ['a'])
  assert.equal(find(ring, 'a').signsUntil, null)
})

test('dropping a replaced key changes nothing for the others', () => {
  const ring = dropKey(rotated, find(rotated, 'a'), START + LEAD + 10)
  assert.deepEqual(ring, [find(rotated, 'b')])
})
