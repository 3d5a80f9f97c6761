// What the gateway's configuration says that realms must know: which clients it is, whom it calls, what it asks of people.

export interface FrontDoor {
  /** The origin browsers use. */
  readonly publicUrl: string
  /** The realm people log in to where nothing names another. */
  readonly loginRealm: string
  /** In the order of the file. */
  readonly realms: readonly FrontDoorRealm[]
  readonly routes: readonly FrontDoorRoute[]
}

/** The gateway's client in one realm. */
export interface FrontDoorRealm {
  /** The local name. */
  readonly name: string
  readonly issuer: string
  /** Where the realm is reached inside the network, as an origin; null: at the issuer. */
  readonly backchannelUrl: string | null
  readonly clientId: string
  readonly clientAuth: FrontDoorAuth
  /** What is asked for, `openid` included. */
  readonly scopes: readonly string[]
  readonly obtain: FrontDoorObtain | null
  /** Bearer tokens are asked about. */
  readonly introspects: boolean
  /** Its tokens are had without a route, too: by services, or by the person's own pages. */
  readonly isHandedOut: boolean
  /** Where browsers come back to after a login and a logout, and where the realm says that a session has ended. */
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly backchannelLogoutUrl: string | null
}

export type FrontDoorAuth =
  | { readonly kind: 'secret' }
  /** `publicJwk`: the public key as JSON; null while the private one is absent. */
  | { readonly kind: 'privateKey'; readonly algorithm: string; readonly publicJwk: string | null }

/** How tokens of a second realm are had; see `realms.NAME.obtain`. */
export type FrontDoorObtain =
  | { readonly kind: 'clientCredentials' }
  | { readonly kind: 'jwtGrant'; readonly audience: string; readonly exchangeScopes: readonly string[] }
  | { readonly kind: 'login'; readonly identityProvider: string | null }

export interface FrontDoorRoute {
  /** Where the file describes it, such as `routes[2]`. */
  readonly place: string
  readonly service: string
  readonly credential: FrontDoorCredential
  /** Where the credential stands, such as `services.reports.credential`. */
  readonly credentialPlace: string
  /** The login realms whose people may use it; empty where nobody has to be logged in. */
  readonly realms: readonly string[]
  /** Realm roles it asks for. */
  readonly roles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
}

export type FrontDoorCredential =
  | { readonly kind: 'none' | 'internal' | 'accessToken' }
  | { readonly kind: 'exchange'; readonly audience: string; readonly scopes: readonly string[] }
  | { readonly kind: 'serviceAccount'; readonly scopes: readonly string[] }
  | { readonly kind: 'realm'; readonly realm: string }
