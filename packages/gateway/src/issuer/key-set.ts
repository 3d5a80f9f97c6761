// The public keys of internal tokens, for any JWT library (RFC 7517 section 5).
import type { JSONWebKeySet } from 'jose'
import type { Reply } from '../http/reply.ts'
import { GatewayError } from '../kernel/errors.ts'
import { within } from '../kernel/wait.ts'
import type { SigningKeys } from '../tokens/signing-keys.ts'
import { buildPublicDocument } from './public-document.ts'

export interface KeySetOptions {
  readonly keys: Pick<SigningKeys, 'keySet'>
}

export interface PublishedKeySetOptions {
  readonly keys: Pick<SigningKeys, 'keySet' | 'reload'>
}

/** A store that is slow must not keep anybody from the keys at hand. */
const LOOK_SECONDS = 1

/**
 * As the store has it now: whoever asks has perhaps met a key that another replica signs with already, and a service
 * that does not find it here asks again only after a while.
 *
 * Rejects with `ERR_SIGNING_KEYS_UNAVAILABLE` before the keys have been loaded.
 */
export async function answerKeySet(options: PublishedKeySetOptions): Promise<Reply> {
  await within(options.keys.reload(), LOOK_SECONDS)
  return buildPublicDocument(readKeySet(options))
}

/** An empty key set must not be remembered by anybody. */
export function readKeySet({ keys }: KeySetOptions): JSONWebKeySet {
  const keySet = keys.keySet()
  if (keySet.keys.length > 0) return keySet
  throw new GatewayError('ERR_SIGNING_KEYS_UNAVAILABLE', { because: 'no key has been loaded' })
}
