import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGuard } from '../src/index.ts'
import { createTestIssuer, type TestCaller } from '../src/testing.ts'
import { assertRefused, INVALID_TOKEN } from './support/refused.ts'

const ALICE: TestCaller = {
  subject: 'alice',
  clientId: 'mobile',
  sessionId: 'session-1',
  roles: ['user'],
  clientRoles: { reports: ['read'] },
  scopes: ['openid', 'reports:read'],
  groups: ['/staff'],
  tenant: 'acme',
  organizations: ['acme'],
}

for (const kind of ['internal', 'realm'] as const) {
  test(`a signed ${kind} caller is the caller a guard sees`, async () => {
    const { guardOptions, signCaller } = await createTestIssuer()
    const seen = await createGuard(guardOptions).verify(await signCaller({ ...ALICE, kind }))
    const { subject, clientId, sessionId, roles, clientRoles, scopes, groups, tenant, organizations } = seen
    assert.equal(seen.kind, kind)
    assert.deepEqual({ subject, clientId, sessionId, roles, clientRoles, scopes, groups, tenant, organizations }, ALICE)
  })

  test(`a ${kind} caller of whom nothing is said is accepted and may do nothing`, async () => {
    const { guardOptions, signCaller } = await createTestIssuer()
    const seen = await createGuard(guardOptions).verify(await signCaller({ kind }))
    assert.deepEqual([seen.roles, seen.scopes, seen.tenant, seen.clientRoles], [[], [], null, {}])
  })
}

test('callers that are too late, elsewhere or of another issuer are refused', async () => {
  const { guardOptions, signCaller } = await createTestIssuer()
  const guard = createGuard(guardOptions)
  const other = await createTestIssuer()
  await assertRefused(guard.verify(await signCaller({ lifeSeconds: -30 })), { ...INVALID_TOKEN, reason: 'expired' })
  await assertRefused(guard.verify(await signCaller({ audience: 'x' })), { ...INVALID_TOKEN, reason: 'audience' })
  await assertRefused(guard.verify(await signCaller({ claims: { sub: undefined } })), INVALID_TOKEN)
  await assertRefused(guard.verify(await other.signCaller()), { ...INVALID_TOKEN, reason: 'signature' })
})

test('a clock of the test is the clock of issuer and guard', async () => {
  const clock = { now: 1_000_000_000 }
  const { guardOptions, signCaller } = await createTestIssuer({ audience: 'reports', now: () => clock.now })
  const guard = createGuard(guardOptions)
  const token = await signCaller()
  assert.equal((await guard.verify(token)).expiresAt, 1_000_000_060)
  clock.now += 66
  await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'expired' })
})
