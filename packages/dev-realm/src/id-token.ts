// ID tokens, right ones and those that a relying party must refuse.
import { createSecretKey } from 'node:crypto'
import { exportSPKI, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { generateSigningKey, type SigningKeys, signWith } from './signing-keys.ts'

export type IdTokenFault =
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'strange-audience'
  | 'wrong-azp'
  | 'wrong-nonce'
  | 'missing-nonce'
  | 'missing-subject'
  | 'other-subject'
  | 'wrong-access-token-hash'
  | 'expired'
  | 'from-the-future'
  | 'bad-signature'
  | 'unknown-key'
  | 'algorithm-none'
  | 'algorithm-hs256'
  | 'absent'
  | 'not-a-token'
  /** Any claims; undefined leaves one out. */
  | { readonly claims: Readonly<Record<string, unknown>> }

const OTHER_SUBJECT = '00000000-0000-4000-8000-000000000099'
const HOUR_SECONDS = 3600

/** Undefined when the fault is that there is none. */
export async function issueIdToken(
  keys: SigningKeys,
  claims: JWTPayload,
  fault: IdTokenFault | undefined,
): Promise<string | undefined> {
  if (fault === 'absent') return undefined
  if (fault === 'not-a-token') return 'not-a-token'
  const changed = { ...claims, ...findClaimChanges(claims, fault) }
  if (fault === 'algorithm-none') return new UnsecuredJWT(changed).encode()
  if (fault === 'algorithm-hs256') return signWithPublicKey(keys, changed)
  if (fault === 'unknown-key') return signWith(await generateSigningKey(), changed)
  if (fault === 'bad-signature') return signWith({ ...(await generateSigningKey()), kid: keys.current().kid }, changed)
  return keys.sign(changed)
}

function findClaimChanges(claims: JWTPayload, fault: IdTokenFault | undefined): JWTPayload {
  if (typeof fault === 'object') return fault.claims
  switch (fault) {
    case 'wrong-issuer':
      return { iss: `${claims.iss}-of-somebody-else` }
    case 'wrong-audience':
      return { aud: 'somebody-else' }
    case 'strange-audience':
      return { aud: [String(claims.aud), 'somebody-else'] }
    case 'wrong-azp':
      return { azp: 'somebody-else' }
    case 'wrong-nonce':
      return { nonce: 'somebody-elses-nonce' }
    case 'missing-nonce':
      return { nonce: undefined }
    case 'missing-subject':
      return { sub: undefined } as unknown as JWTPayload
    case 'other-subject':
      return { sub: OTHER_SUBJECT }
    case 'wrong-access-token-hash':
      return { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }
    case 'expired':
      return { iat: Number(claims.iat) - 2 * HOUR_SECONDS, exp: Number(claims.iat) - HOUR_SECONDS }
    case 'from-the-future':
      return { iat: Number(claims.iat) + HOUR_SECONDS, exp: Number(claims.iat) + 2 * HOUR_SECONDS }
    default:
      return {}
  }
}

// The oldest trick: the public key's PEM as the HMAC secret (RFC 8725 section 2.1).
async function signWithPublicKey(keys: SigningKeys, claims: JWTPayload): Promise<string> {
  const { kid, publicJwk } = keys.current()
  const publicKey = await importJWK(publicJwk, 'RS256', { extractable: true })
  if (publicKey instanceof Uint8Array) throw new TypeError('an RSA key is no byte string')
  const pem = await exportSPKI(publicKey)
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid })
    .sign(createSecretKey(Buffer.from(pem)))
}
