// What Keycloak writes into an access token: roles, and what else it says about the person. The token came straight from
// the realm's token endpoint, so its signature is not looked at; an opaque token says nothing.
import { isObject, parseJsonObject } from './json.ts'
import type { Roles } from './token-set.ts'

function parseNames(access: unknown): readonly string[] {
  const names = isObject(access) ? access.roles : undefined
  return Array.isArray(names) ? [...new Set(names.filter((name) => typeof name === 'string'))] : []
}

/** The claims of a JWT, not verified; null when it is none. */
export function decodeClaims(jwt: string): Readonly<Record<string, unknown>> | null {
  const [, claims, signature] = jwt.split('.')
  return claims === undefined || signature === undefined
    ? null
    : parseJsonObject(Buffer.from(claims, 'base64url').toString('utf8'))
}

/** What the protocol says about the token itself, and what `parseRoles` reads. */
const NOT_ABOUT_THE_PERSON: readonly string[] = [
  'iss',
  'sub',
  'aud',
  'azp',
  'typ',
  'jti',
  'exp',
  'iat',
  'nbf',
  'sid',
  'session_state',
  'nonce',
  'acr',
  'auth_time',
  'cnf',
  'allowed-origins',
  'realm_access',
  'resource_access',
]

/** What an access token says about the person beyond the roles, such as `scope`, `groups` and `organization`. */
export function parseAccessClaims(accessToken: string): Readonly<Record<string, unknown>> {
  const claims = Object.entries(decodeClaims(accessToken) ?? {})
  return Object.fromEntries(claims.filter(([name]) => !NOT_ABOUT_THE_PERSON.includes(name)))
}

export function parseRoles(accessToken: string): Roles {
  const claims = decodeClaims(accessToken)
  const clients = isObject(claims?.resource_access) ? Object.entries(claims.resource_access) : []
  const clientRoles = clients.map(([clientId, access]) => [clientId, parseNames(access)] as const)
  return {
    realmRoles: parseNames(claims?.realm_access),
    clientRoles: Object.fromEntries(clientRoles.filter(([, names]) => names.length > 0)),
  }
}
