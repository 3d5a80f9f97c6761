// Who calls a service, as its token says. Everything here has been verified.

export interface Caller {
  /** `internal`: a token minted by the gateway for this service. `realm`: an access token of the realm itself. */
  readonly kind: 'internal' | 'realm'
  readonly issuer: string
  /** `sub`, which is one only within `realm` or `issuer`. */
  readonly subject: string
  /** In internal tokens the realm the person comes from, by its name at the gateway; null in access tokens. */
  readonly realm: string | null
  /** `client_id`, or `azp` of Keycloak: the client that asked for the token; null when the token names none. */
  readonly clientId: string | null
  /** `sid`: the session's public handle in internal tokens, Keycloak's own in access tokens; null when there is none. */
  readonly sessionId: string | null
  /** Realm roles. */
  readonly roles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
  readonly scopes: readonly string[]
  readonly groups: readonly string[]
  /** The tenant the gateway has decided on; in access tokens the only organization, else null. */
  readonly tenant: string | null
  /** Names of Keycloak organizations. */
  readonly organizations: readonly string[]
  /** Epoch seconds. */
  readonly expiresAt: number
  /** All claims of the token, or of the introspection answer. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Throws `BearerError` 403 `insufficient_scope` unless the caller has one of the realm roles. */
  requireRole(...oneOf: readonly [string, ...string[]]): void
  /** As `requireRole`, for roles of a client. */
  requireClientRole(clientId: string, ...oneOf: readonly [string, ...string[]]): void
  /** Throws `BearerError` 403 `insufficient_scope` unless the caller has all of the scopes. */
  requireScope(...allOf: readonly [string, ...string[]]): void
  /** The tenant. Throws `BearerError` 403 when there is none. */
  requireTenant(): string
}
