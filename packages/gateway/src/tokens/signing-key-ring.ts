// The signing keys of internal tokens over time: which one signs, which are published, what a rotation changes. A key is
// published before it signs and until its last token has ended, so that no service ever meets a token of an unknown
// key. No I/O and no clock.
import type { JWK } from 'jose'
import type { EpochSeconds } from '../kernel/time.ts'

export type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA'

/** A key pair before it has a place among the others. */
export interface FreshKey {
  /** The thumbprint of the public key (RFC 7638). */
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  /** Private. */
  readonly jwk: JWK
}

/** The spans in which the keys sign follow one another without a gap; a key that will never sign has an empty one. */
export interface SigningKeyRecord extends FreshKey {
  readonly createdAt: EpochSeconds
  readonly signsFrom: EpochSeconds
  /** Null: until it is replaced. */
  readonly signsUntil: EpochSeconds | null
}

export type SigningKeyRing = readonly SigningKeyRecord[]

/** `waiting`: published, signs later. `replaced`: published until its last token has ended. */
export type SigningKeyState = 'waiting' | 'signing' | 'replaced'

/** How long services and caches may hold the published key set. */
export const KEY_SET_MAX_AGE_SECONDS = 300
/** Until each gateway has seen a new key in the store. */
const SEEN_BY_ALL_SECONDS = 30
const LEAD_SECONDS = KEY_SET_MAX_AGE_SECONDS + SEEN_BY_ALL_SECONDS
const TOKEN_MAX_LIFE_SECONDS = 300
/** For clocks that differ, and for a gateway that learns late of a change. */
const TOLERANCE_SECONDS = 60

/** Null while nothing replaces the key. */
export function publishedUntil({ signsUntil }: SigningKeyRecord): EpochSeconds | null {
  return signsUntil === null ? null : signsUntil + TOKEN_MAX_LIFE_SECONDS + TOLERANCE_SECONDS
}

export function publishedKeys(ring: SigningKeyRing, now: EpochSeconds): SigningKeyRing {
  return ring.filter((key) => (publishedUntil(key) ?? Number.POSITIVE_INFINITY) > now)
}

/** The first whose span has not ended: a clock that is a little behind must not be without a key. */
export function signingKeyAt(ring: SigningKeyRing, now: EpochSeconds): SigningKeyRecord | undefined {
  return ring
    .toSorted((a, b) => a.signsFrom - b.signsFrom)
    .find(({ signsUntil }) => signsUntil === null || signsUntil > now)
}

export function signingKeyState(ring: SigningKeyRing, key: SigningKeyRecord, now: EpochSeconds): SigningKeyState {
  if (key.kid === signingKeyAt(ring, now)?.kid) return 'signing'
  return key.signsUntil === null || key.signsUntil > now ? 'waiting' : 'replaced'
}

/** The key that has been made to replace the one that signs. */
export function waitingKey(ring: SigningKeyRing, now: EpochSeconds): SigningKeyRecord | undefined {
  return ring.find((key) => signingKeyState(ring, key, now) === 'waiting')
}

/** The fresh key signs after the lead, or at once when nothing signs. */
export function addKey(ring: SigningKeyRing, fresh: FreshKey, now: EpochSeconds): SigningKeyRing {
  const signsFrom = signingKeyAt(ring, now) === undefined ? now : now + LEAD_SECONDS
  const older = ring.map((key) => (key.signsUntil === null ? { ...key, signsUntil: signsFrom } : key))
  return [...older, { ...fresh, createdAt: now, signsFrom, signsUntil: null }]
}

/** A waiting key that will never sign. It stays published for a gateway that does not know yet. */
export function withdrawKey(ring: SigningKeyRing, waiting: SigningKeyRecord, now: EpochSeconds): SigningKeyRing {
  return ring.map((key) => {
    if (key.kid === waiting.kid) return { ...key, signsFrom: now, signsUntil: now }
    return key.signsUntil === waiting.signsFrom ? { ...key, signsUntil: waiting.signsUntil } : key
  })
}

/** Unpublished at once. If it signed, a waiting key takes over now; without one the ring is left with none that signs. */
export function dropKey(ring: SigningKeyRing, dropped: SigningKeyRecord, now: EpochSeconds): SigningKeyRing {
  const state = signingKeyState(ring, dropped, now)
  const rest = (state === 'waiting' ? withdrawKey(ring, dropped, now) : ring).filter(({ kid }) => kid !== dropped.kid)
  if (state !== 'signing') return rest
  return rest.map((key) => (key.signsFrom === dropped.signsUntil ? { ...key, signsFrom: now } : key))
}
