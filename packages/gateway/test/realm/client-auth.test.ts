import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { type AuthenticateClient, type ClientAuthOptions, createClientAuth } from '../../src/realm/client-auth.ts'

const NOW = 1_800_000_000
const ISSUER = 'https://sso.example.com/realms/main'

function identity(clientAuth: ClientAuthOptions, clientId = 'web-gateway') {
  return { issuer: ISSUER, clientId, clientAuth, clock: () => NOW + 0.5 }
}

function onlyProof(identity: Parameters<typeof createClientAuth>[0]): AuthenticateClient {
  const [proof, ...others] = createClientAuth(identity)()
  assert.ok(proof !== undefined && others.length === 0)
  return proof
}

async function authenticate(clientAuth: ClientAuthOptions, method: 'basic' | 'post', clientId = 'web-gateway') {
  const form = new URLSearchParams()
  const headers = new Headers()
  await onlyProof(identity(clientAuth, clientId))(method, form, headers)
  return { form, headers }
}

test('form-encodes id and secret before they become Basic credentials', async () => {
  const { form, headers } = await authenticate({ kind: 'secret', secret: 'a%b:c d+é' }, 'basic', 'web:gateway')
  const credentials = Buffer.from(headers.get('authorization')?.replace('Basic ', '') ?? '', 'base64').toString()
  assert.equal(credentials, 'web%3Agateway:a%25b%3Ac+d%2B%C3%A9')
  assert.equal(form.size, 0)
})

test('sends the secret in the form when the realm takes it only there', async () => {
  const { form, headers } = await authenticate({ kind: 'secret', secret: 'a%b' }, 'post')
  assert.equal(headers.get('authorization'), null)
  assert.deepEqual(Object.fromEntries(form), { client_id: 'web-gateway', client_secret: 'a%b' })
})

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')

function pem(key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1' = 'pkcs8'): string {
  return key.export({ type, format: 'pem' } as never) as unknown as string
}

function jwk(key: KeyObject, kid: string): string {
  return JSON.stringify({ ...key.export({ format: 'jwk' }), kid })
}

const keys: ReadonlyArray<
  readonly [name: string, key: string, algorithm: string, publicKey: KeyObject, kid: string | undefined]
> = [
  ['an EC key as PKCS#8', pem(ec.privateKey), 'ES256', ec.publicKey, undefined],
  ['an EC key as SEC1', pem(ec.privateKey, 'sec1'), 'ES256', ec.publicKey, undefined],
  ['an RSA key as PKCS#1', pem(rsa.privateKey, 'pkcs1'), 'PS256', rsa.publicKey, undefined],
  ['an Ed25519 key', pem(ed.privateKey), 'EdDSA', ed.publicKey, undefined],
  ['a JWK', jwk(rsa.privateKey, 'own-kid'), 'RS256', rsa.publicKey, 'own-kid'],
]

for (const [name, key, algorithm, publicKey, kid] of keys) {
  test(`signs its assertion by ${name}`, async () => {
    const { form, headers } = await authenticate({ kind: 'privateKey', key, algorithm, keyId: null }, 'basic')
    const assertion = form.get('client_assertion') ?? ''
    await jwtVerify(assertion, publicKey, { currentDate: new Date(NOW * 1000) })
    assert.deepEqual(decodeProtectedHeader(assertion), {
      alg: algorithm,
      typ: 'JWT',
      ...(kid === undefined ? {} : { kid }),
    })
    assert.equal(form.get('client_assertion_type'), 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    assert.equal(form.get('client_id'), 'web-gateway')
    assert.equal(form.has('client_secret'), false)
    assert.equal(headers.has('authorization'), false)
  })
}

test('the assertion is for the public issuer alone, lives a minute and is never the same', async () => {
  const authenticateClient = onlyProof(
    identity({ kind: 'privateKey', key: pem(ec.privateKey), algorithm: 'ES256', keyId: 'k1' }),
  )
  const ids = new Set<unknown>()
  for (let round = 0; round < 3; round += 1) {
    const form = new URLSearchParams()
    await authenticateClient('basic', form, new Headers())
    const { jti, ...claims } = decodeJwt(form.get('client_assertion') ?? '')
    assert.deepEqual(claims, { iss: 'web-gateway', sub: 'web-gateway', aud: ISSUER, iat: NOW, exp: NOW + 60 })
    assert.equal(decodeProtectedHeader(form.get('client_assertion') ?? '').kid, 'k1')
    ids.add(jti)
  }
  assert.equal(ids.size, 3)
})

test('refuses a private key that cannot be read, without quoting it', () => {
  for (const key of [
    'not a key',
    '{"kty":"EC","d":"canary-secret"}',
    '-----BEGIN PRIVATE KEY-----\ncanary-secret\n-----END PRIVATE KEY-----',
  ]) {
    assert.throws(
      () => createClientAuth(identity({ kind: 'privateKey', key, algorithm: 'ES256', keyId: null })),
      (error) =>
        isGatewayError(error, 'ERR_CONFIG_INVALID') &&
        error.cause === undefined &&
        !JSON.stringify(error.detail).includes('canary'),
    )
  }
})

for (const [key, algorithm] of [
  [ec.privateKey, 'RS256'],
  [ec.privateKey, 'ES384'],
  [rsa.privateKey, 'EdDSA'],
  [ec.privateKey, 'HS256'],
] as const) {
  test(`refuses a key of type ${key.asymmetricKeyType} for ${algorithm}`, () => {
    assert.throws(
      () => createClientAuth(identity({ kind: 'privateKey', key: pem(key), algorithm, keyId: null })),
      (error) => isGatewayError(error, 'ERR_CONFIG_INVALID'),
    )
  })
}
