import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHistogram } from './histogram.ts'

test('percentiles are right within five per cent, the longest is exact', () => {
  const histogram = createHistogram()
  for (let milliseconds = 1; milliseconds <= 1000; milliseconds += 1) histogram.add(milliseconds)
  assert.ok(Math.abs(histogram.percentile(0.5) - 500) <= 25)
  assert.ok(Math.abs(histogram.percentile(0.99) - 990) <= 50)
  assert.equal(histogram.max(), 1000)
  assert.equal(histogram.count(), 1000)
})

test('nothing added is nothing waited', () => {
  const histogram = createHistogram()
  assert.deepEqual([histogram.percentile(0.99), histogram.max()], [0, 0])
  histogram.add(0)
  assert.equal(histogram.percentile(0.5), 0)
})
