import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inParallel } from '../../src/apply/in-parallel.ts'

test('no more than the limit go on at once, and all are done', async () => {
  let running = 0
  let most = 0
  const done: number[] = []
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    running += 1
    most = Math.max(most, running)
    await Promise.resolve()
    running -= 1
    done.push(item)
  })
  assert.equal(most, 3)
  assert.deepEqual(done.toSorted(), [1, 2, 3, 4, 5, 6, 7])
})

test('the first failure keeps the rest from beginning, and what has begun is finished before it is told', async () => {
  const begun: number[] = []
  const finished: number[] = []
  const slow = Promise.withResolvers<void>()
  const work = inParallel([1, 2, 3, 4], 2, async (item) => {
    begun.push(item)
    if (item === 1) throw new Error('the first')
    await slow.promise
    finished.push(item)
    throw new Error('a later one')
  })
  slow.resolve()
  await assert.rejects(work, { message: 'the first' })
  assert.deepEqual([begun, finished], [[1, 2], [2]])
})
