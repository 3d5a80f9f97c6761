// Which organizations a token names, and how.
import type { JWTPayload } from 'jose'
import type { DevUser, OrganizationClaimForm } from './options.ts'
import { splitScope } from './scopes.ts'

/** Nothing without the scope, and nothing for a person who is in none of those asked for. */
export function buildOrganizationClaim(user: DevUser, scope: string, form: OrganizationClaimForm): JWTPayload {
  const told = findTold(user.organizations ?? [], splitScope(scope))
  const [first] = told
  if (first === undefined) return {}
  switch (form) {
    case 'list':
      return { organization: told }
    case 'map':
      return { organization: Object.fromEntries(told.map((alias) => [alias, { id: `id-of-${alias}` }])) }
    case 'string':
      return { organization: first }
  }
}

function findTold(organizations: readonly string[], scopes: readonly string[]): readonly string[] {
  if (scopes.includes('organization') || scopes.includes('organization:*')) return organizations
  return organizations.filter((alias) => scopes.includes(`organization:${alias}`))
}
