// Everything a forger without the key can write, and what he can make of a good token.
import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { test } from 'node:test'
import { CompactEncrypt, exportJWK, generateKeyPair } from 'jose'
import { type Guarded, startGuarded } from './support/guarded.ts'
import { assertRefused, INVALID_TOKEN } from './support/refused.ts'
import { createSigner, internalClaims } from './support/signer.ts'

type Forge = (guarded: Guarded) => Promise<string>

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const claimsOf = ({ gateway }: Guarded) => internalClaims(gateway.issuer, { sub: 'mallory' })
const headerOf = ({ gateway }: Guarded) => ({ alg: 'ES256', kid: gateway.key.kid, typ: 'at+jwt' })
const partsOf = async ({ internalToken }: Guarded) => (await internalToken()).split('.') as [string, string, string]

async function withoutSignature(guarded: Guarded, header: object, signature = ''): Promise<string> {
  return `${encode({ ...headerOf(guarded), ...header })}.${encode(claimsOf(guarded))}.${signature}`
}

/** RS256 keys used as HMAC secrets: the classic confusion of algorithms. */
function withPublicKeyAsSecret(format: (jwk: JsonWebKey) => string | Buffer): Forge {
  return async (guarded) => {
    const key = await createSigner('rsa-1', 'RS256')
    guarded.gateway.publish(key.jwk)
    const signed = `${encode({ alg: 'HS256', kid: 'rsa-1', typ: 'at+jwt' })}.${encode(claimsOf(guarded))}`
    const mac = createHmac('sha256', format(key.jwk as JsonWebKey))
      .update(signed)
      .digest('base64url')
    return `${signed}.${mac}`
  }
}

const pemOf = (jwk: JsonWebKey) => createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
const derOf = (jwk: JsonWebKey) => createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' })

/** Signed by the key of a stranger, under whatever header. */
function byStranger(header: (jwk: JsonWebKey) => object, alg = 'ES256'): Forge {
  return async (guarded) => {
    const stranger = await createSigner('stranger', alg)
    return stranger.sign(claimsOf(guarded), { kid: guarded.gateway.key.kid, ...header(stranger.jwk as JsonWebKey) })
  }
}

function withSignature(signature: Buffer): Forge {
  return (guarded) => withoutSignature(guarded, {}, signature.toString('base64url'))
}

const P256_ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const ONE = Buffer.alloc(32).fill(1, 31)

/** The same bytes in the other form in which many libraries write ECDSA signatures. */
function toDer(signature: Buffer): Buffer {
  const integer = (bytes: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), bytes])
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))])
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}

