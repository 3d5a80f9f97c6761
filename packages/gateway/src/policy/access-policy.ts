// Who may use a route. Pure: a principal and a requirement in, a decision with its reason out.
import type { Principal } from './principal.ts'

/** `none` is everybody. Otherwise somebody logged in who has all of the roles. */
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
  for (const role of requirement.roles) {
    if (!principal.realmRoles.includes(role)) return lacks(`realm role ${role}`)
  }
  for (const clientId in requirement.clientRoles) {
    // Roles come from a token: a client named like a property of every object must not find one.
    const held = Object.hasOwn(principal.clientRoles, clientId) ? (principal.clientRoles[clientId] ?? []) : []
    for (const role of requirement.clientRoles[clientId] ?? []) {
      if (!held.includes(role)) return lacks(`role ${role} of client ${clientId}`)
    }
  }
  return ALLOW
}

/** True when whoever passes `other` also passes `requirement`. */
export function isImpliedBy(requirement: Requirement, other: Requirement): boolean {
  if (requirement === 'none') return true
  if (other === 'none') return false
  if (!requirement.roles.every((role) => other.roles.includes(role))) return false
  return Object.entries(requirement.clientRoles).every(([clientId, roles]) =>
    roles.every((role) => other.clientRoles[clientId]?.includes(role) === true),
  )
}

function lacks(what: string): Decision {
  return { kind: 'deny', needs: 'role', because: `lacks ${what}` }
}
