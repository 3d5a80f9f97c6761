// One short text for everything a plan has looked at, in the realm and in the file. Salted, so that nobody can tell from
// two of them whether two realms are alike; secrets have no part in it.
import { createHash, randomBytes } from 'node:crypto'
import { canonical } from './fields.ts'
import type { Finding } from './findings.ts'

const SALT_BYTES = 16

export function createSalt(): string {
  return randomBytes(SALT_BYTES).toString('base64url')
}

export function saltOf(fingerprint: string): string {
  return fingerprint.split('.', 1)[0] ?? ''
}

/** `SALT.HASH`, both in base64url. */
export function fingerprintOf(findings: readonly Finding[], salt: string): string {
  const hash = createHash('sha256')
    .update(`${salt}\n${canonical(findings)}`)
    .digest('base64url')
  return `${salt}.${hash}`
}
