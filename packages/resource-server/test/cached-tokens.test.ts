import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { BearerError } from '../src/index.ts'
import { startGuarded } from './support/guarded.ts'
import { JWKS_PATH } from './support/issuer-server.ts'
import { assertRefused, INVALID_TOKEN } from './support/refused.ts'
import { createSigner, internalClaims } from './support/signer.ts'

/** How many signatures are verified while `work` is done. */
async function countSignatures(work: () => Promise<unknown>): Promise<number> {
  const verify = mock.method(crypto.subtle, 'verify')
  try {
    await work()
    return verify.mock.callCount()
  } finally {
    verify.mock.restore()
  }
}

test('a repeated token costs no signature and is the same caller', async (t) => {
  const { guard, internalToken } = await startGuarded(t)
  const token = await internalToken()
  const first = await guard.verify(token)
  assert.equal(await countSignatures(async () => assert.equal(await guard.verify(token), first)), 0)
})

test('with the memory switched off, each use costs a signature', async (t) => {
  const { guard, internalToken } = await startGuarded(t, { cachedTokens: 0 })
  const token = await internalToken()
  await guard.verify(token)
  assert.equal(await countSignatures(() => guard.verify(token)), 1)
})

test('a remembered token still expires', async (t) => {
  const { guard, clock, internalToken } = await startGuarded(t)
  const token = await internalToken()
  await guard.verify(token)
  clock.now += 64
  await guard.verify(token)
  clock.now += 1
  await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'expired' })
})

test('a remembered token lacks today what it lacked yesterday', async (t) => {
  const { guard, internalToken } = await startGuarded(t)
  const token = await internalToken({ roles: ['user'] })
  for (const _ of [1, 2]) {
    const caller = await guard.verify(token)
    assert.throws(() => caller.requireRole('admin'), BearerError)
  }
})

test('a token with the beginning or the signature of a remembered one is not remembered', async (t) => {
  const { guard, internalToken } = await startGuarded(t)
  const token = await internalToken()
  await guard.verify(token)
  const [header = '', claims = '', signature = ''] = token.split('.')
  const forged = Buffer.from(claims, 'base64url').toString().replace('alice', 'carol')
  for (const bad of [
    `${header}.${Buffer.from(forged).toString('base64url')}.${signature}`,
    `${header}.${claims}.${signature.split('').reverse().join('')}`,
    `${header}.${claims}.`,
  ]) {
    await assertRefused(guard.verify(bad), INVALID_TOKEN)
  }
})

test('refused tokens are not remembered', async (t) => {
  const { guard, gateway } = await startGuarded(t, { keySetCooldownSeconds: 0 })
  const second = await createSigner('gateway-2')
  const token = await second.sign(internalClaims(gateway.issuer))
  await assertRefused(guard.verify(token), INVALID_TOKEN)
  gateway.publish(second.jwk)
  await guard.verify(token)
})

test('a remembered token is refused once its key has left the key set', async (t) => {
  const { guard, clock, gateway, internalToken } = await startGuarded(t, { keySetSeconds: 20 })
  const token = await internalToken()
  await guard.verify(token)
  const second = await createSigner('gateway-2')
  gateway.publish(second.jwk)
  clock.now += 1
  await guard.verify(await second.sign(internalClaims(gateway.issuer)))
  await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'key' })
})

test('a key set that has had its time is fetched anew although every token is remembered', async (t) => {
  const { guard, clock, gateway, internalToken } = await startGuarded(t, { keySetSeconds: 20 })
  const token = await internalToken()
  await guard.verify(token)
  const asked = new Promise<void>((resolve) => {
    gateway.answers.set(JWKS_PATH, () => {
      resolve()
      return { body: { keys: [] } }
    })
  })
  clock.now += 20
  await guard.verify(token)
  await asked
  while (await guard.verify(token).catch(() => null)) await new Promise(setImmediate)
  await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'key' })
})

test('a remembered token stays one when its key is published again among others', async (t) => {
  const { guard, gateway, internalToken } = await startGuarded(t)
  const token = await internalToken()
  await guard.verify(token)
  const second = await createSigner('gateway-2')
  gateway.publish(second.jwk, gateway.key.jwk)
  await guard.verify(await second.sign(internalClaims(gateway.issuer)))
  assert.equal(await countSignatures(() => guard.verify(token)), 0)
})

test('a key that is replaced under its old kid is another key', async (t) => {
  const { guard, clock, gateway, internalToken } = await startGuarded(t, { keySetSeconds: 20 })
  const token = await internalToken()
  await guard.verify(token)
  const other = await createSigner('gateway-2')
  gateway.publish({ ...other.jwk, kid: gateway.key.kid }, other.jwk)
  clock.now += 1
  await guard.verify(await other.sign(internalClaims(gateway.issuer)))
  await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'signature' })
})

test('remembered tokens outlive an issuer that is down', async (t) => {
  const { guard, clock, gateway, internalToken } = await startGuarded(t, { keySetSeconds: 20 })
  const token = await internalToken()
  await guard.verify(token)
  gateway.answers.set(JWKS_PATH, () => ({ status: 500, body: '' }))
  clock.now += 40
  for (const _ of [1, 2, 3]) assert.equal((await guard.verify(token)).subject, 'alice')
})

test('the memory is bounded, and forgets what was used longest ago', async (t) => {
  const { guard, internalToken } = await startGuarded(t, { cachedTokens: 2 })
  const [first = '', second = '', third = ''] = await Promise.all(['1', '2', '3'].map((jti) => internalToken({ jti })))
  for (const token of [first, second, first, third]) await guard.verify(token)
  assert.equal(await countSignatures(() => guard.verify(first)), 0)
  assert.equal(await countSignatures(() => guard.verify(third)), 0)
  assert.equal(await countSignatures(() => guard.verify(second)), 1)
})

test('what one service remembers is nothing to another audience', async (t) => {
  const { guard, createGuard, internalToken } = await startGuarded(t)
  const token = await internalToken()
  await guard.verify(token)
  await assertRefused(createGuard({ audience: 'billing' }).verify(token), { ...INVALID_TOKEN, reason: 'audience' })
})
