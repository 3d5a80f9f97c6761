// The configuration as the gateway runs on it: checked, interpolated, every default filled in, units in the names,
// paths absolute. What an operator writes is in schema.ts.

export interface GatewayConfig {
  /** An origin: no path, no trailing slash. `http:` on loopback only. */
  readonly publicUrl: string
  readonly listen: ListenAddress
  readonly operator: OperatorConfig
  /** IP addresses and CIDR blocks. */
  readonly trustedProxies: readonly string[]
  /** By local name. */
  readonly realms: Readonly<Record<string, RealmConfig>>
  /** The realm people log in to where no front end names another: the first without `obtain`. */
  readonly loginRealm: string
  /** Where the sealing keys are, oldest first. */
  readonly keys: readonly KeySource[]
  readonly session: SessionConfig
  readonly cookies: CookieConfig
  /** Origins the browser may be sent back to; that of `publicUrl` is among them. */
  readonly frontends: readonly FrontendConfig[]
  readonly services: Readonly<Record<string, ServiceConfig>>
  readonly routes: readonly RouteConfig[]
  readonly login: LoginConfig
  readonly refresh: RefreshConfig
  readonly logout: LogoutConfig
  readonly endpoints: EndpointPaths
  /** Further paths of the gateway's own endpoints, for front ends that know them by other names. */
  readonly aliases: readonly AliasConfig[]
  /** What changes something and answers GET all the same. */
  readonly alsoGet: readonly ('logout' | 'refresh')[]
  readonly user: UserConfig
  /** PEM files trusted beside the system's certificates; they exist. */
  readonly tls: { readonly ca: readonly string[] }
  /** Where the tenant of a person comes from; null for none. */
  readonly tenant: TenantConfig | null
  readonly internalTokens: InternalTokenConfig
  /** Over all requests; null for none. */
  readonly limit: LimitConfig | null
}

export interface TenantConfig {
  /** A claim that is a string, a list of strings or an object whose keys are the tenants (Keycloak's organizations). */
  readonly claim: string
  /** The segment of the path that chooses among them, 1 being the first; null: the header `X-Tenant` chooses. */
  readonly pathSegment: number | null
}

export interface InternalTokenConfig {
  readonly algorithm: 'RS256' | 'ES256' | 'EdDSA'
  readonly lifeSeconds: number
}

export type LimitKey = 'user' | 'session' | 'ip' | 'tenant' | 'client'

export interface LimitConfig {
  /** Requests let through in each window. */
  readonly requests: number
  readonly windowSeconds: number
  /** Requests beyond them, once saved up. */
  readonly burst: number
  readonly by: LimitKey
  /** Counted together by all processes on one store. */
  readonly isShared: boolean
}

export interface ListenAddress {
  /** Without brackets, also for IPv6. */
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
}

export interface OperatorConfig {
  readonly listen: ListenAddress
  /** One more listener, for `/healthz` and `/readyz` alone; null for none. `listen` answers them in any case. */
  readonly probes: ListenAddress | null
  /** A file with the bearer token for what is neither probe nor metrics; made when absent. Null for no token. */
  readonly tokenFile: string | null
}

export interface RealmConfig {
  readonly issuer: string
  /** An origin; null when the issuer itself is reachable. */
  readonly backchannelUrl: string | null
  readonly clientId: string
  readonly clientAuth: ClientAuth
  /** Contains `openid` where people log in; may be empty otherwise. */
  readonly scopes: readonly string[]
  /** How a token of this realm is had for people of the login realm; null: people log in to it. */
  readonly obtain: ObtainConfig | null
  /** Services that may ask for its tokens at `/auth/token/NAME`. */
  readonly services: readonly string[]
  /** `GET /auth/token/NAME` answers the person's own pages. */
  readonly dangerouslyGiveToBrowser: boolean
  /** Bearer tokens are asked about at the realm as well. */
  readonly introspect: boolean
  readonly idTokenAlgorithms: readonly SignatureAlgorithm[]
  readonly timeoutSeconds: number
  readonly clockSkewSeconds: number
}

export type ObtainConfig =
  | { readonly kind: 'clientCredentials' }
  /** A token exchanged in the login realm for `audience` is presented here as an assertion. */
  | { readonly kind: 'jwtGrant'; readonly audience: string; readonly exchangeScopes: readonly string[] }
  /** A second login; `identityProvider` is the alias sent as `kc_idp_hint`, null for none. */
  | { readonly kind: 'login'; readonly identityProvider: string | null }

