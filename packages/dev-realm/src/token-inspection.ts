// Userinfo and revocation: who may ask whom a token speaks of, and who may end it.
import { type Answer, emptyAnswer, jsonAnswer, oauthError } from './answer.ts'
import { buildProfileClaims } from './claims.ts'
import type { DevClient } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import type { RefreshGrant } from './refresh-tokens.ts'
import { hasScope } from './scopes.ts'
import { findTokenHolder, verifyAccessToken } from './token-holder.ts'

export async function answerUserInfo(state: RealmState, authorization: string | undefined): Promise<Answer> {
  const [, token] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? []
  if (token === undefined) return oauthError(401, 'invalid_request', 'Token not provided')
  const claims = await verifyAccessToken(state, token)
  if (claims === null) return oauthError(401, 'invalid_token', 'Token verification failed')
  const holder = findTokenHolder(state, claims)
  if (holder === null) return oauthError(401, 'invalid_token', 'user_session_not_found')
  if (!hasScope(String(claims.scope), 'openid')) return oauthError(403, 'insufficient_scope', 'Missing openid scope')
  return jsonAnswer(200, { sub: holder.user.id, ...buildProfileClaims(holder.user) })
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
  const session = findTokenHolder(state, { sid: grant.sid, azp: grant.clientId, jti: grant.tokenId })?.session
  if (session === undefined || session === null) return emptyAnswer(200)
  session.user.clients.delete(grant.clientId)
  if (session.user.clients.size === 0) session.user.ended = true
  return emptyAnswer(200)
}
