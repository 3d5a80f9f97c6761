// What Keycloak says about a person in its tokens. Pure.
import { createHash } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { DevClient, DevUser } from './options.ts'

const ACCOUNT_ROLES = ['manage-account', 'manage-account-links', 'view-profile'] as const

/** What is the same in every token of one answer. */
export interface TokenSubject {
  readonly issuer: string
  readonly realm: string
  readonly user: DevUser
  readonly client: DevClient
  readonly clientSessionId: string
  readonly sid: string
  readonly authTime: number
  readonly acr: string
  readonly scope: string
  readonly now: number
  readonly expiresAt: number
}

/** The identity of a token. Keycloak's ids are prefixed and opaque; ours name the client session they live with. */
export function buildTokenId(prefix: string, subject: Pick<TokenSubject, 'clientSessionId'>): string {
  return `${prefix}:${subject.clientSessionId}-${crypto.randomUUID()}`
}

export function clientSessionIdOf(tokenId: unknown): string | null {
  return typeof tokenId === 'string' ? (/^[a-z]+:([0-9a-f]+)-/.exec(tokenId)?.[1] ?? null) : null
}

export function buildAccessClaims(subject: TokenSubject): JWTPayload {
  return {
    ...buildCommonClaims(subject),
    jti: buildTokenId('onrtac', subject),
    aud: buildAudience(subject.user, subject.client),
    typ: 'Bearer',
    realm_access: { roles: [`default-roles-${subject.realm}`, ...subject.user.realmRoles] },
    resource_access: buildResourceAccess(subject.user),
    scope: subject.scope,
    ...buildProfileClaims(subject.user),
  }
}

export function buildIdClaims(subject: TokenSubject, accessToken: string, nonce: string | undefined): JWTPayload {
  return {
    ...buildCommonClaims(subject),
    jti: crypto.randomUUID(),
    aud: subject.client.clientId,
    typ: 'ID',
    ...(nonce === undefined ? {} : { nonce }),
    at_hash: buildAccessTokenHash(accessToken),
    ...buildProfileClaims(subject.user),
  }
}

/** @see https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken */
export function buildAccessTokenHash(accessToken: string): string {
  return createHash('sha256').update(accessToken, 'ascii').digest().subarray(0, 16).toString('base64url')
}

export function buildProfileClaims(user: DevUser): JWTPayload {
  return {
    email_verified: true,
    name: `${user.firstName} ${user.lastName}`,
    preferred_username: user.username,
    given_name: user.firstName,
    family_name: user.lastName,
    email: user.email,
  }
}

function buildCommonClaims(subject: TokenSubject): JWTPayload {
  return {
    exp: subject.expiresAt,
    iat: subject.now,
    auth_time: subject.authTime,
    iss: subject.issuer,
    sub: subject.user.id,
    azp: subject.client.clientId,
    sid: subject.sid,
    acr: subject.acr,
  }
}

function buildResourceAccess(user: DevUser): Readonly<Record<string, { readonly roles: readonly string[] }>> {
  const own = Object.entries(user.clientRoles).map(([clientId, roles]) => [clientId, { roles }] as const)
  return { ...Object.fromEntries(own), account: { roles: ACCOUNT_ROLES } }
}

/** Clients the person has a role in, except the one that asks, and what audience mappers add; one alone is a string. */
function buildAudience(user: DevUser, client: DevClient): string | string[] {
  const byRoles = [...Object.keys(user.clientRoles), 'account'].filter((clientId) => clientId !== client.clientId)
  const audience = [...new Set([...(client.audiences ?? [client.clientId]), ...byRoles])]
  const [only] = audience
  return audience.length === 1 && only !== undefined ? only : audience
}