export type SignatureAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

export type ClientAuth =
  /** `file`: where it was read, and may be replaced while the gateway runs; null where it stands elsewhere. */
  | { readonly kind: 'secret'; readonly secret: string; readonly file: string | null }
  | {
      readonly kind: 'privateKey'
      /** PKCS #8 PEM or a JWK as JSON. */
      readonly privateKey: string
      readonly algorithm: SignatureAlgorithm
      readonly keyId: string | null
    }

/** A file may be absent: the embedded store then makes it at the first start. Texts are those of rings, line by line. */
export type KeySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly keys: readonly string[] }

export type StoreConfig =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | RedisStoreConfig
  | PostgresStoreConfig

export interface StoreNode {
  /** Without brackets, also for IPv6. */
  readonly host: string
  readonly port: number
}

export interface RedisStoreConfig {
  readonly kind: 'redis'
  readonly topology: 'single' | 'cluster' | 'sentinel'
  /** The server; some nodes of the cluster; the Sentinels. */
  readonly nodes: readonly StoreNode[]
  /** What the Sentinels call the master; null without Sentinels. */
  readonly master: string | null
  readonly isTls: boolean
  readonly user: string | null
  readonly password: string | null
  readonly database: number
}

export interface PostgresStoreConfig {
  readonly kind: 'postgres'
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | null
  readonly database: string
  readonly isTls: boolean
}

export interface SessionConfig {
  readonly store: StoreConfig
  /** Before every key of Redis; the schema of PostgreSQL. */
  readonly prefix: string
  /** Connections to PostgreSQL of one process. */
  readonly connections: number
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  /** Sessions a replica holds decoded in memory. */
  readonly cachedSessions: number
  /** After this time a session in memory is read again, whatever the change events say. */
  readonly cacheSeconds: number
  /** How long sessions in memory go on once the store is out of reach; 0 for not at all. */
  readonly staleSeconds: number
  /** The realm is asked at least this often whether the session lives; null: when the access token is due. */
  readonly verifySeconds: number | null
  /** Null for any number. */
  readonly maxPerUser: { readonly sessions: number; readonly whenFull: 'endOldest' | 'refuseLogin' } | null
  /** Whether somebody whose session reached a limit proves anew who they are. */
  readonly afterLimit: 'sso' | 'reauthenticate'
  /** How much of the address a login came from is kept with the session. */
  readonly clientAddress: 'none' | 'network' | 'full'
}

export interface RefreshConfig {
  readonly marginSeconds: number
  readonly waitSeconds: number
  /** Tokens of sessions in use are renewed before a request finds them due. */
  readonly ahead: boolean
  /** Renewals one process asks of one realm at the same time. */
  readonly concurrency: number
}

export interface LogoutConfig {
  /** What becomes of requests that are on their way when their session ends. */
  readonly inFlight: 'finish' | 'cut'
}

export interface CookieConfig {
  /** Not used where `publicUrl` is `http:` on loopback: names are plain there and carry the port. */
  readonly prefix: '__Host-Http-' | '__Host-'
  readonly name: string
}

export interface FrontendConfig {
  readonly origin: string
  /** The local name of the realm its people log in to. */
  readonly realm: string
  /** Where a browser is sent that does not say: a path of it. */
  readonly home: string
  /** On another site than `publicUrl`: its cookie needs `SameSite=None`. */
  readonly isCrossSite: boolean
}

export type Credential =
  | { readonly kind: 'none' | 'accessToken' }
  | InternalCredential
  | { readonly kind: 'exchange'; readonly audience: string; readonly scopes: readonly string[] }
  | { readonly kind: 'serviceAccount'; readonly scopes: readonly string[] }
  /** A token of a second realm. */
  | { readonly kind: 'realm'; readonly realm: string }

export interface InternalCredential {
  readonly kind: 'internal'
  readonly audience: string
  /** Realm roles told to the service. */
  readonly roles: 'all' | readonly string[]
  /** Ids of the clients whose roles are told. */
  readonly clientRoles: readonly string[]
  /** Names of the claims told. */
  readonly claims: readonly string[]
}

