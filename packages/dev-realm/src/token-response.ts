// The answer of the token endpoint, with Keycloak's members.
import type { JWTPayload } from 'jose'
import { type Answer, jsonAnswer } from './answer.ts'
import {
  buildAccessClaims,
  buildIdClaims,
  buildLightweightClaims,
  restrictAudience,
  type TokenOrigin,
  type TokenSubject,
} from './claims.ts'
import { issueIdToken } from './id-token.ts'
import type { DevClient, DevUser } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import { buildTokenScope, hasScope } from './scopes.ts'
import { type ClientSession, sessionEndsAt, type UserSession } from './sessions.ts'

/** What a login and a refresh are answered with. */
export interface TokenGrant {
  readonly user: DevUser
  readonly client: DevClient
  readonly session: UserSession
  readonly clientSession: ClientSession
  readonly scope: string
  /** Only in the answer to a code. */
  readonly nonce: string | undefined
  readonly chain: string
}

export interface GrantSession {
  readonly user: UserSession
  /** The client's part in it. */
  readonly client: ClientSession | undefined
}

/** What every other grant is answered with: no refresh token. */
export interface AccessGrant {
  readonly user: DevUser
  readonly client: DevClient
  readonly origin: TokenOrigin
  readonly session: GrantSession | null
  readonly scope: string
  /** Null: all that the scopes and roles give. */
  readonly audiences: readonly string[] | null
  readonly hasIdToken: boolean
}

export async function issueTokens(state: RealmState, grant: TokenGrant): Promise<Record<string, unknown>> {
  const now = epochSeconds()
  grant.session.lastUsedAt = now
  const session = { user: grant.session, client: grant.clientSession }
  const subject = buildSubject(state, { ...grant, origin: 'login', session }, now)
  const accessToken = await state.keys.sign(toAccessClaims(subject, null))
  const refreshExpiresAt = isOffline(grant) ? null : sessionEndsAt(grant.session, state.settings)
  return {
    access_token: accessToken,
    expires_in: state.faults.expiresIn ?? subject.expiresAt - now,
    refresh_expires_in: refreshExpiresAt === null ? 0 : refreshExpiresAt - now,
    refresh_token: await issueRefreshToken(state, grant, now, refreshExpiresAt),
    token_type: 'Bearer',
    ...(hasScope(grant.clientSession.askedScope, 'openid')
      ? await buildIdToken(state, subject, accessToken, grant.nonce)
      : {}),
    'not-before-policy': 0,
    session_state: grant.session.sid,
    scope: buildTokenScope(grant.scope, grant.client),
  }
}

export async function issueAccessToken(state: RealmState, grant: AccessGrant): Promise<Record<string, unknown>> {
  const now = epochSeconds()
  const subject = buildSubject(state, grant, now)
  const accessToken = await state.keys.sign(toAccessClaims(subject, grant.audiences))
  return {
    access_token: accessToken,
    expires_in: state.faults.expiresIn ?? subject.expiresAt - now,
    refresh_expires_in: 0,
    token_type: 'Bearer',
    ...(grant.hasIdToken ? await buildIdToken(state, subject, accessToken, undefined) : {}),
    'not-before-policy': 0,
    ...(grant.session === null ? {} : { session_state: grant.session.user.sid }),
    scope: buildTokenScope(grant.scope, grant.client),
  }
}

/** The last word is the faults'. */
export function answerTokens(state: RealmState, members: Readonly<Record<string, unknown>>): Answer {
  return jsonAnswer(200, { ...members, ...state.faults.takeTokenResponseChanges() })
}

export function buildSubject(
  state: RealmState,
  { user, client, origin, session, scope }: Pick<AccessGrant, 'user' | 'client' | 'origin' | 'session' | 'scope'>,
  now: number,
): TokenSubject {
  return {
    issuer: state.issuer,
    realm: state.realm,
    user,
    client,
    origin,
    session:
      session === null
        ? null
        : {
            sid: session.user.sid,
            authTime: session.user.authTime,
            clientSessionId: session.client?.id ?? null,
          },
    acr: state.faults.acr ?? session?.client?.acr ?? '1',
    scope,
    organizationClaim: state.settings.organizationClaim,
    now,
    expiresAt: now + state.settings.accessTokenSeconds,
  }
}

function toAccessClaims(subject: TokenSubject, audiences: readonly string[] | null): JWTPayload {
  const claims = buildAccessClaims(subject)
  if (subject.client.lightweightTokens === true) return buildLightweightClaims(claims)
  return audiences === null ? claims : restrictAudience(claims, audiences)
}

async function buildIdToken(
  state: RealmState,
  subject: TokenSubject,
  accessToken: string,
  nonce: string | undefined,
): Promise<{ readonly id_token: string | undefined }> {
  const claims = buildIdClaims(subject, accessToken, nonce)
  return { id_token: await issueIdToken(state.keys, claims, state.faults.takeIdTokenFault()) }
}

function isOffline(grant: TokenGrant): boolean {
  return hasScope(grant.scope, 'offline_access')
}

function issueRefreshToken(
  state: RealmState,
  { client, session, clientSession, scope, chain }: TokenGrant,
  now: number,
  expiresAt: number | null,
): Promise<string> {
  return state.refreshTokens.issue({
    clientSessionId: clientSession.id,
    clientId: client.clientId,
    sid: session.sid,
    scope,
    chain,
    now,
    expiresAt,
  })
}
