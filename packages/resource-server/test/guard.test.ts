import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGuarded } from './support/guarded.ts'
import { assertRefused, INVALID_TOKEN } from './support/refused.ts'
import { createSigner, internalClaims, NOW, realmClaims } from './support/signer.ts'

const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']

test('an internal token of the gateway is accepted', async (t) => {
  const { guard, internalToken } = await startGuarded(t)
  const caller = await guard.verify(await internalToken())
  assert.equal(caller.kind, 'internal')
  assert.equal(caller.subject, 'alice')
})

test('an access token of the realm is accepted', async (t) => {
  const { guard, realmToken } = await startGuarded(t)
  const caller = await guard.authenticate(`Bearer ${await realmToken()}`)
  assert.equal(caller.kind, 'realm')
  assert.deepEqual(caller.roles, ['user'])
})

for (const alg of DEFAULT_ALGORITHMS) {
  test(`a key set with an ${alg} key verifies by default`, async (t) => {
    const { guard, gateway } = await startGuarded(t)
    const key = await createSigner('other', alg)
    gateway.publish(key.jwk)
    assert.equal((await guard.verify(await key.sign(internalClaims(gateway.issuer)))).subject, 'alice')
  })
}

const ACCEPTED_TYPES = [
  ['internal', 'at+jwt'],
  ['internal', 'application/at+jwt'],
  ['internal', 'AT+JWT'],
  ['realm', 'JWT'],
  ['realm', 'at+jwt'],
  ['realm', 'application/at+jwt'],
  ['realm', undefined],
] as const

for (const [kind, typ] of ACCEPTED_TYPES) {
  test(`a header with typ ${typ} is one of ${kind} tokens`, async (t) => {
    const { guard, internalToken, realmToken } = await startGuarded(t)
    const sign = kind === 'internal' ? internalToken : realmToken
    assert.equal((await guard.verify(await sign({}, { typ }))).kind, kind)
  })
}

const REFUSED_TYPES = [
  ['internal', 'JWT'],
  ['internal', undefined],
  ['internal', 'at+jwt '],
  ['internal', 'logout+jwt'],
  ['internal', ['at+jwt']],
  ['realm', 'logout+jwt'],
  ['realm', 'dpop+jwt'],
  ['realm', 'id+jwt'],
  ['realm', 'oauth-authz-req+jwt'],
  ['realm', null],
  ['realm', 7],
] as const

for (const [kind, typ] of REFUSED_TYPES) {
  test(`a header with typ ${JSON.stringify(typ)} is none of ${kind} tokens`, async (t) => {
    const { guard, internalToken, realmToken } = await startGuarded(t)
    const sign = kind === 'internal' ? internalToken : realmToken
    await assertRefused(guard.verify(await sign({}, { typ })), { ...INVALID_TOKEN, reason: 'typ' })
  })
}

type Change = readonly [string, Readonly<Record<string, unknown>>]

const BROKEN_ALIKE: readonly Change[] = [
  ['audience', { aud: 'billing' }],
  ['audience', { aud: ['billing', 'account'] }],
  ['audience', { aud: [] }],
  ['audience', { aud: undefined }],
  ['audience', { aud: 'Reports' }],
  ['audience', { aud: 'reports ' }],
  ['audience', { aud: ['reports', 7] }],
  ['audience', { aud: [['reports']] }],
  ['audience', { aud: { reports: true } }],
  ['expired', { exp: NOW - 6 }],
  ['expired', { exp: undefined }],
  ['expired', { exp: String(NOW + 60) }],
  ['expired', { exp: 1e300 }],
  ['expired', { exp: -1 }],
  ['expired', { exp: null }],
  ['expired', { exp: [NOW + 60] }],
  ['expired', { exp: true }],
  ['not-before', { nbf: NOW + 6 }],
  ['not-before', { nbf: 'now' }],
  ['not-before', { nbf: null }],
  ['issued-at', { iat: NOW + 6 }],
  ['issued-at', { iat: undefined }],
  ['issued-at', { iat: String(NOW) }],
  ['subject', { sub: undefined }],
  ['subject', { sub: '' }],
  ['subject', { sub: 7 }],
  ['bound', { cnf: { jkt: 'key' } }],
  ['bound', { cnf: { 'x5t#S256': 'certificate' } }],
  ['bound', { cnf: {} }],
  ['bound', { cnf: null }],
  ['kind', { nonce: 'n' }],
  ['kind', { at_hash: 'h' }],
  ['kind', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
]
const BROKEN_INTERNAL: readonly Change[] = [
  ...BROKEN_ALIKE,
  ['kind', { typ: 'Bearer' }],
  ['kind', { typ: 'ID' }],
  ['token-id', { jti: undefined }],
  ['token-id', { jti: 7 }],
  ['client', { client_id: undefined }],
  ['client', { client_id: '' }],
]
const BROKEN_REALM: readonly Change[] = [
  ...BROKEN_ALIKE,
  ...['ID', 'Refresh', 'Offline', 'Logout', 'bearer', '', undefined, ['Bearer']].map(
    (typ): Change => ['kind', { typ }],
  ),
  ['client', { azp: ['mobile'] }],
]

for (const [kind, changes] of [
  ['internal', BROKEN_INTERNAL],
  ['realm', BROKEN_REALM],
] as const) {
  for (const [reason, change] of changes) {
    test(`a well-signed ${kind} token with ${describe(change)} is refused: ${reason}`, async (t) => {
      const { guard, internalToken, realmToken } = await startGuarded(t)
      const token = await (kind === 'internal' ? internalToken : realmToken)(change)
      await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: reason as 'kind' })
    })
  }
}