const last = (text: string, change: (code: string) => string) => text.slice(0, -1) + change(text.slice(-1))
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const FORGERIES: Readonly<Record<string, Forge>> = {
  'alg none': (g) => withoutSignature(g, { alg: 'none' }),
  'alg None with a signature': async (g) => withoutSignature(g, { alg: 'None' }, (await partsOf(g))[2]),
  'alg nOnE': (g) => withoutSignature(g, { alg: 'nOnE' }),
  'no alg': (g) => withoutSignature(g, { alg: undefined }, 'AAAA'),
  'alg that is a list': (g) => withoutSignature(g, { alg: ['ES256'] }, 'AAAA'),
  'an algorithm that is not on the list': byStranger(() => ({}), 'ES384'),
  'HS256 with the public key as PEM': withPublicKeyAsSecret(pemOf),
  'HS256 with the public key as PEM, trimmed': withPublicKeyAsSecret((jwk) => String(pemOf(jwk)).trim()),
  'HS256 with the public key as DER': withPublicKeyAsSecret(derOf),
  'HS256 with the public key as JWK': withPublicKeyAsSecret((jwk) => JSON.stringify(jwk)),
  'HS256 with the modulus': withPublicKeyAsSecret((jwk) => String(jwk.n)),
  'HS256 with an empty secret': async (g) => {
    const signed = `${encode({ ...headerOf(g), alg: 'HS256' })}.${encode(claimsOf(g))}`
    return `${signed}.${createHmac('sha256', '').update(signed).digest('base64url')}`
  },
  'an empty signature': (g) => withoutSignature(g, {}),
  'no signature and no dot': async (g) => (await partsOf(g)).slice(0, 2).join('.'),
  'a stranger’s key': byStranger(() => ({})),
  'a stranger’s key and no kid': byStranger(() => ({ kid: undefined })),
  'an embedded jwk': byStranger((jwk) => ({ jwk })),
  'an embedded jwk and no kid': byStranger((jwk) => ({ jwk, kid: undefined })),
  jku: byStranger(() => ({ jku: 'https://mallory.example/jwks.json' })),
  x5u: byStranger(() => ({ x5u: 'https://mallory.example/cert.pem' })),
  x5c: byStranger(() => ({ x5c: ['MIIB'] })),
  'kid ../../dev/null': byStranger(() => ({ kid: '../../../dev/null' })),
  'kid with SQL': byStranger(() => ({ kid: "x' UNION SELECT 'key" })),
  'kid that is a URL': byStranger(() => ({ kid: 'https://mallory.example/key' })),
  'kid __proto__': byStranger(() => ({ kid: '__proto__' })),
  'kid that is a list': (g) => withoutSignature(g, { kid: [g.gateway.key.kid] }, 'AAAA'),
  'kid that is null': (g) => withoutSignature(g, { kid: null }, 'AAAA'),
  'a swapped payload': async (g) => {
    const [header, , signature] = await partsOf(g)
    return `${header}.${encode(claimsOf(g))}.${signature}`
  },
  'a swapped header': async (g) => {
    const [, signed, signature] = await partsOf(g)
    return `${encode({ ...headerOf(g), kid: 'gateway-1', x: 1 })}.${signed}.${signature}`
  },
  'the signature of another token': async (g) => {
    const [header, signed] = await partsOf(g)
    const other = await g.internalToken({ sub: 'bob' })
    return `${header}.${signed}.${other.split('.')[2]}`
  },
  'a truncated signature': async (g) => (await g.internalToken()).slice(0, -8),
  'a truncated payload': async (g) => {
    const [header, signed, signature] = await partsOf(g)
    return `${header}.${signed.slice(0, -8)}.${signature}`
  },
  'a lengthened signature': async (g) => `${await g.internalToken()}AAAA`,
  'a signature in DER': async (g) => {
    const [header, signed, signature] = await partsOf(g)
    return `${header}.${signed}.${toDer(Buffer.from(signature, 'base64url')).toString('base64url')}`
  },
  'an ECDSA signature of zeros': withSignature(Buffer.alloc(64)),
  'an ECDSA signature of r = 0, s = 1': withSignature(Buffer.concat([Buffer.alloc(32), ONE])),
  'an ECDSA signature of r = 1, s = 0': withSignature(Buffer.concat([ONE, Buffer.alloc(32)])),
  'an ECDSA signature of the order': withSignature(Buffer.concat([P256_ORDER, P256_ORDER])),
  'an ECDSA signature in DER of zeros': withSignature(Buffer.from('3006020100020100', 'hex')),
  crit: (g) => withoutSignature(g, { crit: ['exp'] }, 'AAAA'),
  'an empty crit': (g) => withoutSignature(g, { crit: [] }, 'AAAA'),
  'b64: false': (g) => withoutSignature(g, { b64: false, crit: ['b64'] }, 'AAAA'),
  'b64 without crit': (g) => withoutSignature(g, { b64: false }, 'AAAA'),
  padding: async (g) => `${await g.internalToken()}==`,
  'padding in the payload': async (g) => (await partsOf(g)).join('=.'),
  'a signature with spare bits set': async (g) =>
    last(await g.internalToken(), (code) => ALPHABET[ALPHABET.indexOf(code) | 1] ?? ''),
  'the alphabet of plain Base64': async (g) => {
    const [header, signed, signature] = await partsOf(g)
    return `${header}.${signed}.${Buffer.from(signature, 'base64url').toString('base64').replace(/=/g, '')}+`
  },
  'a line break': async (g) => `${await g.internalToken()}\n`,
  'a space in front': async (g) => ` ${await g.internalToken()}`,
  'a byte order mark': async (g) => `\ufeff${await g.internalToken()}`,
  'a fourth part': async (g) => `${await g.internalToken()}.AAAA`,
  'an empty fourth part': async (g) => `${await g.internalToken()}.`,
  'JSON serialization': async (g) => {
    const [header, payload, signature] = await partsOf(g)
    return JSON.stringify({ protected: header, payload, signature })
  },
  'an encrypted token': async (g) => {
    const { publicKey } = await generateKeyPair('RSA-OAEP-256')
    const text = new TextEncoder().encode(JSON.stringify(claimsOf(g)))
    return new CompactEncrypt(text).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }).encrypt(publicKey)
  },
  'no token at all': async () => 'token',
  'two dots': async () => '..',
  'a header that is a list': async (g) => `${encode([])}.${encode(claimsOf(g))}.AAAA`,
  'a payload that is a list': async (g) => `${encode(headerOf(g))}.${encode([claimsOf(g)])}.AAAA`,
}

