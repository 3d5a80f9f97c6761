// The signing keys as the store keeps them: one sealed JSON document, changed by compare-and-set. A document that cannot
// be opened is an operator's matter and is never replaced by new keys. Nothing here puts a key into an error.
import { generateKeyPair as generateKeyPairByCallback, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { GatewayError } from '../kernel/errors.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { SessionStore, StoredDocument } from '../session/session-store.ts'
import type { FreshKey, SigningAlgorithm, SigningKeyRing } from './signing-key-ring.ts'

const generateKeyPair = promisify(generateKeyPairByCallback)

const DOCUMENT_NAME = 'signing-keys'
const DOCUMENT_FORMAT = 1
const MODULUS_BITS = 2048
const WRITE_ATTEMPTS = 10

export interface SigningKeyPlace {
  readonly store: Pick<SessionStore, 'now' | 'readDocument' | 'writeDocument'>
  /** Of the purpose `signing-keys`. */
  readonly sealer: Sealer
}

export interface StoredRing {
  readonly ring: SigningKeyRing
  /** 0 when there is no document yet. */
  readonly version: number
  readonly isSealedByNewest: boolean
}

/** Rejects with `ERR_STORE_UNAVAILABLE`, or with `ERR_SIGNING_KEYS_UNAVAILABLE` when the document cannot be opened. */
export async function readSigningKeys({ store, sealer }: SigningKeyPlace): Promise<StoredRing> {
  const document = await store.readDocument(DOCUMENT_NAME)
  return document === undefined ? { ring: [], version: 0, isSealedByNewest: true } : openDocument(document, sealer)
}

/**
 * Writes what `change` makes of the keys, and again if somebody else wrote meanwhile. Null writes nothing.
 * Rejects as `readSigningKeys`.
 */
export async function changeSigningKeys<Outcome>(
  place: SigningKeyPlace,
  change: (stored: StoredRing) => Promise<{ readonly ring: SigningKeyRing | null; readonly outcome: Outcome }>,
): Promise<Outcome> {
  for (let attempt = 0; attempt < WRITE_ATTEMPTS; attempt++) {
    const stored = await readSigningKeys(place)
    const { ring, outcome } = await change(stored)
    if (ring === null || (await writeSigningKeys(place, ring, stored.version))) return outcome
  }
  throw new GatewayError('ERR_STORE_UNAVAILABLE', { reason: 'signing keys written by others at every attempt' })
}

function writeSigningKeys(place: SigningKeyPlace, ring: SigningKeyRing, version: number): Promise<boolean> {
  const text = JSON.stringify({ format: DOCUMENT_FORMAT, keys: ring })
  return place.store.writeDocument(DOCUMENT_NAME, place.sealer.seal(Buffer.from(text), DOCUMENT_NAME), version)
}

function openDocument({ sealed, version }: StoredDocument, sealer: Sealer): StoredRing {
  const opened = sealer.open(sealed, DOCUMENT_NAME)
  if (opened.kind === 'unknown-key') throw unavailable('the sealing key is missing from the ring')
  if (opened.kind === 'forged') throw unavailable('the document does not open')
  const { format, keys } = JSON.parse(opened.plaintext.toString()) as { format: number; keys: SigningKeyRing }
  if (format !== DOCUMENT_FORMAT) throw unavailable('the document is of a newer version of Doorman')
  return { ring: keys, version, isSealedByNewest: opened.byNewestKey }
}

function unavailable(because: string): GatewayError {
  return new GatewayError('ERR_SIGNING_KEYS_UNAVAILABLE', { because })
}

export async function generateSigningKey(algorithm: SigningAlgorithm): Promise<FreshKey> {
  const jwk = (await generatePrivateKey(algorithm)).export({ format: 'jwk' }) as JWK
  const kid = await calculateJwkThumbprint(jwk)
  // A command line would take it for an option.
  return kid.startsWith('-') ? generateSigningKey(algorithm) : { kid, algorithm, jwk }
}

async function generatePrivateKey(algorithm: SigningAlgorithm): Promise<KeyObject> {
  switch (algorithm) {
    case 'RS256':
      return (await generateKeyPair('rsa', { modulusLength: MODULUS_BITS })).privateKey
    case 'ES256':
      return (await generateKeyPair('ec', { namedCurve: 'P-256' })).privateKey
    case 'EdDSA':
      return (await generateKeyPair('ed25519')).privateKey
  }
}