function describe(change: Readonly<Record<string, unknown>>): string {
  return Object.entries(change)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join()
}

const WITHIN_TOLERANCE: ReadonlyArray<Record<string, unknown>> = [{ exp: NOW - 4 }, { nbf: NOW + 5 }, { iat: NOW + 5 }]

for (const change of WITHIN_TOLERANCE) {
  test(`clocks may differ by five seconds: ${describe(change)}`, async (t) => {
    const { guard, internalToken } = await startGuarded(t)
    await guard.verify(await internalToken(change))
  })
}

test('a token with one of several audiences of a service is accepted', async (t) => {
  const { createGuard, internalToken } = await startGuarded(t)
  const guard = createGuard({ audience: ['reports-old', 'reports'] })
  await guard.verify(await internalToken())
})

test('a token of 500 roles is accepted', async (t) => {
  const { guard, realmToken } = await startGuarded(t)
  const roles = Array.from({ length: 500 }, (_, index) => `role-of-20-chars-${index + 100}`)
  const token = await realmToken({ realm_access: { roles } })
  assert.ok(token.length > 15_000)
  assert.equal((await guard.verify(token)).roles.length, 500)
})

test('a token of the gateway with the issuer of the realm is refused', async (t) => {
  const { guard, gateway, realm } = await startGuarded(t)
  const claims = [internalClaims(realm.issuer), realmClaims(realm.issuer)]
  for (const claim of claims) await assertRefused(guard.verify(await gateway.key.sign(claim)), INVALID_TOKEN)
})

test('a token of the realm with the issuer of the gateway is refused', async (t) => {
  const { guard, gateway, realm } = await startGuarded(t)
  const claims = [internalClaims(gateway.issuer), realmClaims(gateway.issuer)]
  for (const claim of claims) await assertRefused(guard.verify(await realm.key.sign(claim)), INVALID_TOKEN)
})

test('kinds are kept apart even when gateway and realm should share their keys', async (t) => {
  const { guard, gateway, realm } = await startGuarded(t)
  realm.publish(gateway.key.jwk)
  gateway.publish(gateway.key.jwk)
  const asRealm = gateway.key.sign(internalClaims(realm.issuer))
  const asGateway = gateway.key.sign(realmClaims(gateway.issuer))
  await assertRefused(guard.verify(await asRealm), { ...INVALID_TOKEN, reason: 'kind' })
  await assertRefused(guard.verify(await asGateway), { ...INVALID_TOKEN, reason: 'kind' })
})

test('a guard of the gateway alone refuses access tokens of the realm, and the other way round', async (t) => {
  const { createGuard, gateway, realm, internalToken, realmToken } = await startGuarded(t)
  const ofGateway = createGuard({ gateway: gateway.issuer, issuer: undefined as never })
  const ofRealm = createGuard({ issuer: realm.issuer, gateway: undefined as never })
  await assertRefused(ofGateway.verify(await realmToken()), { ...INVALID_TOKEN, reason: 'issuer' })
  await assertRefused(ofRealm.verify(await internalToken()), { ...INVALID_TOKEN, reason: 'issuer' })
  assert.equal((await ofGateway.verify(await internalToken())).kind, 'internal')
  assert.equal((await ofRealm.verify(await realmToken())).kind, 'realm')
})

test('an error holds no token', async (t) => {
  const { guard, internalToken } = await startGuarded(t)
  const token = await internalToken({ aud: 'billing' })
  await assert.rejects(guard.authenticate(`Bearer ${token}`), (error: Error) => {
    assert.ok(!JSON.stringify([error, error.message, error.stack, String(error.cause)]).includes(token.slice(0, 40)))
    return true
  })
})

test('the address of the keys may differ from the issuer', async (t) => {
  const { createGuard, gateway } = await startGuarded(t)
  const guard = createGuard({ gateway: { issuer: 'https://app.example', jwksUrl: gateway.jwksUrl } })
  const token = await gateway.key.sign(internalClaims('https://app.example'))
  assert.equal((await guard.verify(token)).issuer, 'https://app.example')
})
