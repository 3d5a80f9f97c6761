// Who may use a route. Pure: a principal and a requirement in, a decision with its reason out.
import type { Principal } from './principal.ts'

/** `none` is everybody. Otherwise somebody logged in who has one of the roles, and one of those of each client named. */
export type Requirement =
  | 'none'
  | {
      readonly login: true
      readonly roles: readonly string[]
      /** By client id. */
      readonly clientRoles: Readonly<Record<string, readonly string[]>>
    }

export type Decision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny'; readonly needs: 'login' | 'role'; readonly because: string }

const ALLOW: Decision = { kind: 'allow' }
const NOT_LOGGED_IN: Decision = { kind: 'deny', needs: 'login', because: 'nobody is logged in' }

export function decide(requirement: Requirement, principal: Principal): Decision {
  if (requirement === 'none') return ALLOW
  if (principal.kind === 'anonymous') return NOT_LOGGED_IN
  if (!hasOneOf(requirement.roles, principal.realmRoles)) return lacks('realm roles', requirement.roles)
  for (const clientId in requirement.clientRoles) {
    // Roles come from a token: a client named like a property of every object must not find one.
    const held = Object.hasOwn(principal.clientRoles, clientId) ? (principal.clientRoles[clientId] ?? []) : []
    const roles = requirement.clientRoles[clientId] ?? []
    if (!hasOneOf(roles, held)) return lacks(`roles of client ${clientId}`, roles)
  }
  return ALLOW
}

/** An empty list asks for nothing. */
function hasOneOf(wanted: readonly string[], held: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((role) => held.includes(role))
}

/** True when whoever passes `other` also passes `requirement`. */
export function isImpliedBy(requirement: Requirement, other: Requirement): boolean {
  if (requirement === 'none') return true
  if (other === 'none') return false
  if (!isNarrower(other.roles, requirement.roles)) return false
  return Object.entries(requirement.clientRoles).every(([clientId, roles]) =>
    isNarrower(other.clientRoles[clientId] ?? [], roles),
  )
}

/** Whoever has one role of the first list has one of the second. */
function isNarrower(first: readonly string[], second: readonly string[]): boolean {
  return second.length === 0 || (first.length > 0 && first.every((role) => second.includes(role)))
}

function lacks(what: string, roles: readonly string[]): Decision {
  return { kind: 'deny', needs: 'role', because: `has none of the ${what} ${roles.join(', ')}` }
}
