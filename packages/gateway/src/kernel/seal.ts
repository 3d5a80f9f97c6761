// Sealing of what leaves the process: AES-256-GCM under a ring of keys. Each purpose has its own key (HKDF), the
// record's id is bound as associated data, and the first byte is the format, so that nothing sealed for one place
// opens in another (a blob swapped between cookies or rows is refused).
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const FORMAT_VERSION = 1
const KEY_BYTES = 32
const KEY_ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES

export type SealPurpose =
  | 'session'
  | 'login-attempt'
  | 'logout-proof'
  | 'logout-ticket'
  | 'signing-keys'
  | 'realm-endings'

/** One key of the ring. `id` is eight bytes as 16 hexadecimal digits and tells nothing about the key. */
export interface RingKey {
  readonly id: string
  readonly secret: Buffer
}

/** Where sealing keys come from, oldest first. The newest seals; all of them open. */
export interface KeyRing {
  /** The keys now. */
  keys(): readonly RingKey[]
  /** Looks again at the source, for a record under a key that is not known yet. */
  reload(): void
}

export type Opened =
  | { readonly kind: 'opened'; readonly plaintext: Buffer; readonly byNewestKey: boolean }
  | { readonly kind: 'unknown-key' }
  | { readonly kind: 'forged' }

export interface Sealer {
  seal(plaintext: Buffer, recordId: string): Buffer
  open(sealed: Buffer, recordId: string): Opened
}

export function createSealer(ring: KeyRing, purpose: SealPurpose): Sealer {
  // By the key itself, so that a key that left the ring takes its derived key with it.
  const derived = new WeakMap<RingKey, Buffer>()

  function deriveKey(key: RingKey): Buffer {
    let secret = derived.get(key)
    if (secret === undefined) {
      secret = Buffer.from(hkdfSync('sha256', key.secret, '', `doorman/${purpose}/v${FORMAT_VERSION}`, KEY_BYTES))
      derived.set(key, secret)
    }
    return secret
  }

  function findKey(id: string): RingKey | undefined {
    return ring.keys().find((key) => key.id === id)
  }

  return {
    seal(plaintext, recordId) {
      const key = ring.keys().at(-1)
      if (key === undefined) throw new TypeError('the key ring is empty')
      const nonce = randomBytes(NONCE_BYTES)
      const header = Buffer.concat([Buffer.from([FORMAT_VERSION]), Buffer.from(key.id, 'hex'), nonce])
      const cipher = createCipheriv('aes-256-gcm', deriveKey(key), nonce)
      cipher.setAAD(Buffer.concat([header, Buffer.from(recordId)]))
      return Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, recordId) {
      if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== FORMAT_VERSION) return { kind: 'forged' }
      const header = sealed.subarray(0, HEADER_BYTES)
      const keyId = header.toString('hex', 1, 1 + KEY_ID_BYTES)
      if (findKey(keyId) === undefined) ring.reload()
      const key = findKey(keyId)
      if (key === undefined) return { kind: 'unknown-key' }
      const decipher = createDecipheriv('aes-256-gcm', deriveKey(key), header.subarray(1 + KEY_ID_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(Buffer.concat([header, Buffer.from(recordId)]))
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
      try {
        const plaintext = Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES, -TAG_BYTES)), decipher.final()])
        return { kind: 'opened', plaintext, byNewestKey: keyId === ring.keys().at(-1)?.id }
      } catch {
        return { kind: 'forged' }
      }
    },
  }
}
