import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Credential } from '../../src/tokens/obtained.ts'
import { bearerBeneficiary, createCredentialBench, settled, tokenOf } from '../support/credentials.ts'

const ACCOUNT: Credential = { kind: 'serviceAccount', scopes: ['reports'] }

test('one service-account token serves everybody', async () => {
  const { credentials, realm, open } = createCredentialBench()
  realm('main').onClientToken(tokenOf('service-token', 1300))
  const [one, other] = [await open(), await open()]
  await credentials.obtain(ACCOUNT, one.who, null)
  const header = { kind: 'obtained', authorization: 'Bearer service-token' }
  assert.deepEqual(credentials.obtain(ACCOUNT, other.who, null), header)
  assert.deepEqual(credentials.obtain(ACCOUNT, null, null), header)
  assert.deepEqual(realm('main').requested, [['reports']])
})

test('twenty requests at once ask for one', async () => {
  const { credentials, realm } = createCredentialBench()
  realm('main').onClientToken(tokenOf('service-token', 1300))
  await Promise.all(Array.from({ length: 20 }, () => credentials.obtain(ACCOUNT, null, null)))
  assert.equal(realm('main').requested.length, 1)
})

test('other scopes are another token', async () => {
  const { credentials, realm } = createCredentialBench()
  realm('main').onClientToken(tokenOf('narrow', 1300), tokenOf('wide', 1300))
  await credentials.obtain(ACCOUNT, null, null)
  await credentials.obtain({ kind: 'serviceAccount', scopes: ['reports', 'billing'] }, null, null)
  assert.deepEqual(realm('main').requested, [['reports'], ['reports', 'billing']])
})

test('the service account is that of the realm the person belongs to', async () => {
  const { credentials, realm } = createCredentialBench()
  realm('partner').onClientToken(tokenOf('partner-token', 1300))
  const obtained = await credentials.obtain(ACCOUNT, bearerBeneficiary({ realm: 'partner' }), null)
  assert.deepEqual(obtained, { kind: 'obtained', authorization: 'Bearer partner-token' })
})

test('it is renewed ahead of its end, and nobody waits for that', async () => {
  const { clock, credentials, realm } = createCredentialBench()
  realm('main').onClientToken(tokenOf('a', 1300), tokenOf('b', 1600))
  await credentials.obtain(ACCOUNT, null, null)
  clock.advance(271)
  assert.deepEqual(credentials.obtain(ACCOUNT, null, null), { kind: 'obtained', authorization: 'Bearer a' })
  await settled()
  assert.deepEqual(credentials.obtain(ACCOUNT, null, null), { kind: 'obtained', authorization: 'Bearer b' })
})

test('a client without a service account is the operator’s to mend', async () => {
  const { credentials, realm } = createCredentialBench()
  realm('main').onClientToken({ kind: 'refused', blame: 'misconfigured', because: 'no service account' })
  const obtained = await credentials.obtain(ACCOUNT, null, null)
  assert.equal(obtained.kind === 'refused' && obtained.code, 'ERR_CREDENTIAL_REFUSED')
})
