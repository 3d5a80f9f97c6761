// What a route asks of whoever calls it, and what the answer may be.
import type { EpochSeconds } from '../kernel/time.ts'

export type ClaimValue = string | number | boolean

/** `none` is everybody, known or not. Otherwise every rule applies to whoever is known. */
export type Requirement = 'none' | PersonRequirement

export interface PersonRequirement {
  /** `optional`: who is not known passes as nobody. */
  readonly login: true | 'optional'
  /** How somebody may prove who they are. */
  readonly via: readonly ('session' | 'bearer')[]
  /** The login realms whose people count, by their local names: a role of one realm means nothing in another. */
  readonly realms: readonly string[]
  /** Realm roles, one of which is enough; empty asks for none. */
  readonly roles: readonly string[]
  /** Realm roles, all of which are needed. */
  readonly allRoles: readonly string[]
  /** By client id; one of each client's is enough, and an empty list asks for none. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
  /** All of which are needed. */
  readonly scopes: readonly string[]
  /** Keycloak's paths with the leading `/`, one of which is enough; empty asks for none. */
  readonly groups: readonly string[]
  readonly tenant: boolean
  /** By name; the claim must be one of the values, or a list that holds one. */
  readonly claims: Readonly<Record<string, readonly ClaimValue[]>>
  /** One of which is enough; empty asks for none. */
  readonly acr: readonly string[]
  /** Since the last entry of credentials; null asks for none. */
  readonly maxAgeSeconds: number | null
}

/** What a decision needs to know beside the principal. */
export interface Facts {
  readonly now: EpochSeconds
  /** The tenant decided on; null for none. */
  readonly tenant: string | null
}

export type Denial = { readonly kind: 'deny'; readonly because: string } & (
  | { readonly needs: 'login' | 'via' | 'realm' | 'tenant' | 'role' | 'group' | 'claim' }
  /** All that the route asks for (RFC 6750 section 3). */
  | { readonly needs: 'scope'; readonly scopes: readonly string[] }
  /** All that the route asks for, so that one login is enough (RFC 9470 section 3); empty and null for nothing. */
  | { readonly needs: 'step-up'; readonly acrValues: readonly string[]; readonly maxAgeSeconds: number | null }
)

export type Decision = { readonly kind: 'allow' } | Denial
