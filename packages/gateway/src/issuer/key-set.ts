// The public keys of internal tokens, for any JWT library (RFC 7517 section 5).
import type { JSONWebKeySet } from 'jose'
import type { Reply } from '../http/reply.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { SigningKeys } from '../tokens/signing-keys.ts'
import { buildPublicDocument } from './public-document.ts'

export interface KeySetOptions {
  readonly keys: Pick<SigningKeys, 'keySet'>
}

/** Rejects with `ERR_SIGNING_KEYS_UNAVAILABLE` before the keys have been loaded. */
export async function answerKeySet(options: KeySetOptions): Promise<Reply> {
  return buildPublicDocument(readKeySet(options))
}

/** An empty key set must not be remembered by anybody. */
export function readKeySet({ keys }: KeySetOptions): JSONWebKeySet {
  const keySet = keys.keySet()
  if (keySet.keys.length > 0) return keySet
  throw new GatewayError('ERR_SIGNING_KEYS_UNAVAILABLE', { because: 'no key has been loaded' })
}
