import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { observeClient } from '../../src/keycloak/observe-client.ts'

const CLIENT = { id: 'id-1', clientId: 'mlflow' }

test('a secret is known, masked, empty or not there', () => {
  const kindOf = (secret: string | undefined) => observeClient({ ...CLIENT, secret }).secret.kind
  assert.equal(kindOf('a-secret'), 'known')
  assert.equal(kindOf('**********'), 'masked')
  assert.equal(kindOf(''), 'empty')
  assert.equal(kindOf(undefined), 'none')
})

test('secrets that Keycloak keeps among the attributes are left there', () => {
  const attributes = {
    'client.secret.rotated': 'canary-1',
    'saml.signing.private.key': 'canary-2',
    'saml.encryption.private.key': 'canary-3',
    'client.secret.creation.time': '1795405035',
  }
  const observed = observeClient({ ...CLIENT, attributes, registrationAccessToken: 'canary-4' })
  assert.deepEqual(observed.attributes, { 'client.secret.creation.time': '1795405035' })
  assert.equal(inspect(observed, { depth: 9 }).includes('canary'), false)
})

test('a client without mappers and scopes has none', () => {
  const { mappers, defaultScopes, optionalScopes } = observeClient(CLIENT)
  assert.deepEqual([mappers.size, defaultScopes, optionalScopes], [0, [], []])
})
