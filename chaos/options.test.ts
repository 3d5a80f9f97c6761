import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptions } from './options.ts'

test('without words: 300 rounds on SQLite with a realm that forgives nothing, and a seed by chance', () => {
  assert.deepEqual(parseOptions([], 42), {
    stores: ['sqlite'],
    rounds: 300,
    processes: 3,
    sessions: 200,
    reuse: 0,
    seed: 42,
    isJson: false,
  })
})

test('a seed repeats a run, and all stores are each of them', () => {
  const options = parseOptions(['--seed', '7', '--store', 'all', '--reuse', '1', '--json'], 42)
  assert.equal(options?.seed, 7)
  assert.equal(options?.reuse, 1)
  assert.deepEqual(options?.stores, ['sqlite', 'redis', 'postgres'])
})

test('help is no run', () => {
  assert.equal(parseOptions(['--help'], 42), null)
})

for (const words of [['--store', 'oracle'], ['--rounds', '0'], ['--rounds', '1e3'], ['--reuse', '2'], ['--loud']]) {
  test(`refuses ${words.join(' ')}`, () => {
    assert.throws(() => parseOptions(words, 42))
  })
}
