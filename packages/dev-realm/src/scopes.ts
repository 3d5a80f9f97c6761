// Scopes as a Keycloak realm has them by default, and those of one client.
import type { DevClient } from './options.ts'

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

/** The scopes asked for that the client cannot have. */
export function findUnknownScopes(requested: string, client: DevClient | undefined): readonly string[] {
  const known: readonly string[] = ['openid', ...EXTRA_SCOPES, ...Object.keys(client?.optionalScopes ?? {})]
  return splitScope(requested).filter((name) => !known.includes(name) && !name.startsWith('organization:'))
}

/** What is granted: what was asked for, and the client's default scopes whether it asked or not. */
export function grantScope(requested: string): string {
  return [...new Set([...splitScope(requested), ...DEFAULT_SCOPES])].join(' ')
}

/** What tokens and answers say of it: Keycloak keeps scopes without "Include in token scope" to itself. */
export function buildTokenScope(granted: string, client: DevClient): string {
  const isTold = (name: string) => {
    const optional = client.optionalScopes?.[name]
    return optional === undefined || optional.inTokenScope === true
  }
  return splitScope(granted).filter(isTold).join(' ')
}

/** The audiences that the granted optional scopes add. */
export function findScopeAudiences(granted: string, client: DevClient): readonly string[] {
  return splitScope(granted).flatMap((name) => client.optionalScopes?.[name]?.audience ?? [])
}

export function hasScope(scope: string, name: string): boolean {
  return splitScope(scope).includes(name)
}

export function splitScope(scope: string): readonly string[] {
  return scope.split(' ').filter((name) => name !== '')
}
