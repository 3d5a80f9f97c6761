import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { CompactSign, type CryptoKey, createLocalJWKSet, decodeProtectedHeader, type JWK } from 'jose'
import { verifyJws } from '../../src/realm/jws.ts'
import type { KeySet } from '../../src/realm/key-set.ts'
import { makeKey, type RealmKey, signToken } from '../support/scripted-realm.ts'

const ALGORITHMS = ['RS256', 'ES256', 'none', 'HS256']

/** The keys the set would give for a header, without a realm behind it. */
function keySetOf(keys: readonly JWK[]): KeySet {
  const local = createLocalJWKSet({ keys: [...keys] })
  return { find: async (header) => [await local({ ...header, alg: header.alg ?? '' })] }
}

let realmKey: RealmKey
let otherKey: RealmKey
let keySet: KeySet

before(async () => {
  realmKey = await makeKey('realm', 'RS256')
  otherKey = await makeKey('realm', 'RS256')
  keySet = keySetOf([realmKey.publicJwk])
})

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

test('verifies what the realm signed and hands out the claims', async () => {
  const verdict = await verifyJws(await signToken(realmKey, { sub: 'alice' }), 'jwt', ALGORITHMS, keySet)
  assert.deepEqual(verdict, { kind: 'verified', algorithm: 'RS256', claims: { sub: 'alice' } })
})

test('refuses a signature of another key under the same kid', async () => {
  const verdict = await verifyJws(await signToken(otherKey, { sub: 'alice' }), 'jwt', ALGORITHMS, keySet)
  assert.deepEqual(verdict, { kind: 'invalid', reason: 'signature' })
})

test('refuses claims changed after signing', async () => {
  const [header, , signature] = (await signToken(realmKey, { sub: 'alice' })).split('.')
  const verdict = await verifyJws(`${header}.${encode({ sub: 'mallory' })}.${signature}`, 'jwt', ALGORITHMS, keySet)
  assert.deepEqual(verdict, { kind: 'invalid', reason: 'signature' })
})

test('refuses an algorithm that is not in the list', async () => {
  const verdict = await verifyJws(await signToken(realmKey, { sub: 'alice' }), 'jwt', ['ES256'], keySet)
  assert.deepEqual(verdict, { kind: 'invalid', reason: 'algorithm' })
})

for (const alg of ['none', 'None', 'NONE', '']) {
  test(`refuses alg ${JSON.stringify(alg)} even when it is in the list`, async () => {
    const token = `${encode({ alg, kid: 'realm' })}.${encode({ sub: 'mallory' })}.`
    assert.deepEqual(await verifyJws(token, 'jwt', [...ALGORITHMS, alg], keySet), {
      kind: 'invalid',
      reason: 'algorithm',
    })
  })
}

test('refuses HS256 with the public key as secret even when it is in the list', async () => {
  const signed = `${encode({ alg: 'HS256', kid: 'realm' })}.${encode({ sub: 'mallory' })}`
  const secret = JSON.stringify(realmKey.publicJwk)
  const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
  assert.deepEqual(await verifyJws(token, 'jwt', ALGORITHMS, keySet), { kind: 'invalid', reason: 'algorithm' })
})

test('ignores keys that the token itself brings or points to', async () => {
  const header = { jwk: otherKey.publicJwk, jku: 'https://evil.example/jwks', x5u: 'https://evil.example/cert' }
  const forged = await signToken(otherKey, { sub: 'mallory' }, header)
  assert.deepEqual(await verifyJws(forged, 'jwt', ALGORITHMS, keySet), { kind: 'invalid', reason: 'signature' })
  const honest = await signToken(realmKey, { sub: 'alice' }, header)
  assert.equal((await verifyJws(honest, 'jwt', ALGORITHMS, keySet)).kind, 'verified')
})

for (const header of [{ crit: ['exp'], exp: 1 }, { crit: ['b64'], b64: true }, { crit: [] }]) {
  test(`refuses critical headers (${JSON.stringify(header)})`, async () => {
    const [, claims, signature] = (await signToken(realmKey, { sub: 'alice' })).split('.')
    const token = `${encode({ alg: 'RS256', kid: 'realm', ...header })}.${claims}.${signature}`
    assert.deepEqual(await verifyJws(token, 'jwt', ALGORITHMS, keySet), { kind: 'invalid', reason: 'crit' })
  })
}

