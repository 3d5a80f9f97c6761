// Requirements for tests: somebody logged in, by session or bearer token, and whatever else a test asks for.
import type { PersonRequirement } from '../../src/policy/requirement.ts'

export function buildRequirement(changes: Partial<PersonRequirement> = {}): PersonRequirement {
  return {
    login: true,
    via: ['session', 'bearer'],
    realms: ['main'],
    roles: [],
    allRoles: [],
    clientRoles: {},
    scopes: [],
    groups: [],
    tenant: false,
    claims: {},
    acr: [],
    maxAgeSeconds: null,
    ...changes,
  }
}
