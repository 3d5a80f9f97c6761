// What an operator does with the signing keys. The keys themselves are told to nobody.
import type { EpochSeconds } from '../kernel/time.ts'
import { changeSigningKeys, generateSigningKey, readSigningKeys, type SigningKeyPlace } from './signing-key-document.ts'
import {
  addKey,
  dropKey,
  publishedKeys,
  publishedUntil,
  type SigningAlgorithm,
  type SigningKeyRecord,
  type SigningKeyRing,
  type SigningKeyState,
  signingKeyAt,
  signingKeyState,
  waitingKey,
  withdrawKey,
} from './signing-key-ring.ts'

/** A key as an operator may see it. Instants are epoch seconds. */
export interface SigningKeyStatus {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly state: SigningKeyState
  readonly createdAt: EpochSeconds
  readonly signsFrom: EpochSeconds
  /** Null: until it is replaced. */
  readonly signsUntil: EpochSeconds | null
  /** Null: until it is replaced. */
  readonly publishedUntil: EpochSeconds | null
}

/** `already-waiting`: a new key was on its way before; nothing was changed. */
export interface SigningKeyRotation {
  readonly kind: 'rotated' | 'already-waiting'
  /** The key that takes over. */
  readonly incoming: SigningKeyStatus
  /** Null when there was none. */
  readonly outgoing: SigningKeyStatus | null
}

/**
 * `retired`: as asked. `already-replaced`: nothing was changed; it does not sign, or ends by itself. `unknown`: there is
 * no such key.
 */
export type SigningKeyRetirement =
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'retired' | 'already-replaced'
      /** Null when it has left the key set at once. */
      readonly retired: SigningKeyStatus | null
      /** What signs now, or will. */
      readonly successor: SigningKeyStatus
    }

/** The published keys, in the order in which they sign. Rejects as `readSigningKeys`. */
export async function listSigningKeys(place: SigningKeyPlace): Promise<readonly SigningKeyStatus[]> {
  const now = place.store.now()
  const ring = publishedKeys((await readSigningKeys(place)).ring, now)
  return ring.toSorted((a, b) => a.signsFrom - b.signsFrom).map((key) => describe(ring, key, now))
}

export function rotateSigningKey(place: SigningKeyPlace, algorithm: SigningAlgorithm): Promise<SigningKeyRotation> {
  return changeSigningKeys<SigningKeyRotation>(place, async (stored) => {
    const now = place.store.now()
    const published = publishedKeys(stored.ring, now)
    const isWaiting = waitingKey(published, now) !== undefined
    const ring = isWaiting ? published : addKey(published, await generateSigningKey(algorithm), now)
    const incoming = newestKey(ring)
    const signing = signingKeyAt(ring, now)
    const outgoing = signing === undefined || signing === incoming ? null : describe(ring, signing, now)
    const outcome = { incoming: describe(ring, incoming, now), outgoing }
    if (isWaiting) return { ring: null, outcome: { kind: 'already-waiting', ...outcome } }
    return { ring, outcome: { kind: 'rotated', ...outcome } }
  })
}

export interface SigningKeyRetirementOrder {
  readonly kid: string
  /** For an incident: nothing that the key has signed is to be believed any more. */
  readonly atOnce: boolean
  /** Of the key that takes over. */
  readonly algorithm: SigningAlgorithm
}

export function retireSigningKey(
  place: SigningKeyPlace,
  order: SigningKeyRetirementOrder,
): Promise<SigningKeyRetirement> {
  return changeSigningKeys<SigningKeyRetirement>(place, async (stored) => {
    const now = place.store.now()
    const published = publishedKeys(stored.ring, now)
    const key = published.find(({ kid }) => kid === order.kid)
    if (key === undefined) return { ring: null, outcome: { kind: 'unknown' } }
    const isEnding = !order.atOnce && key.signsUntil !== null
    const ring = isEnding ? published : await withoutKey(published, key, order, now)
    const retired = ring.find(({ kid }) => kid === order.kid)
    const outcome = {
      retired: retired === undefined ? null : describe(ring, retired, now),
      successor: describe(ring, newestKey(ring), now),
    }
    if (isEnding) return { ring: null, outcome: { kind: 'already-replaced', ...outcome } }
    return { ring, outcome: { kind: 'retired', ...outcome } }
  })
}

async function withoutKey(
  ring: SigningKeyRing,
  key: SigningKeyRecord,
  { atOnce, algorithm }: SigningKeyRetirementOrder,
  now: EpochSeconds,
): Promise<SigningKeyRing> {
  const isWaiting = signingKeyState(ring, key, now) === 'waiting'
  if (!atOnce && isWaiting) return withdrawKey(ring, key, now)
  const rest = atOnce ? dropKey(ring, key, now) : ring
  const needsKey = !atOnce || signingKeyAt(rest, now) === undefined
  return needsKey ? addKey(rest, await generateSigningKey(algorithm), now) : rest
}

/** The one that nothing replaces. */
function newestKey(ring: SigningKeyRing): SigningKeyRecord {
  const newest = ring.find(({ signsUntil }) => signsUntil === null)
  if (newest === undefined) throw new TypeError('a ring ends with a key that nothing replaces')
  return newest
}

function describe(ring: SigningKeyRing, key: SigningKeyRecord, now: EpochSeconds): SigningKeyStatus {
  const { kid, algorithm, createdAt, signsFrom, signsUntil } = key
  const state = signingKeyState(ring, key, now)
  return { kid, algorithm, state, createdAt, signsFrom, signsUntil, publishedUntil: publishedUntil(key) }
}
