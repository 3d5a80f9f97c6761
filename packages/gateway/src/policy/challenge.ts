// Values of `WWW-Authenticate`. Nothing that is put into one can end its quotes, its attribute or the header.

/** All that a quoted attribute of RFC 6750 section 3 may hold. */
const NOT_QUOTABLE = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/g

/** Who sends no credentials is told no error (RFC 6750 section 3.1). */
export function askForBearer(realm: string): string {
  return challenge(realm, [])
}

export function refuseBearer(realm: string, error: 'invalid_request' | 'invalid_token'): string {
  return challenge(realm, [['error', error]])
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-3 */
export function askForScopes(realm: string, scopes: readonly string[]): string {
  return challenge(realm, [
    ['error', 'insufficient_scope'],
    ['scope', scopes.join(' ')],
  ])
}

/**
 * `acrValues` empty and `maxAgeSeconds` null ask for nothing of the kind.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9470#section-3
 */
export function askForStepUp(realm: string, acrValues: readonly string[], maxAgeSeconds: number | null): string {
  return challenge(realm, [
    ['error', 'insufficient_user_authentication'],
    ...(acrValues.length === 0 ? [] : [['acr_values', acrValues.join(' ')] as const]),
    ...(maxAgeSeconds === null ? [] : [['max_age', String(maxAgeSeconds)] as const]),
  ])
}

function challenge(realm: string, attributes: readonly (readonly [name: string, value: string])[]): string {
  const quoted = [['realm', realm] as const, ...attributes].map(
    ([name, value]) => `${name}="${value.replace(NOT_QUOTABLE, '?')}"`,
  )
  return `Bearer ${quoted.join(', ')}`
}
