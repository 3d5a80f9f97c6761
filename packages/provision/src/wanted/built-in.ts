// What every realm of Keycloak has from the start, and nobody makes.

/** Keycloak assigns it to each client with a service account, again at every change of the client. */
export const SERVICE_ACCOUNT_SCOPE = 'service_account'
/** Every client has them without asking. */
const DEFAULT_SCOPES = ['acr', 'basic', 'email', 'profile', 'roles', SERVICE_ACCOUNT_SCOPE, 'web-origins']
/** A client that asks for one must have been given it. */
const OPTIONAL_SCOPES = ['address', 'microprofile-jwt', 'offline_access', 'organization', 'phone']
const CLIENTS = ['account', 'account-console', 'admin-cli', 'broker', 'realm-management', 'security-admin-console']
const ROLES = ['offline_access', 'uma_authorization']
const DEFAULT_ROLE_PREFIX = 'default-roles-'

/** `organization:acme` and `organization:*` ask for `organization`. */
export function scopeName(asked: string): string {
  return asked.startsWith('organization:') ? 'organization' : asked
}

export function isBuiltInScope(asked: string): boolean {
  const name = scopeName(asked)
  return name === 'openid' || DEFAULT_SCOPES.includes(name) || OPTIONAL_SCOPES.includes(name)
}

/** True for a scope that must be among the client's optional ones before it may ask. */
export function needsAssignment(asked: string): boolean {
  return OPTIONAL_SCOPES.includes(scopeName(asked)) || !isBuiltInScope(asked)
}

export function isBuiltInClient(clientId: string): boolean {
  return CLIENTS.includes(clientId)
}

export function isBuiltInRole(role: string): boolean {
  return ROLES.includes(role) || role.startsWith(DEFAULT_ROLE_PREFIX)
}

/** The realm role that every account of a realm has: named after the realm, in small letters. */
export function defaultRoleOf(realm: string): string {
  return DEFAULT_ROLE_PREFIX + realm.toLowerCase()
}
