// Message authentication under the key ring. Each purpose has a key of its own, and none of them seals anything.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { KeyRing, RingKey, SealPurpose } from './seal.ts'

const FORMAT_VERSION = 1
const KEY_BYTES = 32

export interface Mac {
  /** HMAC-SHA-256 under the newest key, base64url. */
  sign(text: string): string
  /** Under any key of the ring, in constant time. */
  verify(text: string, proof: string): boolean
}

export function createMac(ring: KeyRing, purpose: SealPurpose): Mac {
  function compute(key: RingKey, text: string): Buffer {
    const secret = hkdfSync('sha256', key.secret, '', `doorman/mac/${purpose}/v${FORMAT_VERSION}`, KEY_BYTES)
    return createHmac('sha256', Buffer.from(secret)).update(text).digest()
  }

  return {
    sign(text) {
      const key = ring.keys().at(-1)
      if (key === undefined) throw new TypeError('the key ring is empty')
      return compute(key, text).toString('base64url')
    },
    verify(text, proof) {
      const given = Buffer.from(proof, 'base64url')
      return ring.keys().some((key) => {
        const expected = compute(key, text)
        return given.length === expected.length && timingSafeEqual(given, expected)
      })
    },
  }
}
