// Userinfo, introspection and revocation: who may ask what a token is worth, and who may end it.
import type { JWTPayload } from 'jose'
import { type Answer, emptyAnswer, jsonAnswer, oauthError } from './answer.ts'
import { buildProfileClaims, clientSessionIdOf } from './claims.ts'
import type { DevClient } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import type { RefreshGrant } from './refresh-tokens.ts'
import { hasScope } from './token-response.ts'

export async function answerUserInfo(state: RealmState, authorization: string | undefined): Promise<Answer> {
  const [, token] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? []
  if (token === undefined) return oauthError(401, 'invalid_request', 'Token not provided')
  const claims = await verifyAccessToken(state, token)
  if (claims === null) return oauthError(401, 'invalid_token', 'Token verification failed')
  if (!isClientSessionLive(state, claims.sid, claims.azp, claims.jti))
    return oauthError(401, 'invalid_token', 'user_session_not_found')
  if (!hasScope(String(claims.scope), 'openid')) return oauthError(403, 'insufficient_scope', 'Missing openid scope')
  const user = state.directory.findUser(String(claims.sub))
  if (user === undefined || !user.enabled) return oauthError(401, 'invalid_token', 'User disabled')
  return jsonAnswer(200, { sub: user.id, ...buildProfileClaims(user) })
}

export async function answerIntrospection(
  state: RealmState,
  client: DevClient,
  form: URLSearchParams,
): Promise<Answer> {
  const token = form.get('token')
  if (token === null) return oauthError(400, 'invalid_request', 'Token not provided')
  const claims = await verifyAccessToken(state, token)
  const isActive =
    claims !== null &&
    // Keycloak 26.7 tells nobody about a token that is not meant for them, not even the client it was issued to.
    [claims.aud].flat().includes(client.clientId) &&
    isClientSessionLive(state, claims.sid, claims.azp, claims.jti) &&
    state.directory.findUser(String(claims.sub))?.enabled === true
  if (!isActive) return jsonAnswer(200, { active: false })
  return jsonAnswer(200, { ...claims, client_id: claims.azp, username: claims.preferred_username, active: true })
}

export async function answerRevocation(state: RealmState, client: DevClient, form: URLSearchParams): Promise<Answer> {
  const token = form.get('token')
  if (token === null) return oauthError(400, 'invalid_request', 'Token not provided')
  const refresh = await state.refreshTokens.parse(token, epochSeconds())
  if (refresh.kind !== 'invalid') return revokeRefreshToken(state, client, refresh.grant)
  const access = await verifyAccessToken(state, token)
  if (access === null) return jsonAnswer(200, { error: 'invalid_token', error_description: 'Invalid token' })
  if (access.azp !== client.clientId) return oauthError(400, 'invalid_token', 'Unmatching clients')
  state.revokedTokenIds.add(String(access.jti))
  return emptyAnswer(200)
}

/** Ends this client's part of the session, and the session itself when nothing else is in it. */
function revokeRefreshToken(state: RealmState, client: DevClient, grant: RefreshGrant): Answer {
  if (grant.clientId !== client.clientId) return oauthError(400, 'invalid_token', 'Unmatching clients')
  const session = state.sessions.find(grant.sid)
  if (session === undefined || !isClientSessionLive(state, grant.sid, grant.clientId, grant.tokenId))
    return emptyAnswer(200)
  session.clients.delete(grant.clientId)
  if (session.clients.size === 0) session.ended = true
  return emptyAnswer(200)
}

async function verifyAccessToken(state: RealmState, token: string): Promise<JWTPayload | null> {
  const claims = await state.keys.verify(token)
  const isUsable =
    claims?.typ === 'Bearer' && Number(claims.exp) > epochSeconds() && !state.revokedTokenIds.has(String(claims.jti))
  return isUsable ? claims : null
}

function isClientSessionLive(state: RealmState, sid: unknown, clientId: unknown, tokenId: unknown): boolean {
  const session = state.sessions.find(String(sid))
  if (session === undefined || !state.sessions.isLive(session, epochSeconds())) return false
  return session.clients.get(String(clientId))?.id === clientSessionIdOf(tokenId)
}
