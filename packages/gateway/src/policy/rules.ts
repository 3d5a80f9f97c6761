// Every rule a requirement may hold, as one table, in the order in which they are judged. Claims come from tokens and may
// have any shape: what is not as expected counts as absent, and nothing found on a prototype counts at all.
import type { KnownPrincipal } from './principal.ts'
import type { ClaimValue, Denial, Facts, PersonRequirement } from './requirement.ts'

/** One thing a requirement asks for. */
export interface Condition {
  /** The key of the requirement, with the name of the client or claim where there is one. */
  readonly rule: string
  readonly wants: unknown
  readonly sees: (principal: KnownPrincipal, facts: Facts) => unknown
  /** `seen` is what `sees` returned. */
  readonly holds: (seen: unknown, facts: Facts) => boolean
  readonly denial: Denial
}

export interface Rule {
  /** Empty when the requirement asks for nothing of the kind. */
  readonly conditions: (requirement: PersonRequirement) => readonly Condition[]
  /** True when whoever passes all of `other` also passes this rule of `requirement`. */
  readonly isImplied: (requirement: PersonRequirement, other: PersonRequirement) => boolean
}

/** Clocks of realm and gateway differ a little, and the way back from the login takes a moment. */
const MAX_AGE_TOLERANCE_SECONDS = 5

const via: Rule = {
  conditions: ({ via }) => [
    {
      rule: 'via',
      wants: via,
      sees: (principal) => principal.kind,
      holds: (seen) => isOneOf(via, seen),
      denial: deny('via', `only by ${via.join(' or ')}`),
    },
  ],
  isImplied: (requirement, other) => other.via.every((way) => requirement.via.includes(way)),
}

const realms: Rule = {
  conditions: ({ realms }) => [
    {
      rule: 'realms',
      wants: realms,
      sees: (principal) => principal.realm,
      holds: (seen) => isOneOf(realms, seen),
      denial: deny('realm', `is of none of the realms ${list(realms)}`),
    },
  ],
  isImplied: (requirement, other) => other.realms.every((realm) => requirement.realms.includes(realm)),
}

const tenant: Rule = {
  conditions: ({ tenant }) => {
    if (!tenant) return []
    const denial = deny('tenant', 'has no tenant')
    return [{ rule: 'tenant', wants: true, sees: (_, facts) => facts.tenant, holds: (seen) => seen !== null, denial }]
  },
  isImplied: (requirement, other) => !requirement.tenant || other.tenant,
}

const roles: Rule = {
  conditions: ({ roles }) =>
    anyOf(
      'roles',
      roles,
      (principal) => principal.realmRoles,
      deny('role', `has none of the realm roles ${list(roles)}`),
    ),
  isImplied: ({ roles }, other) =>
    isNarrower(other.roles, roles) || other.allRoles.some((role) => roles.includes(role)),
}

const allRoles: Rule = {
  conditions: ({ allRoles }) =>
    allOf(
      'allRoles',
      allRoles,
      (principal) => principal.realmRoles,
      deny('role', `lacks one of the realm roles ${list(allRoles)}`),
    ),
  isImplied: ({ allRoles }, other) =>
    allRoles.every(
      (role) => other.allRoles.includes(role) || (other.roles.length > 0 && isNarrower(other.roles, [role])),
    ),
}

const clientRoles: Rule = {
  conditions: ({ clientRoles }) =>
    Object.entries(clientRoles).flatMap(([clientId, names]) =>
      anyOf(
        `clientRoles ${clientId}`,
        names,
        (principal) => own(principal.clientRoles, clientId),
        deny('role', `has none of the roles of client ${clientId} ${list(names)}`),
      ),
    ),
  isImplied: ({ clientRoles }, other) =>
    Object.entries(clientRoles).every(([clientId, names]) => isNarrower(own(other.clientRoles, clientId) ?? [], names)),
}

const groups: Rule = {
  conditions: ({ groups }) =>
    anyOf('groups', groups, (principal) => principal.groups, deny('group', `is in none of the groups ${list(groups)}`)),
  isImplied: ({ groups }, other) => isNarrower(other.groups, groups),
}

