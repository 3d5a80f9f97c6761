import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantile, type Round, spread, summarize } from './statistics.ts'

const MEMORY = { residentBytes: 90 * 1024 * 1024, proportionalBytes: null }

function rounds(...cpuMicros: readonly number[]): readonly Round[] {
  return cpuMicros.map((micros) => ({ cpuMicros: micros, p50: micros / 10, p99: micros }))
}

test('the ratio is taken within each round, not between medians', () => {
  const floor = rounds(10, 100, 40)
  const row = summarize('ours', rounds(20, 110, 60), floor, MEMORY)
  assert.deepEqual(row.ratioSpread, { median: 1.5, min: 1.1, max: 2 })
  assert.equal(row.ratio, 1.5)
  assert.equal(row.cpuMicros, 60)
})

test('the floor is one time the floor', () => {
  const floor = rounds(10, 100, 40)
  assert.deepEqual(summarize('floor', floor, floor, MEMORY).ratioSpread, { median: 1, min: 1, max: 1 })
})

test('memory is told in MiB, and what the system does not tell stays unknown', () => {
  const { residentMiB, proportionalMiB } = summarize('ours', rounds(1), rounds(1), MEMORY)
  assert.equal(residentMiB, 90)
  assert.equal(proportionalMiB, null)
})

test('the median of an even number lies between the middle two', () => {
  assert.deepEqual(spread([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 })
})

test('of 200 values the 99th percentile leaves two above it', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index)
  assert.deepEqual([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)], [100, 198, 200])
  assert.equal(quantile([7], 0.99), 7)
})
