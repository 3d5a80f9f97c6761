// The answer of the token endpoint, with Keycloak's members.
import { buildAccessClaims, buildIdClaims, type TokenSubject } from './claims.ts'
import { issueIdToken } from './id-token.ts'
import type { DevClient, DevUser } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import { type ClientSession, sessionEndsAt, type UserSession } from './sessions.ts'

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

export async function issueTokens(state: RealmState, grant: TokenGrant): Promise<Record<string, unknown>> {
  const now = epochSeconds()
  grant.session.lastUsedAt = now
  const subject = buildSubject(state, grant, now)
  const accessToken = await state.keys.sign(buildAccessClaims(subject))
  const idClaims = buildIdClaims(subject, accessToken, grant.nonce)
  const refreshExpiresAt = isOffline(grant) ? null : sessionEndsAt(grant.session, state.settings)
  return {
    access_token: accessToken,
    expires_in: state.faults.expiresIn ?? subject.expiresAt - now,
    refresh_expires_in: refreshExpiresAt === null ? 0 : refreshExpiresAt - now,
    refresh_token: await issueRefreshToken(state, grant, now, refreshExpiresAt),
    token_type: 'Bearer',
    ...(hasScope(grant.scope, 'openid')
      ? { id_token: await issueIdToken(state.keys, idClaims, state.faults.takeIdTokenFault()) }
      : {}),
    'not-before-policy': 0,
    session_state: grant.session.sid,
    scope: grant.scope,
    ...state.faults.takeTokenResponseChanges(),
  }
}

export function hasScope(scope: string, name: string): boolean {
  return scope.split(' ').includes(name)
}

function isOffline(grant: TokenGrant): boolean {
  return hasScope(grant.scope, 'offline_access')
}

function buildSubject(state: RealmState, grant: TokenGrant, now: number): TokenSubject {
  const { user, client, session, clientSession, scope } = grant
  return {
    issuer: state.issuer,
    realm: state.realm,
    user,
    client,
    clientSessionId: clientSession.id,
    sid: session.sid,
    authTime: session.authTime,
    acr: state.faults.acr ?? clientSession.acr,
    scope,
    now,
    expiresAt: now + state.settings.accessTokenSeconds,
  }
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
