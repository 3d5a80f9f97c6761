import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { run, VALID, writeConfig } from '../support/command.ts'

suite('secret does not understand', () => {
  const rows = [
    'secret rotate',
    'secret rotate job --due',
    'secret rotate --due --realm main',
    'secret rotate job --end-old --accept-gap',
    'secret rotate --due --end-old',
    'secret rotate job --overlap 10',
    'secret rotate job --overlap 30s',
    'secret show',
  ]
  for (const row of rows) {
    test(row, async () => {
      const { exitCode, out, err } = await run(row.split(' '))
      assert.deepEqual([exitCode, out], [1, ''])
      assert.match(err, /^(error|doorman): /)
    })
  }
})

test('a configuration without credentials ends with 78, before anybody is called', async () => {
  const file = writeConfig(VALID)
  for (const command of ['show job', 'deliver', 'rotate job', 'rotate --due', 'rotate job --end-old']) {
    assert.equal((await run(['secret', ...command.split(' '), '-c', file])).exitCode, 78)
  }
})
