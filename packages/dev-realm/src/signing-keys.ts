// The keys of the realm: the newest signs, all listed ones verify.
import { randomBytes } from 'node:crypto'
import {
  type CompactVerifyGetKey,
  type CryptoKey,
  compactVerify,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose'

export interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
  readonly privateJwk: JWK
}

export interface SigningKeys {
  current(): SigningKey
  /** What the realm publishes; with an encryption key among them, as Keycloak's has. */
  keySet(): JSONWebKeySet
  /** `typ`: of the header. Default `JWT`. */
  sign(claims: JWTPayload, typ?: string): Promise<string>
  /** The claims of a token signed by a listed key; null otherwise. Says nothing about its expiry. */
  verify(token: string): Promise<JWTPayload | null>
  /** A new key signs at once. The old ones stay listed, or are gone. */
  rotate(old: 'keep' | 'remove'): Promise<void>
}

// A key costs more than everything else about a realm, and tests start hundreds: in one process all realms of one name
// begin with the same one. Never across names, so that a token of one realm cannot pass in another.
const firstKeys = new Map<string, Promise<SigningKey>>()

function findFirstKey(realm: string): Promise<SigningKey> {
  const key = firstKeys.get(realm) ?? generateSigningKey()
  firstKeys.set(realm, key)
  return key
}

export async function createSigningKeys(realm: string): Promise<SigningKeys> {
  let keys: readonly SigningKey[] = [await findFirstKey(realm)]

  function current(): SigningKey {
    const key = keys.at(0)
    if (key === undefined) throw new TypeError('a realm without keys')
    return key
  }

  function keySet(): JSONWebKeySet {
    const listed = keys.map((key) => ({ ...key.publicJwk, kid: key.kid, use: 'sig', alg: 'RS256' }))
    const encryption = { ...current().publicJwk, kid: `${current().kid}-enc`, use: 'enc', alg: 'RSA-OAEP' }
    return { keys: [...listed, encryption] }
  }

  return {
    current,
    keySet,
    sign: (claims, typ) => signWith(current(), claims, typ),
    verify: (token) => verifyWith(createLocalJWKSet(keySet()), token),
    async rotate(old) {
      const added = await generateSigningKey()
      keys = old === 'keep' ? [added, ...keys] : [added]
    },
  }
}

export async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  return {
    kid: randomBytes(16).toString('base64url'),
    privateKey,
    publicJwk: await exportJWK(publicKey),
    privateJwk: await exportJWK(privateKey),
  }
}

export function signWith(key: SigningKey, claims: JWTPayload, typ = 'JWT'): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ, kid: key.kid }).sign(key.privateKey)
}

async function verifyWith(findKey: CompactVerifyGetKey, token: string): Promise<JWTPayload | null> {
  try {
    const { payload } = await compactVerify(token, findKey, { algorithms: ['RS256'] })
    return JSON.parse(new TextDecoder().decode(payload)) as JWTPayload
  } catch {
    return null
  }
}
