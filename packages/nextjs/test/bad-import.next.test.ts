import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildPackages } from '../../../scripts/support/built-packages.ts'
import { runNext } from '../../../scripts/support/next-application.ts'

test('a client component that imports what has tokens is not built, and the message says why', async () => {
  await buildPackages()
  const { code, output } = await runNext(fileURLToPath(new URL('bad-fixture', import.meta.url)), ['build'])
  assert.equal(code, 1)
  assert.match(output, /depends on "server-only"/)
  assert.match(output, /bad-fixture\/app\/page\.tsx \[Client Component/)
})