for (const [name, forge] of Object.entries(FORGERIES)) {
  test(`a token is refused: ${name}`, async (t) => {
    const guarded = await startGuarded(t)
    await assertRefused(guarded.guard.verify(await forge(guarded)), INVALID_TOKEN)
  })
}

for (const name of ['an empty token', 'no string']) {
  test(`a token is refused: ${name}`, async (t) => {
    const { guard } = await startGuarded(t)
    await assertRefused(guard.verify(name === 'no string' ? (null as never) : ''), INVALID_TOKEN)
  })
}

test('what a forger writes is refused in the same words, whatever was wrong', async (t) => {
  const guarded = await startGuarded(t)
  const messages = new Set<string>()
  for (const name of ['alg none', 'a stranger’s key', 'a swapped payload', 'kid __proto__', 'a truncated signature']) {
    const token = await FORGERIES[name]?.(guarded)
    await guarded.guard.verify(token ?? '').catch((error) => messages.add(JSON.stringify(error.body)))
  }
  assert.equal(messages.size, 1)
})

test('a signed crit is refused for itself', async (t) => {
  const { guard, gateway } = await startGuarded(t)
  const { sign } = await import('node:crypto')
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  gateway.publish({ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig' })
  for (const header of [{ crit: ['x'], x: 1 }, { crit: ['b64'], b64: true }, { b64: true }, { crit: 'exp' }]) {
    const signed = `${encode({ alg: 'ES256', kid: 'k', typ: 'at+jwt', ...header })}.${encode(internalClaims(gateway.issuer))}`
    const signature = sign('sha256', Buffer.from(signed), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
    const token = `${signed}.${signature.toString('base64url')}`
    await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'critical-extension' })
  }
})

test('an embedded key is never looked at, nor is an address asked', async (t) => {
  const { guard, gateway, internalToken } = await startGuarded(t)
  const jwk = await exportJWK((await generateKeyPair('ES256')).publicKey)
  const header = { jwk, jku: `${gateway.issuer}/evil`, x5u: `${gateway.issuer}/evil`, x5c: ['MIIB'] }
  assert.equal((await guard.verify(await internalToken({}, header))).subject, 'alice')
  assert.equal(gateway.asked('/evil').length, 0)
})

test('of a member that stands twice the last one counts, everywhere alike', async (t) => {
  const { guard, gateway } = await startGuarded(t)
  const text = JSON.stringify(internalClaims(gateway.issuer, { sub: undefined, aud: undefined }))
  const twice = (first: string, second: string) => `${text.slice(0, -1)},${first},${second}}`
  const good = await gateway.key.sign(twice('"sub":"alice"', '"aud":"billing","aud":"reports"'))
  assert.equal((await guard.verify(good)).subject, 'alice')
  const bad = await gateway.key.sign(twice('"sub":"alice"', '"aud":"reports","aud":"billing"'))
  await assertRefused(guard.verify(bad), { ...INVALID_TOKEN, reason: 'audience' })
})

test('a payload that is no UTF-8 is refused, although well signed', async (t) => {
  const { guard, gateway } = await startGuarded(t)
  const { CompactSign } = await import('jose')
  const bytes = Buffer.from(
    JSON.stringify(internalClaims(gateway.issuer, { sub: 'X' })).replace('"X"', '"\xff"'),
    'latin1',
  )
  const token = await new CompactSign(bytes)
    .setProtectedHeader(headerOf({ gateway } as Guarded))
    .sign(gateway.key.privateKey)
  await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'malformed' })
})

test('a token that is too long is refused before anything is fetched', async (t) => {
  const { guard, gateway, internalToken } = await startGuarded(t)
  const token = await internalToken({ filler: 'x'.repeat(32_768) })
  await assertRefused(guard.verify(token), { ...INVALID_TOKEN, reason: 'size' })
  assert.equal(gateway.asked('/jwks.json').length, 0)
})

test('nothing is fetched for tokens of strangers, of other kinds and without a signature', async (t) => {
  const guarded = await startGuarded(t)
  const { guard, gateway, realm, internalToken } = guarded
  const tokens = [
    await internalToken({ iss: 'https://mallory.example' }),
    await internalToken({}, { typ: 'JWT' }),
    await withoutSignature(guarded, { alg: 'none' }, 'AAAA'),
    'opaque',
  ]
  for (const token of tokens) await assertRefused(guard.verify(token), INVALID_TOKEN)
  assert.equal(gateway.asked('/jwks.json').length + realm.asked('/jwks.json').length, 0)
})