for (const typ of ['at+jwt', 'logout+jwt', 'application/logout+jwt']) {
  test(`refuses a token of type ${typ} in the place of an ID token`, async () => {
    const token = await signToken(realmKey, { sub: 'alice' }, { typ })
    assert.deepEqual(await verifyJws(token, 'jwt', ALGORITHMS, keySet), { kind: 'invalid', reason: 'typ' })
  })
}

for (const token of ['', 'a', 'a.b.c', '..', 'e30.e30.', `${encode([])}.e30.AA`, `${encode({ alg: 5 })}.e30.AA`]) {
  test(`refuses ${JSON.stringify(token)}, which is no signed token`, async () => {
    assert.equal((await verifyJws(token, 'jwt', ALGORITHMS, keySet)).kind, 'invalid')
  })
}

test('refuses signed claims that are no object', async () => {
  const signer = new CompactSign(new TextEncoder().encode('["alice"]')).setProtectedHeader({ alg: 'RS256' })
  const token = await signer.sign(realmKey.privateKey)
  assert.deepEqual(await verifyJws(token, 'jwt', ALGORITHMS, keySet), { kind: 'invalid', reason: 'claims' })
})

test('says that it has no key rather than that the token is bad', async () => {
  const none: KeySet = { find: async () => [] }
  assert.deepEqual(await verifyJws(await signToken(realmKey, {}), 'jwt', ALGORITHMS, none), { kind: 'no-key' })
})

interface Vectors {
  readonly testGroups: ReadonlyArray<{
    readonly comment: string
    readonly public?: JWK
    readonly private: JWK
    readonly tests: ReadonlyArray<{
      readonly tcId: number
      readonly comment: string
      readonly jws: unknown
      readonly result: string
    }>
  }>
}

const vectors = JSON.parse(
  readFileSync(new URL('../corpus/wycheproof/json_web_signature_test.json', import.meta.url), 'utf8'),
) as Vectors

async function keysFor(jwk: JWK | undefined, alg: string | undefined): Promise<readonly CryptoKey[]> {
  if (jwk === undefined || alg === undefined) return []
  try {
    return [await createLocalJWKSet({ keys: [jwk] })({ alg })]
  } catch {
    return []
  }
}

// What the vectors sign is no JSON object, so `claims` is the verdict on a good signature.
async function isGoodSignature(jws: unknown, key: JWK | undefined): Promise<boolean> {
  const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512']
  const keys: KeySet = { find: ({ alg }) => keysFor(key, alg) }
  const verdict = await verifyJws(String(jws), 'jwt', algorithms, keys)
  return verdict.kind === 'verified' || (verdict.kind === 'invalid' && verdict.reason === 'claims')
}

function groupsOf(result: string): Vectors['testGroups'] {
  // A few good signatures are under an algorithm that is not their key's (`alg` PS256 or "ES521"): refused on purpose.
  return vectors.testGroups.filter(
    (group) => group.public !== undefined && !(result === 'valid' && isMislabelled(group)),
  )
}

function isMislabelled({ public: key, tests }: Vectors['testGroups'][number]): boolean {
  return tests.some(
    ({ jws, result }) => result === 'valid' && typeof jws === 'string' && decodeProtectedHeader(jws).alg !== key?.alg,
  )
}

for (const result of ['valid', 'invalid']) {
  test(`finds every ${result} asymmetric signature of the Wycheproof vectors ${result}`, async () => {
    let count = 0
    for (const group of groupsOf(result)) {
      for (const vector of group.tests.filter((candidate) => candidate.result === result)) {
        const name = `${group.comment} ${vector.tcId} ${vector.comment}`
        assert.equal(await isGoodSignature(vector.jws, group.public), result === 'valid', name)
        count += 1
      }
    }
    assert.ok(count > 5)
  })
}
