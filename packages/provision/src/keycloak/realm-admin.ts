// The admin interface of one realm, as far as we use it. Every call goes through one gate: bounded in number at a time,
// repeated where that is safe, counted, and its refusals told apart.
import type { Json } from '../wanted/wanted.ts'

export type Representation = Readonly<Record<string, Json | undefined>>

/** Keycloak takes a role by both, and answers 404 where they do not belong together. */
export interface NamedRole {
  readonly id: string
  readonly name: string
}

/** What is told of a call, once, when it begins. */
export interface AdminCall {
  readonly kind: 'read' | 'write'
  /** Such as `create client mlflow`. Never a secret. */
  readonly what: string
}

/**
 * All reject with `ERR_ADMIN_UNREACHABLE` (network, 429 and 5xx, after repetitions), `ERR_ADMIN_CREDENTIAL` (the token
 * endpoint refuses us), `ERR_ADMIN_FORBIDDEN` (403; `detail.lacks` names the role), `ERR_ADMIN_REFUSED` (other answers),
 * `ERR_REALM_UNKNOWN`. Creations that are answered 409 because a repetition found its own work resolve.
 */
export interface RealmAdmin {
  /** Keycloak's name of the realm. */
  readonly realm: string
  readonly clients: {
    /**
     * All of them: full representations with mappers and the names of scopes. Secrets as Keycloak shows them. Empty, and
     * not refused, with `query-clients` alone.
     */
    list(): Promise<readonly Representation[]>
    find(clientId: string): Promise<Representation | undefined>
    /** The new client's id. */
    create(client: Representation): Promise<string>
    /**
     * The representation as a whole; never with a secret unless one is to be set: even the same one ends the overlap of
     * a rotated secret. Rejects with `ERR_SECRET_MASKED` for stars and for `''`, which Keycloak would take for one.
     */
    update(id: string, client: Representation): Promise<void>
    delete(id: string): Promise<void>
    /** Rejects with `ERR_SECRET_MASKED` where Keycloak answers stars. */
    secret(id: string): Promise<string | undefined>
    /** The new secret. Not repeated: each call makes another one. */
    regenerateSecret(id: string): Promise<string>
    /** The secret before, while it is still valid. */
    rotatedSecret(id: string): Promise<string | undefined>
    invalidateRotatedSecret(id: string): Promise<void>
    addScope(id: string, scopeId: string, kind: 'default' | 'optional'): Promise<void>
    removeScope(id: string, scopeId: string, kind: 'default' | 'optional'): Promise<void>
    addMapper(id: string, mapper: Representation): Promise<void>
    updateMapper(id: string, mapperId: string, mapper: Representation): Promise<void>
    deleteMapper(id: string, mapperId: string): Promise<void>
    roles(id: string): Promise<readonly Representation[]>
    createRole(id: string, name: string): Promise<void>
    deleteRole(id: string, name: string): Promise<void>
    /** Its user; undefined for a client that has none. */
    serviceAccount(id: string): Promise<Representation | undefined>
  }
  readonly scopes: {
    list(): Promise<readonly Representation[]>
    create(scope: Representation): Promise<string>
    update(id: string, scope: Representation): Promise<void>
    delete(id: string): Promise<void>
    addMapper(id: string, mapper: Representation): Promise<void>
    updateMapper(id: string, mapperId: string, mapper: Representation): Promise<void>
    deleteMapper(id: string, mapperId: string): Promise<void>
  }
  readonly roles: {
    list(): Promise<readonly Representation[]>
    create(name: string, attributes: Readonly<Record<string, readonly string[]>>): Promise<void>
    delete(name: string): Promise<void>
  }
  readonly users: {
    /**
     * Role mappings of a service account: names of realm roles, and of client roles by client id. Without `view-clients`
     * Keycloak leaves client roles out and does not say so.
     */
    roleMappings(userId: string): Promise<{
      readonly realmRoles: readonly string[]
      readonly clientRoles: Readonly<Record<string, readonly string[]>>
    }>
    addRealmRoles(userId: string, roles: readonly NamedRole[]): Promise<void>
    removeRealmRoles(userId: string, roles: readonly NamedRole[]): Promise<void>
    addClientRoles(userId: string, clientUuid: string, roles: readonly NamedRole[]): Promise<void>
    removeClientRoles(userId: string, clientUuid: string, roles: readonly NamedRole[]): Promise<void>
  }
  readonly identityProviders: {
    list(): Promise<readonly Representation[]>
    create(provider: Representation): Promise<void>
    update(alias: string, provider: Representation): Promise<void>
    delete(alias: string): Promise<void>
  }
  readonly policies: {
    profiles(): Promise<Representation>
    setProfiles(profiles: Representation): Promise<void>
    policies(): Promise<Representation>
    setPolicies(policies: Representation): Promise<void>
    /** What the server can do by policy, such as `secret-rotation`; the same for all realms. */
    executors(): Promise<readonly string[]>
  }
  /** The realm's own representation; with little in it where the credential may not see more. */
  settings(): Promise<Representation>
  /** How many calls were made. */
  counts(): { readonly reads: number; readonly writes: number; readonly repeated: number }
}

/** Whom the admin interface takes us for. A service account of the same realm; never an administrator of `master`. */
export type AdminCredential =
  | { readonly kind: 'secret'; readonly clientId: string; readonly secret: string }
  | {
      readonly kind: 'privateKey'
      readonly clientId: string
      /** PKCS #8 PEM or a JWK as JSON. */
      readonly privateKey: string
      readonly algorithm: string
      readonly keyId: string | null
    }
  /** A projected service-account token (`federated-jwt`); the file is read again for each token. */
  | { readonly kind: 'kubernetesToken'; readonly clientId: string; readonly file: string }
  /** An administrator's service account in another realm, usually `master`: `doorman bootstrap` alone. */
  | { readonly kind: 'foreignSecret'; readonly realm: string; readonly clientId: string; readonly secret: string }
  /** Of a person or a temporary administrator: `doorman bootstrap` alone. */
  | {
      readonly kind: 'password'
      readonly realm: string
      readonly clientId: string
      readonly username: string
      readonly password: string
    }

export interface RealmAdminOptions {
  /** Where the realm's issuer is, as browsers and tokens name it. */
  readonly issuer: string
  /** Where we reach Keycloak: scheme, host, port and perhaps a path, without `/realms/…`. */
  readonly adminUrl: string
  readonly credential: AdminCredential
  /** Calls at the same time. */
  readonly concurrency: number
  /** Limit of one call. */
  readonly timeoutSeconds: number
  readonly onCall: (call: AdminCall) => void
}
