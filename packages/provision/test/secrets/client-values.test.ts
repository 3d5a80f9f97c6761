import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { clientValues } from '../../src/secrets/client-values.ts'
import { wantedClient } from '../support/realms.ts'

const WHERE = { issuer: 'https://sso.example.com/realms/main', internalUrl: 'http://keycloak:8080' }
const client = wantedClient('job')

test('stars are never a secret: the role that is missing is told', () => {
  assert.throws(() => clientValues({ clientId: 'job', secret: '**********' }, client, WHERE), {
    code: 'ERR_SECRET_MASKED',
    detail: { clientId: 'job', kind: 'masked', lacks: 'manage-clients' },
  })
})

suite('an empty secret is none, and what makes one is told', () => {
  for (const secret of ['', undefined]) {
    test(String(secret), () => {
      assert.throws(() => clientValues({ clientId: 'job', secret }, client, WHERE), { code: 'ERR_SECRET_MASKED' })
    })
  }
})

test('a client that is not there is told by its name', () => {
  assert.throws(() => clientValues(undefined, client, WHERE), { code: 'ERR_CLIENT_UNKNOWN' })
})

test('of a client without a secret nothing is read as one', () => {
  const found = { clientId: 'job', secret: '**********', redirectUris: ['https://page.example.com/'] }
  const values = clientValues(found, wantedClient('job', { hasSecret: false }), WHERE)
  assert.deepEqual([values.clientSecret, values.redirectUri], [null, 'https://page.example.com/'])
})
