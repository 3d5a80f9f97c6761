import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from './random.ts'

function draw(seed: number, name: string): readonly number[] {
  const random = createRandom(seed, name)
  return Array.from({ length: 1000 }, () => random.next())
}

test('the same seed and name give the same numbers, another one of them gives others', () => {
  assert.deepEqual(draw(1, 'a'), draw(1, 'a'))
  assert.notDeepEqual(draw(1, 'a'), draw(2, 'a'))
  assert.notDeepEqual(draw(1, 'a'), draw(1, 'b'))
})

test('numbers lie between 0 and 1, on both sides of the middle', () => {
  const numbers = draw(7, 'even')
  assert.ok(numbers.every((number) => number >= 0 && number < 1))
  const low = numbers.filter((number) => number < 0.5).length
  assert.ok(low > 400 && low < 600)
})

test('shuffling keeps everything, and nothing can be picked from nothing', () => {
  const random = createRandom(3, 'cards')
  const cards = Array.from({ length: 50 }, (_, index) => index)
  const shuffled = random.shuffle(cards)
  assert.notDeepEqual(shuffled, cards)
  assert.deepEqual(
    shuffled.toSorted((a, b) => a - b),
    cards,
  )
  assert.throws(() => random.pick([]), TypeError)
})
