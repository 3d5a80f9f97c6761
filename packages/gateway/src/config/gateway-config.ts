// The configuration as the gateway runs on it: checked, interpolated, every default filled in, units in the names,
// paths absolute. What an operator writes is in schema.ts.

export interface GatewayConfig {
  /** An origin: no path, no trailing slash. `http:` on loopback only. */
  readonly publicUrl: string
  readonly listen: ListenAddress
  readonly operator: OperatorConfig
  /** IP addresses and CIDR blocks. */
  readonly trustedProxies: readonly string[]
  /** By local name. Exactly one for now. */
  readonly realms: Readonly<Record<string, RealmConfig>>
  /** Where the sealing keys are, oldest first. */
  readonly keys: readonly KeySource[]
  readonly session: SessionConfig
  readonly cookies: CookieConfig
  /** Origins the browser may be sent back to. */
  readonly frontends: readonly FrontendConfig[]
  readonly services: Readonly<Record<string, ServiceConfig>>
  readonly routes: readonly RouteConfig[]
  readonly login: LoginConfig
  readonly refresh: { readonly marginSeconds: number; readonly waitSeconds: number }
  readonly endpoints: EndpointPaths
  readonly user: UserConfig
  /** PEM files trusted beside the system's certificates; they exist. */
  readonly tls: { readonly ca: readonly string[] }
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
  /** Contains `openid`. */
  readonly scopes: readonly string[]
  readonly idTokenAlgorithms: readonly SignatureAlgorithm[]
  readonly timeoutSeconds: number
  readonly clockSkewSeconds: number
}

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
  | { readonly kind: 'secret'; readonly secret: string }
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

export type StoreConfig = { readonly kind: 'memory' } | { readonly kind: 'sqlite'; readonly path: string }

export interface SessionConfig {
  readonly store: StoreConfig
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  /** Sessions a replica holds decoded in memory. */
  readonly cachedSessions: number
}

export interface CookieConfig {
  /** Not used where `publicUrl` is `http:` on loopback: names are plain there and carry the port. */
  readonly prefix: '__Host-Http-' | '__Host-'
  readonly name: string
}

export interface FrontendConfig {
  readonly origin: string
}

export type Credential = 'accessToken' | 'none'

export interface ServiceConfig {
  /** An origin: what path is asked for there is the route's matter. */
  readonly url: string
  readonly credential: Credential
  readonly timeouts: {
    readonly connectSeconds: number
    readonly headersSeconds: number
    readonly idleBodySeconds: number
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
  /** The route's own, else its service's. */
  readonly credential: Credential
  /** A navigation without a session starts a login instead of a 401. */
  readonly page: boolean
  /** Replaces the service's `headersSeconds`; null keeps that. */
  readonly timeoutSeconds: number | null
}

export type RouteRequirement =
  | 'none'
  | {
      readonly login: true
      /** Realm roles, one of which is enough; empty asks for none. */
      readonly roles: readonly string[]
      /** By client id; one of each client's is enough. */
      readonly clientRoles: Readonly<Record<string, readonly string[]>>
    }

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
}

export interface EndpointPaths {
  readonly login: string
  readonly callback: string
  readonly user: string
  readonly refresh: string
  readonly logout: string
  readonly loggedOut: string
}

export interface UserConfig {
  /** Claims of the ID token that `/auth/user` shows. */
  readonly claims: readonly string[]
  /** The status when nobody is logged in: 401 with a problem document, or 200 with `null`. */
  readonly anonymous: 401 | 200
}
