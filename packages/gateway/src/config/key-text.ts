// Keys as an operator writes them: PEM, or a JWK as JSON.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { SignatureAlgorithm } from './gateway-config.ts'

export function readPrivateKey(text: string): KeyObject | undefined {
  try {
    return isJson(text) ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' }) : createPrivateKey(text)
  } catch {
    return undefined
  }
}

/** A private key is none, although the public one could be had from it: it belongs to somebody else. */
export function readPublicKey(text: string): KeyObject | undefined {
  try {
    if (!isJson(text)) return text.includes('-----BEGIN PUBLIC KEY-----') ? createPublicKey(text) : undefined
    const key = JSON.parse(text)
    return 'd' in key ? undefined : createPublicKey({ key, format: 'jwk' })
  } catch {
    return undefined
  }
}

function isJson(text: string): boolean {
  return text.trimStart().startsWith('{')
}

export const CURVES: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' }

export function keyFits(key: KeyObject, algorithm: SignatureAlgorithm): boolean {
  const curve = CURVES[algorithm]
  if (curve !== undefined) return key.asymmetricKeyDetails?.namedCurve === curve
  return key.asymmetricKeyType === (algorithm === 'EdDSA' ? 'ed25519' : 'rsa')
}
