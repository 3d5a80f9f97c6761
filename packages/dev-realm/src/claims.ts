// What Keycloak says about a person in its tokens. Pure.
import { createHash } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { DevClient, DevUser, OrganizationClaimForm } from './options.ts'
import { buildOrganizationClaim } from './organization-claim.ts'
import { buildTokenScope, findScopeAudiences } from './scopes.ts'

/** Keycloak's own client for people's accounts, in which everybody has roles. */
export const ACCOUNT_CLIENT = 'account'
const ACCOUNT_ROLES = ['manage-account', 'manage-account-links', 'view-profile'] as const

const LIGHTWEIGHT_CLAIMS: readonly string[] = ['exp', 'iat', 'jti', 'iss', 'typ', 'azp', 'sid', 'scope']

/** How a token was asked for. */
export type TokenOrigin = 'login' | 'client-credentials' | 'exchange' | 'jwt-grant'

const ORIGIN_CODES: Readonly<Record<TokenOrigin, string>> = {
  login: 'ac',
  'client-credentials': 'cc',
  exchange: 'te',
  'jwt-grant': 'ag',
}

/** What is the same in every token of one answer. */
export interface TokenSubject {
  readonly issuer: string
  readonly realm: string
  readonly user: DevUser
  readonly client: DevClient
  readonly origin: TokenOrigin
  /** The session the token lives and dies with; null: none. */
  readonly session: TokenSession | null
  readonly acr: string
  /** All that was granted, named in tokens or not. */
  readonly scope: string
  readonly organizationClaim: OrganizationClaimForm
  readonly now: number
  readonly expiresAt: number
}

export interface TokenSession {
  readonly sid: string
  readonly authTime: number
  /** Null where the client has no part in the session. */
  readonly clientSessionId: string | null
}

/** The identity of a token. Keycloak's ids are prefixed and opaque; ours name the client session they live with. */
export function buildTokenId(prefix: string, clientSessionId: string | null): string {
  return `${prefix}:${clientSessionId === null ? '' : `${clientSessionId}-`}${crypto.randomUUID()}`
}

export function clientSessionIdOf(tokenId: unknown): string | null {
  return typeof tokenId === 'string' ? (/^on[a-z]+:([0-9a-f]{16})-/.exec(tokenId)?.[1] ?? null) : null
}

export function buildAccessClaims(subject: TokenSubject): JWTPayload {
  return {
    ...buildCommonClaims(subject),
    jti: buildTokenId(buildAccessTokenPrefix(subject), subject.session?.clientSessionId ?? null),
    aud: foldAudience(buildAudiences(subject)),
    typ: 'Bearer',
    realm_access: { roles: [`default-roles-${subject.realm}`, ...subject.user.realmRoles] },
    resource_access: buildResourceAccess(subject.user),
    scope: buildTokenScope(subject.scope, subject.client),
    ...buildPersonClaims(subject),
  }
}

/** What a lightweight token keeps of them. */
export function buildLightweightClaims(claims: JWTPayload): JWTPayload {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => LIGHTWEIGHT_CLAIMS.includes(name)))
}

/** Leaves only what the requested audiences need. */
export function restrictAudience(claims: JWTPayload, requested: readonly string[]): JWTPayload {
  const access = Object.entries(claims.resource_access ?? {}).filter(([clientId]) => requested.includes(clientId))
  const audiences = [claims.aud ?? []].flat().filter((audience) => requested.includes(audience))
  return { ...claims, aud: foldAudience(audiences), resource_access: Object.fromEntries(access) }
}

export function buildIdClaims(subject: TokenSubject, accessToken: string, nonce: string | undefined): JWTPayload {
  return {
    ...buildCommonClaims(subject),
    jti: crypto.randomUUID(),
    aud: subject.client.clientId,
    typ: 'ID',
    ...(nonce === undefined ? {} : { nonce }),
    at_hash: buildAccessTokenHash(accessToken),
    ...buildPersonClaims(subject),
  }
}

/** @see https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken */
export function buildAccessTokenHash(accessToken: string): string {
  return createHash('sha256').update(accessToken, 'ascii').digest().subarray(0, 16).toString('base64url')
}

/** A service account has neither name nor address. */
export function buildProfileClaims(user: DevUser): JWTPayload {
  if (user.email === '') return { email_verified: false, preferred_username: user.username }
  return {
    email_verified: true,
    name: `${user.firstName} ${user.lastName}`,
    preferred_username: user.username,
    given_name: user.firstName,
    family_name: user.lastName,
    email: user.email,
  }
}

function buildPersonClaims({ user, scope, organizationClaim }: TokenSubject): JWTPayload {
  const groups = user.groups ?? []
  return {
    ...buildOrganizationClaim(user, scope, organizationClaim),
    ...(groups.length === 0 ? {} : { groups }),
    ...buildProfileClaims(user),
  }
}

function buildCommonClaims({ session, ...subject }: TokenSubject): JWTPayload {
  return {
    exp: subject.expiresAt,
    iat: subject.now,
    ...(session === null ? {} : { auth_time: session.authTime, sid: session.sid }),
    iss: subject.issuer,
    sub: subject.user.id,
    azp: subject.client.clientId,
    acr: subject.acr,
    // Keycloak also says from where it was asked.
    ...(subject.origin === 'client-credentials'
      ? { client_id: subject.client.clientId, clientHost: '127.0.0.1', clientAddress: '127.0.0.1' }
      : {}),
  }
}

/** `on` online session, `nt` none of this client's in it, `tr` none at all; `lt` lightweight; then the grant. */
function buildAccessTokenPrefix({ session, client, origin }: TokenSubject): string {
  const inSession = session?.clientSessionId === null ? 'nt' : 'on'
  const kind = client.lightweightTokens === true ? 'lt' : 'rt'
  return `${session === null ? 'tr' : inSession}${kind}${ORIGIN_CODES[origin]}`
}

function buildResourceAccess(user: DevUser): Readonly<Record<string, { readonly roles: readonly string[] }>> {
  const own = Object.entries(user.clientRoles).map(([clientId, roles]) => [clientId, { roles }] as const)
  return { ...Object.fromEntries(own), [ACCOUNT_CLIENT]: { roles: ACCOUNT_ROLES } }
}

/** Clients the person has a role in, except the one that asks, and what audience mappers add. */
export function buildAudiences({ user, client, scope }: TokenSubject): readonly string[] {
  const byRoles = [...Object.keys(user.clientRoles), ACCOUNT_CLIENT].filter((clientId) => clientId !== client.clientId)
  return [...new Set([...(client.audiences ?? [client.clientId]), ...findScopeAudiences(scope, client), ...byRoles])]
}

/** One alone is a string. */
function foldAudience(audiences: readonly string[]): string | string[] {
  const [only] = audiences
  return audiences.length === 1 && only !== undefined ? only : [...audiences]
}
