// A client's proof by its private key (RFC 7523 section 2.2, OpenID Connect Core section 9, private_key_jwt).
import { constants, createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import { ProvisionError } from '../errors.ts'

const ASSERTION_LIFETIME_SECONDS = 60

export interface AssertionOptions {
  readonly clientId: string
  /** The public issuer, and nothing beside it: Keycloak refuses several. */
  readonly audience: string
  /** PKCS #8 PEM or a JWK as JSON. */
  readonly privateKey: string
  readonly algorithm: string
  /** Null: the JWK's own `kid`, or none. */
  readonly keyId: string | null
  readonly nowSeconds: number
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
const EC = { dsaEncoding: 'ieee-p1363' } as const

const ALGORITHMS: Readonly<
  Record<string, { readonly hash: string | null; readonly key: string; readonly how: object }>
> = {
  RS256: { hash: 'sha256', key: 'rsa', how: {} },
  RS384: { hash: 'sha384', key: 'rsa', how: {} },
  RS512: { hash: 'sha512', key: 'rsa', how: {} },
  PS256: { hash: 'sha256', key: 'rsa', how: PSS },
  PS384: { hash: 'sha384', key: 'rsa', how: PSS },
  PS512: { hash: 'sha512', key: 'rsa', how: PSS },
  ES256: { hash: 'sha256', key: 'ec prime256v1', how: EC },
  ES384: { hash: 'sha384', key: 'ec secp384r1', how: EC },
  ES512: { hash: 'sha512', key: 'ec secp521r1', how: EC },
  EdDSA: { hash: null, key: 'ed25519', how: {} },
}

/** Another one each time. Throws `ERR_ADMIN_CREDENTIAL` for a key that cannot be read or does not fit its algorithm. */
export function signClientAssertion(options: AssertionOptions): string {
  const { clientId, audience, algorithm, nowSeconds } = options
  const { key, keyId } = readPrivateKey(options.privateKey)
  const facts = ALGORITHMS[algorithm]
  if (facts === undefined || facts.key !== describeKey(key)) {
    throw keyError(`a private key of type ${describeKey(key)} cannot sign ${algorithm}`)
  }
  const kid = options.keyId ?? keyId
  const header = { alg: algorithm, typ: 'JWT', ...(kid === null ? {} : { kid }) }
  const iat = Math.floor(nowSeconds)
  const exp = iat + ASSERTION_LIFETIME_SECONDS
  const claims = { iss: clientId, sub: clientId, aud: audience, jti: randomUUID(), iat, exp }
  const signed = `${encode(header)}.${encode(claims)}`
  const signature = sign(facts.hash, Buffer.from(signed), { key, ...facts.how })
  return `${signed}.${signature.toString('base64url')}`
}

function readPrivateKey(text: string): { readonly key: KeyObject; readonly keyId: string | null } {
  try {
    if (!text.trimStart().startsWith('{')) return { key: createPrivateKey(text), keyId: null }
    const jwk = JSON.parse(text) as { readonly kid?: unknown }
    return {
      key: createPrivateKey({ key: { ...jwk }, format: 'jwk' }),
      keyId: typeof jwk.kid === 'string' ? jwk.kid : null,
    }
  } catch {
    // The cause could quote the key.
    throw keyError('the private key is neither PEM nor JWK')
  }
}

function describeKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const curve = asymmetricKeyDetails?.namedCurve
  return curve === undefined ? `${asymmetricKeyType}` : `${asymmetricKeyType} ${curve}`
}

function keyError(because: string): ProvisionError {
  return new ProvisionError('ERR_ADMIN_CREDENTIAL', `The credential of the admin interface: ${because}`, {
    reason: 'key',
  })
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
