import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeState } from '../../src/provision/drift-state.ts'

test('names and owners from the realm cannot steer the terminal', () => {
  const name = '\u001b[2Jmlflow\u202e'
  const plan = {
    name: 'main',
    issuer: 'https://sso.example.com/realms/main',
    fingerprint: '',
    changes: [{ kind: 'client', name, action: 'delete', fields: [], because: '' }],
    foreign: [{ kind: 'client', clientId: 'reports', because: `it belongs to ${name}` }],
    unseen: [],
  } as const
  for (const line of describeState({ kind: 'checked', name: 'main', plan })) assert.match(line, /^[^\p{Cc}\p{Cf}]+$/u)
})
