// Scopes as a Keycloak realm has them by default.
const DEFAULT_SCOPES = ['email', 'profile'] as const

export const EXTRA_SCOPES = [
  'email',
  'profile',
  'offline_access',
  'roles',
  'web-origins',
  'acr',
  'basic',
  'address',
  'phone',
  'microprofile-jwt',
  'organization',
] as const

/** The scopes asked for that no realm has. */
export function findUnknownScopes(requested: string): readonly string[] {
  const known: readonly string[] = ['openid', ...EXTRA_SCOPES]
  return splitScope(requested).filter((name) => !known.includes(name))
}

/** What is granted: what was asked for, and the client's default scopes whether it asked or not. */
export function grantScope(requested: string): string {
  return [...new Set([...splitScope(requested), ...DEFAULT_SCOPES])].join(' ')
}

function splitScope(scope: string): readonly string[] {
  return scope.split(' ').filter((name) => name !== '')
}
