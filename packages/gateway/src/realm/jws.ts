// Whether the realm has signed a token. No clock; what the token claims is judged elsewhere.
import { type CryptoKey, compactVerify, decodeProtectedHeader, type ProtectedHeaderParameters } from 'jose'
import { parseJsonObject } from './json.ts'
import type { KeySet } from './key-set.ts'

export type JwsVerdict =
  | {
      readonly kind: 'verified'
      readonly algorithm: string
      readonly claims: Readonly<Record<string, unknown>>
    }
  /** The realm has no such key, as far as it could be asked. */
  | { readonly kind: 'no-key' }
  | { readonly kind: 'invalid'; readonly reason: JwsFault }

/** `claims`: the signature is good, but what it signs is no object. */
export type JwsFault = 'malformed' | 'algorithm' | 'crit' | 'typ' | 'signature' | 'claims'

// Asymmetric only: `none` and HMAC with a public key as secret are refused whatever the list says (RFC 8725 section 3.1).
const ASYMMETRIC = /^(?:[RP]S(?:256|384|512)|ES(?:256|384|512)|EdDSA|Ed25519)$/

function parseHeader(token: string): ProtectedHeaderParameters | null {
  try {
    return decodeProtectedHeader(token)
  } catch {
    return null
  }
}

function findHeaderFault(
  header: ProtectedHeaderParameters,
  algorithms: readonly string[],
  type: string,
): JwsFault | null {
  if (typeof header.alg !== 'string' || !ASYMMETRIC.test(header.alg) || !algorithms.includes(header.alg)) {
    return 'algorithm'
  }
  // We understand no extension, so any is one we do not understand (RFC 7515 section 4.1.11).
  if (header.crit !== undefined) return 'crit'
  return isOfType(header.typ, type) ? null : 'typ'
}

/** Keeps tokens of other kinds out (RFC 8725 section 3.11). Only the plain type goes without saying. */
function isOfType(typ: unknown, type: string): boolean {
  if (typ === undefined) return type === 'jwt'
  return typeof typ === 'string' && typ.toLowerCase().replace(/^application\//, '') === type
}

async function verifyWith(key: CryptoKey, token: string, algorithm: string): Promise<Uint8Array | null> {
  try {
    return (await compactVerify(token, key, { algorithms: [algorithm] })).payload
  } catch {
    return null
  }
}

/**
 * Verifies a compact JWS by the realm's keys.
 * Throws only when the key set cannot be had at all: `ERR_REALM_UNREACHABLE`, `ERR_REALM_TIMEOUT`, `ERR_REALM_METADATA_INVALID`.
 * @param type the only `typ` accepted, in lower case; `jwt` may be left out of a token
 */
export async function verifyJws(
  token: string,
  type: string,
  algorithms: readonly string[],
  keySet: KeySet,
): Promise<JwsVerdict> {
  const header = parseHeader(token)
  if (header === null) return { kind: 'invalid', reason: 'malformed' }
  const fault = findHeaderFault(header, algorithms, type)
  const { alg } = header
  if (fault !== null || alg === undefined) return { kind: 'invalid', reason: fault ?? 'algorithm' }
  const keys = await keySet.find({ ...header, alg })
  if (keys.length === 0) return { kind: 'no-key' }
  for (const key of keys) {
    const text = await verifyWith(key, token, alg)
    if (text === null) continue
    const claims = parseJsonObject(Buffer.from(text).toString('utf8'))
    return claims === null ? { kind: 'invalid', reason: 'claims' } : { kind: 'verified', algorithm: alg, claims }
  }
  return { kind: 'invalid', reason: 'signature' }
}
