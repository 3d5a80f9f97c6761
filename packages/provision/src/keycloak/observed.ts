// What a realm has, as far as a credential may see it.
import type { Json } from '../wanted/wanted.ts'

/** Part of a realm, or why it cannot be seen: what is hidden is unknown, not missing. */
export type Seen<Value> =
  | { readonly kind: 'seen'; readonly value: Value }
  /** `lacks` names the role that the credential would need, such as `view-realm`. */
  | { readonly kind: 'hidden'; readonly lacks: string }

export interface ObservedRealm {
  readonly realm: string
  /** By client id: the wanted ones that exist, those that carry our owner's mark, and those whose roles are wanted. */
  readonly clients: ReadonlyMap<string, ObservedClient>
  /** Client scopes by name: all of them. */
  readonly scopes: ReadonlyMap<string, ObservedScope>
  /** Names of realm roles, with their ids. */
  readonly roles: Seen<ReadonlyMap<string, string>>
  readonly identityProviders: Seen<ReadonlyMap<string, ObservedIdentityProvider>>
  readonly rotation: Seen<ObservedRotation>
}

export interface ObservedClient {
  /** Keycloak's internal id. */
  readonly id: string
  readonly clientId: string
  /** The representation without secret, attributes, mappers, scopes, and what the viewer may do with it (`access`). */
  readonly settings: Readonly<Record<string, Json>>
  /** Without those that hold a secret, such as `client.secret.rotated`. */
  readonly attributes: Readonly<Record<string, string>>
  readonly mappers: ReadonlyMap<string, ObservedMapper>
  readonly defaultScopes: readonly string[]
  readonly optionalScopes: readonly string[]
  readonly secret: ObservedSecret
  /** Names of client roles, with their ids; empty when nobody asked. */
  readonly roles: Seen<ReadonlyMap<string, string>>
  /** Null when it has none, or when nobody asked. */
  readonly serviceAccount: Seen<ObservedServiceAccount> | null
}

/** `masked`: Keycloak answered `**********`. That text must never be written anywhere. */
export type ObservedSecret =
  | { readonly kind: 'none' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'masked' }
  | { readonly kind: 'known'; readonly value: string }

export interface ObservedMapper {
  readonly id: string
  readonly protocolMapper: string
  readonly config: Readonly<Record<string, string>>
}

export interface ObservedServiceAccount {
  readonly userId: string
  readonly realmRoles: readonly string[]
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
}

export interface ObservedScope {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly attributes: Readonly<Record<string, string>>
  readonly mappers: ReadonlyMap<string, ObservedMapper>
}

export interface ObservedIdentityProvider {
  readonly alias: string
  readonly settings: Readonly<Record<string, Json>>
  /** Keycloak masks `clientSecret` here and keeps it when the stars come back. */
  readonly config: Readonly<Record<string, string>>
}

export interface ObservedRotation {
  /** The server knows the executor `secret-rotation`. */
  readonly isSupported: boolean
  /** Our policy as it is; null for none. */
  readonly overlapSeconds: number | null
}
