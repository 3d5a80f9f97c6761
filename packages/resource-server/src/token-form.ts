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

export interface JwsParts {
  readonly header: Claims
  /** Encoded still. */
  readonly signed: string
}

/** A compact JWS with a signature, each part of it written canonically; null for anything else. */
export function parseJwsParts(token: string): JwsParts | null {
  const [first = '', signed = '', signature = '', ...more] = token.split('.', 4)
  const header = decodeObject(first)
  if (header === null || signature === '' || more.length > 0) return null
  return decodePart(signed) === null || decodePart(signature) === null ? null : { header, signed }
}

/** Whether it starts as JOSE objects do, in whatever spelling. */
function hasJoseHeader(token: string): boolean {
  return parseJson(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url')) !== null
}

export function parseTokenForm(token: string): TokenForm {
  const parts = parseJwsParts(token)
  if (parts === null) return hasJoseHeader(token) ? { kind: 'malformed' } : { kind: 'opaque' }
  const claims = decodeObject(parts.signed)
  return claims === null ? { kind: 'malformed' } : { kind: 'jws', header: parts.header, claims }
}
