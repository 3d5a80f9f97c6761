// What a realm is made of: its clients, its people and its settings.
import type { JSONWebKeySet } from 'jose'

/** A confidential client; it authenticates with `secret` or with a key of `jwks`. */
export interface DevClient {
  readonly clientId: string
  /** For `client_secret_basic` and `client_secret_post`. */
  readonly secret?: string
  /** Public keys for `private_key_jwt`. */
  readonly jwks?: JSONWebKeySet
  /** Exact, or ending in `*` as Keycloak allows. */
  readonly redirectUris: readonly string[]
  /** Exact, or ending in `*`. Default: the redirect URIs (Keycloak's `+`). */
  readonly postLogoutRedirectUris?: readonly string[]
  /** Keycloak's "Backchannel logout URL", which must answer without TLS of its own. Default: the client is not told. */
  readonly backchannelLogoutUri?: string
  /** Keycloak's "Backchannel logout session required": the logout token names the session. Default false, as by REST. */
  readonly backchannelLogoutSessionRequired?: boolean
  /** Keycloak's "Backchannel logout revoke offline sessions". Default false. */
  readonly backchannelLogoutRevokesOffline?: boolean
  /** Audiences added to the access token (Keycloak's audience mappers). Default: the client itself. */
  readonly audiences?: readonly string[]
  /** Default true. */
  readonly enabled?: boolean
  /** The client may have tokens of its own (client credentials), with these roles. Default: it may not. */
  readonly serviceAccount?: ServiceAccount
  /** Keycloak's "Standard token exchange" (RFC 8693). Default false. */
  readonly exchange?: boolean
  /** Scopes the client may ask for beyond Keycloak's own, by name. */
  readonly optionalScopes?: Readonly<Record<string, OptionalScope>>
  /** The JWT authorization grant (RFC 7523), for assertions of these identity providers. Default: refused. */
  readonly jwtGrant?: { readonly identityProviders: readonly string[] }
  /** Access tokens without subject, audience and roles, which only introspection tells. Default false. */
  readonly lightweightTokens?: boolean
}

export interface ServiceAccount {
  readonly realmRoles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
}

/** A client scope, with an audience mapper or without. */
export interface OptionalScope {
  /** Default: tokens are for nobody more. */
  readonly audience?: string
  /** Keycloak's "Include in token scope": whether tokens and answers name it. Default false. */
  readonly inTokenScope?: boolean
}

/** Another realm whose people this one knows. */
export interface DevIdentityProvider {
  readonly alias: string
  readonly issuer: string
  /** Where its key set is fetched. */
  readonly jwksUrl: string
  /** Whether its tokens are taken as assertions (RFC 7523). */
  readonly jwtGrant: boolean
  /** This realm's own client there, for logins with `kc_idp_hint`. Default: no such logins. */
  readonly broker?: { readonly clientId: string; readonly secret: string }
}

export interface DevUser {
  readonly id: string
  readonly username: string
  readonly firstName: string
  readonly lastName: string
  readonly email: string
  readonly enabled: boolean
  readonly realmRoles: readonly string[]
  /** By client id. */
  readonly clientRoles: Readonly<Record<string, readonly string[]>>
  /** Aliases; told in tokens where the scope `organization` was granted. */
  readonly organizations?: readonly string[]
  /** Full paths with a leading slash, as Keycloak writes them; told in every token when there are any. */
  readonly groups?: readonly string[]
  /** Who this is at identity providers: subjects by alias. */
  readonly federated?: Readonly<Record<string, string>>
}

/** How a realm's mapper writes the claim `organization`: `["acme"]`, `{"acme":{}}` or `"acme"`. */
export type OrganizationClaimForm = 'list' | 'map' | 'string'

/** Settings of the realm; writable at any time and seen by the next request. */
export interface RealmSettings {
  /** Life of access and ID tokens in whole seconds. Default 60. */
  accessTokenSeconds: number
  /** Keycloak's "SSO Session Idle". Default 1800. */
  ssoIdleSeconds: number
  /** Keycloak's "SSO Session Max". Default 36000. */
  ssoMaxSeconds: number
  /** Keycloak's "Revoke Refresh Token". Default false. */
  revokeRefreshToken: boolean
  /** Keycloak's "Refresh Token Max Reuse"; counts only while refresh tokens are revoked. Default 0. */
  refreshTokenMaxReuse: number
  /** Life of an authorization code. Default 60. */
  codeSeconds: number
  /** Default `list`. */
  organizationClaim: OrganizationClaimForm
}

/** What became of a refresh token that was presented while refresh tokens are revoked by their use. */
export interface TokenUse {
  readonly sid: string
  readonly tokenId: string
  /** `refused` costs the whole client session. */
  readonly outcome: 'first' | 'again' | 'refused'
}

export interface DevRealmOptions {
  /** Default 0: a free one. */
  readonly port?: number
  /** Default `main`. */
  readonly realm?: string
  readonly clients: readonly DevClient[]
  /** Default: alice, bob, carol (admin) and dave (disabled). */
  readonly users?: readonly DevUser[]
  /** Default: none. */
  readonly identityProviders?: readonly DevIdentityProvider[]
  readonly settings?: Partial<RealmSettings>
  /** Told of each use, before its answer; must not throw. Default: nothing is done. */
  readonly onTokenUse?: (use: TokenUse) => void
}

export const DEFAULT_SETTINGS: Readonly<RealmSettings> = {
  accessTokenSeconds: 60,
  ssoIdleSeconds: 1800,
  ssoMaxSeconds: 36_000,
  revokeRefreshToken: false,
  refreshTokenMaxReuse: 0,
  codeSeconds: 60,
  organizationClaim: 'list',
}

/** The people every development realm has. */
export const DEV_USERS: readonly DevUser[] = [
  {
    ...buildUser(1, 'Alice', ['user', 'researcher'], { reports: ['read'], billing: ['pay'] }),
    organizations: ['acme'],
  },
  { ...buildUser(2, 'Bob', ['user'], { reports: ['read', 'write'] }), organizations: ['acme', 'globex'] },
  buildUser(3, 'Carol', ['user', 'admin'], {}),
  { ...buildUser(4, 'Dave', ['user'], {}), enabled: false },
]

function buildUser(
  number: number,
  firstName: string,
  realmRoles: readonly string[],
  clientRoles: DevUser['clientRoles'],
): DevUser {
  const username = firstName.toLowerCase()
  return {
    id: `00000000-0000-4000-8000-00000000000${number}`,
    username,
    firstName,
    lastName: 'Test',
    email: `${username}@example.test`,
    enabled: true,
    realmRoles,
    clientRoles,
  }
}
