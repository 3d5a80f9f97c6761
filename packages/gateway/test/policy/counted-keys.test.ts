import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCountedKeys } from '../../src/policy/counted-keys.ts'

const LIFE_MILLIS = 100

function setUp(max: number) {
  const forgotten: string[] = []
  const keys = createCountedKeys({ max, lifeMillis: LIFE_MILLIS, forget: (key) => forgotten.push(key) })
  /** One request of a key: false when there was no room for it. */
  const request = (key: string, now: number, limitedUntil: number | null = null): boolean => {
    const isAdmitted = keys.admit(key, now)
    if (isAdmitted) keys.settle(key, limitedUntil, now)
    return isAdmitted
  }
  return { forgotten, request, keys }
}

test('nothing is forgotten while there is room', () => {
  const { request, forgotten } = setUp(2)
  assert.ok(request('a', 0) && request('b', 1) && request('a', 2))
  assert.deepEqual(forgotten, [])
})

test('one key too many replaces the one that was quiet longest', () => {
  const { request, forgotten } = setUp(2)
  request('a', 0)
  request('b', 1)
  request('a', 2)
  assert.ok(request('c', 3))
  assert.deepEqual(forgotten, ['b'])
})

test('a key at its limit is not forgotten, however quiet', () => {
  const { request, forgotten } = setUp(2)
  request('a', 0, 50)
  request('b', 1)
  for (let at = 2; at < 20; at += 1) assert.ok(request(`flood-${at}`, at))
  assert.ok(!forgotten.includes('a'))
})

test('while all keys are at their limit, a new one finds no room', () => {
  const { request, forgotten } = setUp(2)
  request('a', 0, 50)
  request('b', 1, 60)
  assert.ok(!request('c', 49))
  assert.ok(request('a', 49, 50))
  assert.deepEqual(forgotten, [])
})

test('a limit that is over makes room', () => {
  const { request, forgotten } = setUp(2)
  request('a', 0, 50)
  request('b', 1, 60)
  assert.ok(request('c', 50))
  assert.deepEqual(forgotten, ['a'])
})

test('a key that is let through again can be forgotten again', () => {
  const { request, forgotten } = setUp(2)
  request('a', 0, 50)
  request('b', 40)
  request('a', 50)
  request('b', 51)
  request('c', 52)
  assert.deepEqual(forgotten, ['a'])
})

test('what has ended is dropped without being asked for room', () => {
  const { request, forgotten } = setUp(10)
  request('a', 0)
  request('b', 0, 50)
  request('c', 1)
  request('d', LIFE_MILLIS)
  assert.deepEqual(forgotten, ['a', 'b'])
})

test('keys that come all at once count before they are settled', () => {
  const { keys, forgotten } = setUp(2)
  for (const key of ['a', 'b', 'c', 'd']) assert.ok(keys.admit(key, 0))
  assert.deepEqual(forgotten, ['a', 'b'])
})
