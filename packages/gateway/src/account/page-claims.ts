// Which claims a page may see: those the configuration lists, and never what belongs to the protocol.

/** The realm's `sid` and the secrets of one login stay here, whatever is listed. */
const HIDDEN_CLAIMS: ReadonlySet<string> = new Set([
  'sid',
  'session_state',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'jti',
])

export function pickPageClaims(
  claims: Readonly<Record<string, unknown>>,
  listed: readonly string[],
): Readonly<Record<string, unknown>> {
  const names = listed.filter((name) => !HIDDEN_CLAIMS.has(name) && Object.hasOwn(claims, name))
  return Object.fromEntries(names.map((name) => [name, claims[name]]))
}
