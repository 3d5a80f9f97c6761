// A route in the few words of a table: who may, and what its service receives.
import type { GatewayConfig } from '@doorman/gateway'

type Route = GatewayConfig['routes'][number]
type Rules = Exclude<Route['require'], 'none'>

export function describeCredential(credential: Route['credential']): string {
  if (credential.kind === 'realm') return `realm ${credential.realm}`
  return 'audience' in credential ? `${credential.kind} for ${credential.audience}` : credential.kind
}

export function describeRequirement(require: Route['require']): string {
  if (require === 'none') return 'everybody'
  const rules = [describeRoles(require), ...describeOthers(require)].filter((words) => words !== '')
  const anybody = require.login === 'optional' ? 'everybody, known once logged in' : 'logged in'
  const words = rules.length === 0 ? anybody : rules.join(', ')
  return require.via.includes('bearer') ? `${words} (${require.via.join(' or ')})` : words
}

function describeRoles({ roles, allRoles, clientRoles }: Rules): string {
  const ofClients = Object.entries(clientRoles).map(([clientId, names]) => names.map((name) => `${clientId}:${name}`))
  const groups = [roles, ...allRoles.map((role) => [role]), ...ofClients].filter((names) => names.length > 0)
  return groups.length === 0 ? '' : `role ${groups.map(describeGroup).join(' and ')}`
}

/** One of them is enough. */
function describeGroup(roles: readonly string[], _: number, groups: readonly unknown[]): string {
  const text = roles.join(' or ')
  return roles.length > 1 && groups.length > 1 ? `(${text})` : text
}

function describeOthers({ scopes, groups, tenant, claims, acr, maxAgeSeconds }: Rules): readonly string[] {
  return [
    scopes.length === 0 ? '' : `scope ${scopes.join(' and ')}`,
    groups.length === 0 ? '' : `group ${groups.join(' or ')}`,
    tenant ? 'tenant' : '',
    ...Object.entries(claims).map(([name, values]) => `${name} ${values.join(' or ')}`),
    acr.length === 0 ? '' : `acr ${acr.join(' or ')}`,
    maxAgeSeconds === null ? '' : `login within ${maxAgeSeconds}s`,
  ]
}
