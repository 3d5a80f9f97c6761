// Whether an issuer has signed a token. No clock; what the token claims is judged elsewhere.
import { compactVerify } from 'jose'
import type { BearerFault } from './bearer-error.ts'
import type { Claims } from './claims.ts'
import type { KeySet, VerificationKey } from './key-set.ts'
import { parseJson } from './token-form.ts'

export type JwsVerdict =
  | { readonly kind: 'verified'; readonly claims: Claims; readonly keyId: string }
  | { readonly kind: 'invalid'; readonly reason: BearerFault }

interface JwsHeader {
  readonly alg: string
  readonly kid?: string
}

type HeaderVerdict =
  | { readonly kind: 'valid'; readonly header: JwsHeader }
  | { readonly kind: 'invalid'; readonly reason: BearerFault }

function validateHeader(header: Claims, algorithms: readonly string[]): HeaderVerdict {
  const { alg, kid, crit, b64 } = header
  if (typeof alg !== 'string' || !algorithms.includes(alg)) return { kind: 'invalid', reason: 'algorithm' }
  // We understand no extension, so any is one we do not understand (RFC 7515 section 4.1.11; RFC 7797 for `b64`).
  if (crit !== undefined || b64 !== undefined) return { kind: 'invalid', reason: 'critical-extension' }
  if (kid === undefined) return { kind: 'valid', header: { alg } }
  return typeof kid === 'string' ? { kind: 'valid', header: { alg, kid } } : { kind: 'invalid', reason: 'key' }
}

async function verifyWith({ key }: VerificationKey, token: string, alg: string): Promise<Uint8Array | null> {
  try {
    return (await compactVerify(token, key, { algorithms: [alg] })).payload
  } catch {
    return null
  }
}

/**
 * Verifies a compact JWS by the keys of an issuer.
 * Rejects only when the issuer cannot be asked for a key that is not known.
 */
export async function verifyJws(
  token: string,
  unverifiedHeader: Claims,
  algorithms: readonly string[],
  keySet: KeySet,
): Promise<JwsVerdict> {
  const verdict = validateHeader(unverifiedHeader, algorithms)
  if (verdict.kind === 'invalid') return verdict
  const keys = await keySet.find(verdict.header)
  if (keys.length === 0) return { kind: 'invalid', reason: 'key' }
  for (const key of keys) {
    const signed = await verifyWith(key, token, verdict.header.alg)
    if (signed === null) continue
    const claims = parseJson(signed)
    return claims === null ? { kind: 'invalid', reason: 'claims' } : { kind: 'verified', claims, keyId: key.id }
  }
  return { kind: 'invalid', reason: 'signature' }
}
