// What a token looks like before anything in it is believed. No I/O, no clock, no cryptography.
import { type Claims, isObject } from './claims.ts'

/** Keycloak's token of a person with 500 roles has 15 kB, and no common server takes twice that in a header. */
export const TOKEN_MAX_CHARACTERS = 32_768

export type TokenForm =
  /** A signed token, not verified. */
  | { readonly kind: 'jws'; readonly header: Claims; readonly claims: Claims }
  /** No JOSE object at all: only its issuer can say what it is. */
  | { readonly kind: 'opaque' }
  /** A JOSE object, but none that we take: encrypted, truncated, or not written the one way there is. */
  | { readonly kind: 'malformed' }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function parseJson(bytes: Uint8Array): Claims | null {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes))
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

/** Null unless written canonically, so that no second text stands for the same token. */
function decodePart(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : null
}

function decodeObject(part: string): Claims | null {
  const bytes = decodePart(part)
  return bytes === null ? null : parseJson(bytes)
}

export function parseTokenForm(token: string): TokenForm {
  const [first = '', second = '', third = '', ...more] = token.split('.', 6)
  const header = decodeObject(first)
  if (header === null) return /^ey|\.e/.test(token) ? { kind: 'malformed' } : { kind: 'opaque' }
  const claims = decodeObject(second)
  if (claims === null || third === '' || more.length > 0 || decodePart(third) === null) return { kind: 'malformed' }
  return { kind: 'jws', header, claims }
}
