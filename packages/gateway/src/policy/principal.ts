// Who is calling, as policies and credentials see it.
import type { Caller } from '@doorman/resource-server'
import type { LiveSession } from '../session/live-session.ts'

/** What is known about somebody, however it was proven. */
export interface Person {
  /** The local name of the realm that vouches for them. */
  readonly realm: string
  readonly issuer: string
  readonly subject: string
  /** The client the tokens were issued to: ours for a session, `azp` of a bearer token; null when that names none. */
  readonly clientId: string | null
  /** The session's public handle; null for a bearer token. */
  readonly handle: string | null
  readonly realmRoles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
  readonly scopes: readonly string[]
  /** Keycloak's paths with the leading `/`. */
  readonly groups: readonly string[]
  /** Undefined when absent. */
  readonly claim: (name: string) => unknown
  /** `acr`; null when the realm told none. */
  readonly acr: string | null
  /** `auth_time`; null when the realm told none. */
  readonly authenticatedAt: number | null
}

export type KnownPrincipal =
  | (Person & { readonly kind: 'session'; readonly live: LiveSession })
  | (Person & { readonly kind: 'bearer'; readonly caller: Caller; readonly accessToken: string })

export type Principal = { readonly kind: 'anonymous' } | KnownPrincipal

export const ANONYMOUS: Principal = { kind: 'anonymous' }
