// An internal token that a service presents back to us, to act for the person in it. Nowhere else is a token of our own
// accepted.
import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import type { EpochSeconds } from '../kernel/time.ts'
import { type KeySetOptions, readKeySet } from './key-set.ts'

export type SubjectTokenVerdict =
  | {
      readonly kind: 'valid'
      readonly subject: string
      readonly handle: string
      /** Null for none. */
      readonly tenant: string | null
    }
  | { readonly kind: 'invalid'; readonly because: string }

export interface SubjectTokenOptions extends KeySetOptions {
  /** As in `iss`: the public URL. */
  readonly issuer: string
  readonly now: () => EpochSeconds
}

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA']
const CLOCK_TOLERANCE_SECONDS = 5

/**
 * Whether we minted it for one of these audiences, and for whom. A token minted for a bearer names no session and is
 * invalid here. Rejects with `ERR_SIGNING_KEYS_UNAVAILABLE`.
 */
export async function verifySubjectToken(
  token: string,
  audiences: readonly string[],
  options: SubjectTokenOptions,
): Promise<SubjectTokenVerdict> {
  const keySet = createLocalJWKSet(readKeySet(options))
  try {
    const { payload } = await jwtVerify(token, keySet, {
      algorithms: ALGORITHMS,
      typ: 'at+jwt',
      issuer: options.issuer,
      audience: [...audiences],
      requiredClaims: ['exp', 'sub', 'sid'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(options.now() * 1000),
    })
    const { sub, sid, tenant } = payload
    if (typeof sub !== 'string' || typeof sid !== 'string') return { kind: 'invalid', because: 'names no session' }
    return { kind: 'valid', subject: sub, handle: sid, tenant: typeof tenant === 'string' ? tenant : null }
  } catch (error) {
    if (error instanceof errors.JOSEError) return { kind: 'invalid', because: error.code }
    throw error
  }
}
