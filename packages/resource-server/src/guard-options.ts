// What a guard is told once.

export interface IssuerOptions {
  /** Exactly as tokens name it in `iss`. */
  readonly issuer: string
  /**
   * Where its key set is; may be an address inside the cluster while `iss` stays public. Default: `jwks_uri` of the
   * issuer's metadata (`/.well-known/openid-configuration`).
   */
  readonly jwksUrl?: string
  /** The only algorithms accepted; asymmetric ones. Default `RS256`, `PS256`, `ES256` and `EdDSA`. */
  readonly algorithms?: readonly string[]
}

interface IntrospectionCache {
  /** How long `active: true` is believed, in seconds; never past `exp`. Default 10; 0 asks each time. */
  readonly cacheSeconds?: number
}

/** Asked under the API's own confidential client. */
export interface ClientIntrospectionOptions extends IntrospectionCache {
  /** Keycloak answers `active: false` to one that is not in the token's `aud`. */
  readonly clientId: string
  readonly clientSecret: string
  /** Default: `introspection_endpoint` of the issuer's metadata. */
  readonly url?: string
}

/** For an API that asks in its own way, such as a client that authenticates with a key. */
export interface OwnIntrospectionOptions extends IntrospectionCache {
  /** What the realm answers (RFC 7662 section 2.2), or null for a token that is not active. Rejects when it is down. */
  readonly introspect: (token: string) => Promise<Readonly<Record<string, unknown>> | null>
}

export type IntrospectionOptions = ClientIntrospectionOptions | OwnIntrospectionOptions

export interface GuardOptions {
  /** The name of this service: a token must carry it in `aud`, or one of them. */
  readonly audience: string | readonly string[]
  /** The gateway whose internal tokens are accepted: its `publicUrl`. At least one of `gateway` and `issuer`. */
  readonly gateway?: string | IssuerOptions
  /** The Keycloak realm whose access tokens are accepted. */
  readonly issuer?: string | IssuerOptions
  /** Access tokens of the realm are asked about at the realm, too; opaque and lightweight ones only so. */
  readonly introspection?: IntrospectionOptions
  /** By how many seconds clocks may differ. Default 5. */
  readonly clockToleranceSeconds?: number
  /**
   * Verified tokens remembered, so that a repeated one costs no signature. Default 10,000; 0 switches it off.
   * Expiry is judged at each use; a token whose key has left the key set is verified anew.
   */
  readonly cachedTokens?: number
  /** How long a key set is used without asking again, in seconds. Default 300. */
  readonly keySetSeconds?: number
  /** Pause after a fetch of keys that failed or brought no fitting key, in seconds. Default 10. */
  readonly keySetCooldownSeconds?: number
  /** Limit of each call to an issuer, in seconds. Default 5. */
  readonly timeoutSeconds?: number
  /** For own certificate authorities or proxies. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
  /** Epoch seconds; for tests. Default: the system's clock. */
  readonly now?: () => number
}
