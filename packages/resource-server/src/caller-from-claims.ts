// From verified claims to who is calling. No shape of a claim makes this throw, and none grants what it does not say.
import type { Caller } from './caller.ts'
import { type Claims, freezeJson, isObject, readMember, readString, readStrings } from './claims.ts'
import { insufficientRole, insufficientScope, tenantRequired } from './refusals.ts'

type Kind = Caller['kind']
type Facts = Omit<Caller, `require${string}`>
type Requirements = Pick<Caller, Extract<keyof Caller, `require${string}`>>

function readClientRoles(kind: Kind, claims: Claims): Caller['clientRoles'] {
  const byClient = kind === 'internal' ? claims.client_roles : claims.resource_access
  if (!isObject(byClient)) return {}
  const rolesOf = (entry: unknown) => readStrings(kind === 'internal' ? entry : readMember(entry, 'roles'))
  return Object.fromEntries(Object.entries(byClient).map(([clientId, entry]) => [clientId, rolesOf(entry)]))
}

/** Keycloak writes one name, a list of names, or a map by name, as its mapper is set. */
function readOrganizations(value: unknown): readonly string[] {
  if (typeof value === 'string') return readStrings([value])
  return isObject(value) ? readStrings(Object.keys(value)) : readStrings(value)
}

function readFacts(kind: Kind, claims: Claims): Facts {
  const organizations = readOrganizations(claims.organization)
  const onlyOrganization = organizations.length === 1 ? (organizations[0] ?? null) : null
  return {
    kind,
    issuer: readString(claims.iss) ?? '',
    subject: readString(claims.sub) ?? '',
    realm: kind === 'internal' ? readString(claims.realm) : null,
    clientId: (kind === 'realm' ? readString(claims.azp) : null) ?? readString(claims.client_id),
    sessionId: readString(claims.sid),
    roles: readStrings(kind === 'internal' ? claims.roles : readMember(claims.realm_access, 'roles')),
    clientRoles: readClientRoles(kind, claims),
    scopes: readStrings(readString(claims.scope)?.split(' ')),
    groups: readStrings(claims.groups),
    tenant: kind === 'internal' ? readString(claims.tenant) : onlyOrganization,
    organizations,
    expiresAt: typeof claims.exp === 'number' ? claims.exp : 0,
    claims,
  }
}

function buildRequirements(facts: Facts): Requirements {
  return {
    requireRole(...oneOf) {
      if (!oneOf.some((role) => facts.roles.includes(role))) throw insufficientRole('role', oneOf)
    },
    requireClientRole(clientId, ...oneOf) {
      const held = readStrings(readMember(facts.clientRoles, clientId))
      if (!oneOf.some((role) => held.includes(role))) throw insufficientRole('client-role', oneOf)
    },
    requireScope(...allOf) {
      if (!allOf.every((scope) => facts.scopes.includes(scope))) throw insufficientScope(allOf)
    },
    requireTenant() {
      if (facts.tenant === null) throw tenantRequired()
      return facts.tenant
    },
  }
}

/**
 * The caller whom claims describe, frozen. Nothing is verified here: for claims of a guard, or of a test.
 *
 * @param kind whose words the claims use: `internal` those of the gateway, `realm` those of Keycloak
 */
export function callerFromClaims(kind: Caller['kind'], claims: Readonly<Record<string, unknown>>): Caller {
  const facts = readFacts(kind, claims)
  return freezeJson({ ...facts, ...buildRequirements(facts) })
}
