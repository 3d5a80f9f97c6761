import assert from 'node:assert/strict'
import { test } from 'node:test'
import { within } from '../../src/kernel/wait.ts'

test('work that is done in time has its result', async () => {
  assert.equal(await within(Promise.resolve('done'), 60), 'done')
})

test('work that fails in time fails', async () => {
  await assert.rejects(within(Promise.reject(new TypeError()), 60), TypeError)
})

test('work that takes longer is not waited for', async () => {
  const never = new Promise<string>(() => {})
  assert.equal(await within(never, 0.001), undefined)
})
