import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { FAULTS } from '../../src/doctor/finding.ts'

const page = readFileSync(new URL('../../../../docs/doctor.md', import.meta.url), 'utf8')

test('each fault has its row in docs/doctor.md, and each row its fault', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const told = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, fault]) => fault))
  assert.deepEqual(told.toSorted(), FAULTS.toSorted())
})

test('the policy in docs/doctor.md is the one that is shipped', () => {
  const shipped = readFileSync(new URL('../../../../deploy/kubernetes/network-policy.yaml', import.meta.url), 'utf8')
  const [, policy = ''] = /```yaml\n([\s\S]+?)```/.exec(page) ?? []
  const plain = shipped.split('\n').filter((line) => !line.trim().startsWith('#'))
  assert.notEqual(policy, '')
  assert.ok(plain.join('\n').startsWith(policy.trim()))
})
