import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGuarded } from './support/guarded.ts'
import { JWKS_PATH, METADATA_PATH } from './support/issuer-server.ts'
import { assertRefused, INVALID_TOKEN } from './support/refused.ts'
import { createSigner, internalClaims } from './support/signer.ts'

const UNAVAILABLE = { status: 503, code: 'temporarily_unavailable', reason: 'issuer-unavailable' } as const
const NO_CACHE = { cachedTokens: 0 }

test('a key set is fetched once for all who wait', async (t) => {
  const { guard, gateway, internalToken } = await startGuarded(t, NO_CACHE)
  const token = await internalToken()
  await Promise.all(Array.from({ length: 20 }, () => guard.verify(token)))
  assert.equal(gateway.asked(JWKS_PATH).length, 1)
})

test('a key set is used for its time, and then fetched again', async (t) => {
  const { guard, clock, gateway, internalToken } = await startGuarded(t, { ...NO_CACHE, keySetSeconds: 30 })
  const token = await internalToken()
  await guard.verify(token)
  clock.now += 29
  await guard.verify(token)
  assert.equal(gateway.asked(JWKS_PATH).length, 1)
  clock.now += 1
  await guard.verify(token)
  assert.equal(gateway.asked(JWKS_PATH).length, 2)
})

test('a new key is found at once', async (t) => {
  const { guard, gateway, internalToken } = await startGuarded(t)
  await guard.verify(await internalToken())
  const second = await createSigner('gateway-2')
  gateway.publish(gateway.key.jwk, second.jwk)
  const tokens = await Promise.all(
    [1, 2, 3].map((jti) => second.sign(internalClaims(gateway.issuer, { jti: `${jti}` }))),
  )
  await Promise.all(tokens.map((token) => guard.verify(token)))
  assert.equal(gateway.asked(JWKS_PATH).length, 2)
})

test('unknown keys mean one fetch, and then none for the cool-down', async (t) => {
  const { guard, clock, gateway, internalToken } = await startGuarded(t, { keySetCooldownSeconds: 10 })
  await guard.verify(await internalToken())
  const stranger = await createSigner('stranger')
  const refuse = async (jti: number) => {
    const token = await stranger.sign(internalClaims(gateway.issuer, { jti: `${jti}` }))
    await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'key' })
  }
  for (const jti of [1, 2, 3, 4]) await refuse(jti)
  assert.equal(gateway.asked(JWKS_PATH).length, 2)
  clock.now += 10
  await refuse(5)
  assert.equal(gateway.asked(JWKS_PATH).length, 3)
})

test('an unknown key right after a fetch means no other', async (t) => {
  const { guard, gateway } = await startGuarded(t)
  const stranger = await createSigner('stranger')
  await assertRefused(guard.verify(await stranger.sign(internalClaims(gateway.issuer))), INVALID_TOKEN)
  assert.equal(gateway.asked(JWKS_PATH).length, 1)
})

const OUTAGES = {
  'answers 500': () => ({ status: 500, body: 'no' }),
  'answers no JSON': () => ({ body: '<html>' }),
  'answers no key set': () => ({ body: { keys: 'none' } }),
  'answers far too much': () => ({ body: { keys: [], filler: 'x'.repeat(2_000_000) } }),
  'sends us elsewhere': () => ({ status: 302, headers: { location: METADATA_PATH }, body: '' }),
  'answers 204': () => ({ status: 204, body: '' }),
}

for (const [name, answer] of Object.entries(OUTAGES)) {
  test(`keys stay in use while the issuer ${name}`, async (t) => {
    const { guard, clock, gateway, internalToken } = await startGuarded(t, { ...NO_CACHE, keySetSeconds: 30 })
    const token = await internalToken()
    await guard.verify(token)
    gateway.answers.set(JWKS_PATH, answer)
    clock.now += 31
    await guard.verify(token)
    await guard.verify(token)
    assert.equal(gateway.asked(JWKS_PATH).length, 2)
  })

  test(`a guard that has no keys yet answers 503 while the issuer ${name}, and soon asks again`, async (t) => {
    const { guard, clock, gateway, internalToken } = await startGuarded(t)
    const token = await internalToken()
    gateway.answers.set(JWKS_PATH, answer)
    await assertRefused(guard.verify(token), UNAVAILABLE)
    await assertRefused(guard.verify(token), UNAVAILABLE)
    assert.equal(gateway.asked(JWKS_PATH).length, 1)
    gateway.publish(gateway.key.jwk)
    clock.now += 1
    await guard.verify(token)
  })
}

test('an issuer that does not answer is waited for no longer than the limit', async (t) => {
  const { guard, clock, gateway, internalToken } = await startGuarded(t, { ...NO_CACHE, timeoutSeconds: 0.5 })
  const token = await internalToken()
  await guard.verify(token)
  gateway.answers.set(JWKS_PATH, () => new Promise(() => undefined))
  clock.now += 300
  assert.equal((await guard.verify(await internalToken({ exp: clock.now + 60 }))).subject, 'alice')
})