/** How a service proves itself at `/auth/token/…`. */
export type ServiceAuth =
  | { readonly kind: 'secret'; readonly secret: string }
  /** `private_key_jwt` (RFC 7523): `publicKey` is an SPKI PEM or a JWK as JSON. */
  | { readonly kind: 'publicKey'; readonly publicKey: string; readonly algorithm: SignatureAlgorithm }

export interface ServiceConfig {
  /** An origin: what path is asked for there is the route's matter. */
  readonly url: string
  readonly credential: Credential
  readonly auth: ServiceAuth | null
  /** Services that may ask for its credential at `/auth/token/services/NAME`. */
  readonly callers: readonly string[]
  readonly timeouts: {
    readonly connectSeconds: number
    readonly headersSeconds: number
    readonly idleBodySeconds: number
    /** Of an upgraded connection, in both directions together. */
    readonly idleUpgradeSeconds: number
  }
}

export interface RouteConfig {
  /** Encoded and canonical; ends in `/*` when it owns everything below. */
  readonly path: string
  readonly service: string
  /** Upper case; null for all. */
  readonly methods: readonly string[] | null
  /** What is asked for upstream; `*` stands for what the path's `*` matched. Null leaves the path as it came. */
  readonly rewrite: string | null
  readonly require: RouteRequirement
  readonly limit: LimitConfig | null
  /** The route's own, else its service's. */
  readonly credential: Credential
  /** A navigation without a session starts a login instead of a 401. */
  readonly page: boolean
  /** Protocols a connection may be upgraded to, in lower case; empty for none. */
  readonly upgrade: readonly string[]
  /** Replaces the service's `headersSeconds`; null keeps that. */
  readonly timeoutSeconds: number | null
}

export type RouteRequirement =
  | 'none'
  | {
      /** `optional`: nobody has to be logged in; beside it stand `via` and `realms` alone. */
      readonly login: true | 'optional'
      /** How somebody may prove who they are. */
      readonly via: readonly ('session' | 'bearer')[]
      /** The login realms whose people count, by their local names. */
      readonly realms: readonly string[]
      /** Realm roles, one of which is enough; empty asks for none. */
      readonly roles: readonly string[]
      /** Realm roles, all of which are needed. */
      readonly allRoles: readonly string[]
      /** By client id; one of each client's is enough. */
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

export type ClaimValue = string | number | boolean

export type LoginParameter =
  | 'kc_idp_hint'
  | 'force'
  | 'prompt'
  | 'max_age'
  | 'login_hint'
  | 'ui_locales'
  | 'acr_values'
  | 'kc_action'

/** `any` value, or one of those listed; an empty list refuses the parameter. */
export type AllowedValues = 'any' | readonly string[]

export interface LoginConfig {
  readonly parameters: Readonly<Record<LoginParameter, AllowedValues>>
  /** Logins in progress one browser may have in its cookies. */
  readonly maxAttempts: number
  readonly attemptSeconds: number
  /** Over login and callback; null for none. */
  readonly limit: LimitConfig | null
  /** `return_to` gets a parameter `sid`: the session's public handle. */
  readonly appendSid: boolean
}

export interface EndpointPaths {
  readonly login: string
  readonly callback: string
  readonly user: string
  readonly refresh: string
  readonly logout: string
  readonly loggedOut: string
  readonly backchannelLogout: string
  readonly events: string
  readonly sessions: string
  /** `/NAME` of a realm follows. */
  readonly token: string
  readonly jwks: string
  readonly issuerMetadata: string
}

export const ALIASED_ENDPOINTS = ['user', 'login', 'logout', 'refresh', 'sessions', 'events'] as const

export type AliasTarget =
  | {
      readonly kind: 'endpoint'
      readonly endpoint: (typeof ALIASED_ENDPOINTS)[number]
      /** What `return_to` is called there; null for its own name. */
      readonly returnTo: string | null
    }
  /** The token of a second realm, for the person's own pages. */
  | { readonly kind: 'token'; readonly realm: string }

export interface AliasConfig {
  readonly path: string
  readonly target: AliasTarget
}

export interface UserConfig {
  /** Claims of the ID token that `/auth/user` shows. */
  readonly claims: readonly string[]
  /** The status when nobody is logged in: 401 with a problem document, or 200 with `null`. */
  readonly anonymous: 401 | 200
}
