// What an access token says, unverified: it comes from the realm itself, and nothing is granted by it.

export interface TokenClaims {
  readonly issuedAt: number | null
  readonly audiences: readonly string[]
  readonly realmRoles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
}

/** Undefined for a token that is no JWT. */
export function readClaims(token: string): TokenClaims | undefined {
  const claims = parsePayload(token.split('.')[1] ?? '')
  if (claims === undefined) return undefined
  const access = Object.entries(recordOf(claims.resource_access))
  return {
    issuedAt: typeof claims.iat === 'number' ? claims.iat : null,
    audiences: namesOf([claims.aud].flat()),
    realmRoles: namesOf(recordOf(claims.realm_access).roles),
    clientRoles: Object.fromEntries(access.map(([clientId, roles]) => [clientId, namesOf(recordOf(roles).roles)])),
  }
}

function parsePayload(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? recordOf(value) : undefined
  } catch {
    return undefined
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function namesOf(values: unknown): readonly string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : []
}
