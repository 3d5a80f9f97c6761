// What other guards and gateways got wrong, as hostile inputs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BearerError } from '../src/index.ts'
import { startGuarded } from './support/guarded.ts'
import { INTROSPECTION_PATH, JWKS_PATH } from './support/issuer-server.ts'
import { assertRefused, INVALID_TOKEN } from './support/refused.ts'
import { realmClaims } from './support/signer.ts'

const CLIENT = { clientId: 'reports', clientSecret: 'the-secret-of-reports' }

test('a token that was good where no scope is needed is refused where one is (CVE-2021-32701)', async (t) => {
  const { guard, internalToken } = await startGuarded(t)
  const token = await internalToken({ scope: 'openid' })
  assert.equal((await guard.verify(token)).subject, 'alice')
  const remembered = await guard.verify(token)
  for (const needed of ['reports:write', 'openid reports:write', 'open', '']) {
    assert.throws(() => remembered.requireScope(needed), BearerError, needed)
  }
  remembered.requireScope('openid')
})

test('one opaque token is asked about at each realm, whatever the other said (CVE-2026-33496)', async (t) => {
  const [first, second] = [await startGuarded(t), await startGuarded(t)]
  const answerAt = ({ realm }: typeof first, claims: Readonly<Record<string, unknown>>) =>
    realm.answers.set(INTROSPECTION_PATH, () => ({
      body: { ...realmClaims(realm.issuer), token_type: 'Bearer', active: true, ...claims },
    }))
  answerAt(first, {})
  answerAt(second, { active: false })
  const guardOf = ({ realm, createGuard }: typeof first) =>
    createGuard({ introspection: { ...CLIENT, url: realm.issuer + INTROSPECTION_PATH } })
  const [there, here] = [guardOf(first), guardOf(second)]
  assert.equal((await there.verify('the-same-token')).issuer, first.realm.issuer)
  await assertRefused(here.verify('the-same-token'), { ...INVALID_TOKEN, reason: 'inactive' })
  answerAt(second, { iss: first.realm.issuer })
  await assertRefused(here.verify('the-same-token'), { ...INVALID_TOKEN, reason: 'issuer' })
  assert.equal((await there.verify('the-same-token')).issuer, first.realm.issuer)
})

test('a token of our issuer for another client is refused, though our client asked for it (GHSA-wcvh)', async (t) => {
  const { guard, realmToken } = await startGuarded(t)
  for (const aud of ['account', ['account', 'billing'], 'reports ', 'report', undefined, [], ['reports', 7]]) {
    await assertRefused(guard.verify(await realmToken({ aud, azp: 'reports' })), INVALID_TOKEN)
  }
})

test('a flood of unknown kids asks the issuer once, and good tokens pass meanwhile (mod_auth_openidc)', async (t) => {
  const { guard, gateway, realm, internalToken, realmToken } = await startGuarded(t)
  await guard.verify(await internalToken())
  await guard.verify(await realmToken())
  const flood = Array.from({ length: 200 }, (_, at) => at).map(async (at) => {
    const sign = at % 2 === 0 ? internalToken : realmToken
    await assertRefused(guard.verify(await sign({}, { kid: `bogus-${at}` })), { ...INVALID_TOKEN, reason: 'key' })
  })
  await Promise.all(flood)
  assert.equal((await guard.verify(await internalToken({ jti: 'another' }))).subject, 'alice')
  assert.ok(gateway.asked(JWKS_PATH).length <= 2)
  assert.ok(realm.asked(JWKS_PATH).length <= 2)
})