const scopes: Rule = {
  conditions: ({ scopes }) =>
    allOf('scopes', scopes, (principal) => principal.scopes, {
      kind: 'deny',
      needs: 'scope',
      scopes,
      because: `lacks one of the scopes ${list(scopes)}`,
    }),
  isImplied: ({ scopes }, other) => scopes.every((scope) => other.scopes.includes(scope)),
}

const claims: Rule = {
  conditions: ({ claims }) =>
    Object.entries(claims).map(([name, values]) => ({
      rule: `claims ${name}`,
      wants: values,
      sees: (principal) => principal.claim(name),
      holds: (seen) => (Array.isArray(seen) ? seen.some((item) => isOneOf(values, item)) : isOneOf(values, seen)),
      denial: deny('claim', `the claim ${name} is none of ${list(values)}`),
    })),
  isImplied: ({ claims }, other) =>
    Object.entries(claims).every(
      ([name, values]) => own(other.claims, name)?.every((value) => values.includes(value)) === true,
    ),
}

const acr: Rule = {
  conditions: (requirement) => {
    if (requirement.acr.length === 0) return []
    return [
      {
        rule: 'acr',
        wants: requirement.acr,
        sees: (principal) => principal.acr,
        holds: (seen) => isOneOf(requirement.acr, seen),
        denial: stepUp(requirement, `acr is none of ${list(requirement.acr)}`),
      },
    ]
  },
  isImplied: (requirement, other) => isNarrower(other.acr, requirement.acr),
}

const maxAge: Rule = {
  conditions: (requirement) => {
    const { maxAgeSeconds } = requirement
    if (maxAgeSeconds === null) return []
    return [
      {
        rule: 'maxAge',
        wants: maxAgeSeconds,
        sees: (principal) => principal.authenticatedAt,
        holds: (seen, { now }) => isRecent(seen, now, maxAgeSeconds),
        denial: stepUp(requirement, `logged in longer than ${maxAgeSeconds} s ago, or nobody knows when`),
      },
    ]
  },
  isImplied: ({ maxAgeSeconds }, other) =>
    maxAgeSeconds === null || (other.maxAgeSeconds !== null && other.maxAgeSeconds <= maxAgeSeconds),
}

/** Step-up stands last: nobody is sent to log in again who would be turned away afterwards. */
export const RULES: readonly Rule[] = [
  via,
  realms,
  tenant,
  roles,
  allRoles,
  clientRoles,
  groups,
  scopes,
  claims,
  acr,
  maxAge,
]

type FindNames = (principal: KnownPrincipal) => readonly string[] | undefined

function anyOf(rule: string, wants: readonly string[], sees: FindNames, denial: Denial): readonly Condition[] {
  const holds = (seen: unknown) => Array.isArray(seen) && wants.some((name) => seen.includes(name))
  return wants.length === 0 ? [] : [{ rule, wants, sees, holds, denial }]
}

function allOf(rule: string, wants: readonly string[], sees: FindNames, denial: Denial): readonly Condition[] {
  const holds = (seen: unknown) => Array.isArray(seen) && wants.every((name) => seen.includes(name))
  return wants.length === 0 ? [] : [{ rule, wants, sees, holds, denial }]
}

/** Whoever has one of the first list has one of the second; an empty list asks for nothing. */
function isNarrower(first: readonly string[], second: readonly string[]): boolean {
  return second.length === 0 || (first.length > 0 && first.every((name) => second.includes(name)))
}

function isOneOf(values: readonly ClaimValue[], seen: unknown): boolean {
  return values.some((value) => value === seen)
}

/** A login in the future proves nothing. */
function isRecent(authenticatedAt: unknown, now: number, maxAgeSeconds: number): boolean {
  if (typeof authenticatedAt !== 'number') return false
  const age = now - authenticatedAt
  return age <= maxAgeSeconds + MAX_AGE_TOLERANCE_SECONDS && age >= -MAX_AGE_TOLERANCE_SECONDS
}

function own<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

function list(values: readonly ClaimValue[]): string {
  return values.join(', ')
}

function deny(needs: 'via' | 'realm' | 'tenant' | 'role' | 'group' | 'claim', because: string): Denial {
  return { kind: 'deny', needs, because }
}

function stepUp({ acr, maxAgeSeconds }: PersonRequirement, because: string): Denial {
  return { kind: 'deny', needs: 'step-up', acrValues: acr, maxAgeSeconds, because }
}