test('once an issuer is known to be down, nobody waits for it', async (t) => {
  const { createGuard, clock, gateway, internalToken } = await startGuarded(t)
  const answers = [() => fetch(gateway.jwksUrl), () => Promise.reject(new Error('down'))]
  let calls = 0
  const guard = createGuard({
    ...NO_CACHE,
    keySetSeconds: 20,
    keySetCooldownSeconds: 10,
    fetch: () => answers[calls++]?.() ?? new Promise(() => undefined),
  })
  const token = await internalToken()
  for (const seconds of [0, 20, 10, 10]) {
    clock.now += seconds
    await guard.verify(token)
  }
  assert.equal(calls, 3)
})

test('a key that is not known while the issuer is down is 503, as nobody can tell', async (t) => {
  const { guard, gateway, internalToken } = await startGuarded(t)
  await guard.verify(await internalToken())
  gateway.answers.set(JWKS_PATH, () => ({ status: 500, body: '' }))
  const second = await createSigner('gateway-2')
  await assertRefused(guard.verify(await second.sign(internalClaims(gateway.issuer))), UNAVAILABLE)
})

test('broken, foreign, encrypting and symmetric keys beside ours do no harm', async (t) => {
  const { guard, gateway, internalToken } = await startGuarded(t)
  const { jwk } = gateway.key
  const kid = jwk.kid
  gateway.publish(
    null,
    'key',
    [],
    { kid },
    { kid, kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', use: 'sig' },
    { ...jwk, use: 'enc' },
    { kid, kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' },
    { kid, kty: 'RSA', n: 'AQAB', e: 'AQAB', alg: 'RS256' },
    { kid, kty: 'unheard-of' },
    jwk,
  )
  assert.equal((await guard.verify(await internalToken())).subject, 'alice')
})

test('a key for encryption verifies nothing', async (t) => {
  const { guard, gateway, internalToken } = await startGuarded(t)
  gateway.publish({ ...gateway.key.jwk, use: 'enc' })
  await assertRefused(guard.verify(await internalToken()), { ...INVALID_TOKEN, reason: 'key' })
})

test('two keys of one kid are both tried', async (t) => {
  const { guard, gateway, internalToken } = await startGuarded(t)
  const other = await createSigner('other')
  gateway.publish({ ...other.jwk, kid: gateway.key.kid }, gateway.key.jwk)
  assert.equal((await guard.verify(await internalToken())).subject, 'alice')
})

test('a token without a kid is tried with the keys of its algorithm', async (t) => {
  const { guard, gateway, internalToken } = await startGuarded(t)
  const others = await Promise.all([createSigner('other'), createSigner('rsa', 'RS256')])
  gateway.publish(...others.map(({ jwk }) => jwk), gateway.key.jwk)
  assert.equal((await guard.verify(await internalToken({}, { kid: undefined }))).subject, 'alice')
})

test('without an address of the keys, the metadata of the issuer tell it', async (t) => {
  const { createGuard, gateway, internalToken } = await startGuarded(t)
  const guard = createGuard({ gateway: gateway.issuer })
  await guard.verify(await internalToken())
  assert.equal(gateway.asked(METADATA_PATH).length, 1)
})

for (const issuer of ['https://mallory.example', '', undefined, null]) {
  test(`metadata of ${JSON.stringify(issuer)} are not those of the issuer`, async (t) => {
    const { createGuard, gateway, internalToken } = await startGuarded(t)
    gateway.answers.set(METADATA_PATH, () => ({ body: { issuer, jwks_uri: gateway.jwksUrl } }))
    const guard = createGuard({ gateway: gateway.issuer })
    await assertRefused(guard.verify(await internalToken()), UNAVAILABLE)
    assert.equal(gateway.asked(JWKS_PATH).length, 0)
  })
}

for (const jwksUri of ['file:///etc/keys', 'data:application/json,{}', 'keys', undefined, 7]) {
  test(`metadata whose jwks_uri is ${JSON.stringify(jwksUri)} are of no use`, async (t) => {
    const { createGuard, gateway, internalToken } = await startGuarded(t)
    gateway.answers.set(METADATA_PATH, () => ({ body: { issuer: gateway.issuer, jwks_uri: jwksUri } }))
    await assertRefused(createGuard({ gateway: gateway.issuer }).verify(await internalToken()), UNAVAILABLE)
  })
}

test('an issuer on https cannot send us to keys on http', async (t) => {
  const { createGuard, gateway } = await startGuarded(t)
  const issuer = 'https://app.example'
  const asked: string[] = []
  const fetch = async (url: unknown) => {
    asked.push(String(url))
    return Response.json({ issuer, jwks_uri: gateway.jwksUrl })
  }
  const guard = createGuard({ gateway: issuer, fetch })
  await assertRefused(guard.verify(await gateway.key.sign(internalClaims(issuer))), UNAVAILABLE)
  assert.deepEqual(asked, [`${issuer}${METADATA_PATH}`])
})

test('the keys of the gateway are asked for without the realm, and the other way round', async (t) => {
  const { guard, gateway, realm, internalToken, realmToken } = await startGuarded(t)
  realm.answers.set(JWKS_PATH, () => ({ status: 500, body: '' }))
  await guard.verify(await internalToken())
  await assertRefused(guard.verify(await realmToken()), UNAVAILABLE)
  assert.equal(gateway.asked(JWKS_PATH).length, 1)
})
