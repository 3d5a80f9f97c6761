// Random values that nobody can guess, their names in the store, and how they are compared.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** base64url. 32 bytes are 43 characters. */
export function createSecret(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

/** SHA-256, base64url: names a secret without telling it. */
export function hashSecret(text: string): string {
  return sha256(text).toString('base64url')
}

/** Compares hashes, so that neither the time nor the length tells how much was right. */
export function isSameSecret(expected: string, given: string): boolean {
  return timingSafeEqual(sha256(expected), sha256(given))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
