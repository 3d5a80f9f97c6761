// What one file wants of its realms: as data, without a call to anybody. Field names are those of Keycloak's
// representations, so that a plan reads like the admin console's export.

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** Everything the file names; what it does not name is not touched. */
export interface Wanted {
  /** Written into each thing we own, and what `--prune` goes by. */
  readonly owner: string
  readonly realms: readonly WantedRealm[]
}

export interface WantedRealm {
  /** The local name in the file. */
  readonly name: string
  /** Keycloak's name, the last segment of the issuer. */
  readonly realm: string
  readonly issuer: string
  readonly clients: readonly WantedClient[]
  readonly scopes: readonly WantedScope[]
  /** Realm roles that routes or clients name. */
  readonly roles: readonly WantedRole[]
  readonly identityProviders: readonly WantedIdentityProvider[]
  /** The client policy by which rotated secrets overlap; null where nothing rotates. */
  readonly rotation: WantedRotation | null
}

/** Where in the file it is asked for, such as `realms.main` or `clients.mlflow`: shown as the reason of a change. */
export interface Because {
  readonly because: string
}

export interface WantedClient extends Because {
  readonly clientId: string
  /** A client of that name that is not ours is taken over, once a plan has shown every difference. */
  readonly adopt: boolean
  /** Fields of the representation that we decide about, without attributes, mappers, scopes and the secret. */
  readonly settings: Readonly<Record<string, Json>>
  /** Attributes that we decide about. `''` means: must not be set. */
  readonly attributes: Readonly<Record<string, string>>
  /** Mappers that we decide about, by name; others of the client stay. */
  readonly mappers: Readonly<Record<string, WantedMapper>>
  /** Scopes that must be assigned, by name; null: the realm's defaults at creation, and not looked at afterwards. */
  readonly defaultScopes: readonly string[] | null
  readonly optionalScopes: readonly string[] | null
  /** Client roles that must exist. */
  readonly roles: readonly string[]
  /** What its service account must have; null: not looked at. */
  readonly serviceAccount: WantedServiceAccount | null
  /** It has a secret in Keycloak, made there or here: never with public clients, keys and federated credentials. */
  readonly hasSecret: boolean
  readonly deliver: readonly WantedDelivery[]
  /** How old a secret may become; null: never rotated by schedule. */
  readonly rotateSeconds: number | null
}

export interface WantedMapper {
  readonly protocolMapper: string
  readonly config: Readonly<Record<string, string>>
}

export interface WantedServiceAccount {
  readonly realmRoles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
}

export interface WantedScope extends Because {
  readonly name: string
  readonly description: string
  readonly attributes: Readonly<Record<string, string>>
  readonly mappers: Readonly<Record<string, WantedMapper>>
}

export interface WantedRole extends Because {
  readonly name: string
}

export interface WantedIdentityProvider extends Because {
  readonly alias: string
  readonly providerId: string
  readonly settings: Readonly<Record<string, Json>>
  readonly config: Readonly<Record<string, string>>
  /** The client of another realm of this file whose secret it sends; null for none. */
  readonly secretOf: { readonly realm: string; readonly clientId: string } | null
}

export interface WantedRotation extends Because {
  /** How long the old secret stays valid beside the new one. */
  readonly overlapSeconds: number
}

export type WantedDelivery =
  | {
      readonly kind: 'kubernetes'
      readonly namespaces: readonly string[]
      readonly name: string
      readonly keys: SecretShape
      readonly labels: Readonly<Record<string, string>>
      /** Workloads whose pods are replaced when the content changes. */
      readonly restart: readonly Workload[]
    }
  | { readonly kind: 'env-file'; readonly path: string; readonly keys: SecretShape }
  /** One template for the whole file. */
  | { readonly kind: 'file'; readonly path: string; readonly template: string }
  /** Each key and value as a line of the command's standard input, in the form of an `.env` file. */
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly keys: SecretShape }

/** Names of keys and templates of their values, such as `{{clientSecret}}`. */
export type SecretShape = Readonly<Record<string, string>>

export interface Workload {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet'
  readonly name: string
}

/** The attribute that marks a client or a scope as ours. Its value is `Wanted.owner`. */
export const OWNER_ATTRIBUTE = 'doorman.owner'
