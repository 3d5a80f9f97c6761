import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const root = new URL('../../../', import.meta.url)
const source = readFileSync(new URL('packages/provision/src/errors.ts', root), 'utf8')
const [, page = ''] = readFileSync(new URL('docs/errors.md', root), 'utf8').split('\n## What provisioning ends with\n')

test('the page of errors has a row for each code of provisioning, and for no other', () => {
  const codes = [...source.matchAll(/^ {2}\| '(ERR_\w+)'/gm)].map(([, code]) => code)
  const rows = [...page.matchAll(/^\| `(ERR_\w+)` \| .*\w{3}/gm)].map(([, code]) => code)
  assert.ok(codes.length > 0)
  assert.deepEqual(rows.toSorted(), codes.toSorted())
})
