// Token introspection (RFC 7662): what Keycloak tells of a token, and to whom.
import type { JWTPayload } from 'jose'
import { type Answer, jsonAnswer, oauthError } from './answer.ts'
import { buildAccessClaims } from './claims.ts'
import type { DevClient } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import { findTokenHolder, type TokenHolder, verifyToken } from './token-holder.ts'
import { buildSubject } from './token-response.ts'

interface Introspection {
  readonly aud: readonly string[]
  readonly [member: string]: unknown
}

const INACTIVE = jsonAnswer(200, { active: false })

export async function answerIntrospection(
  state: RealmState,
  client: DevClient,
  form: URLSearchParams,
): Promise<Answer> {
  const token = form.get('token')
  if (token === null) return oauthError(400, 'invalid_request', 'Token not provided.')
  const claims = await readToken(state, token, form.get('token_type_hint'))
  const holder = claims === null ? null : findTokenHolder(state, claims)
  if (claims === null || holder === null) return INACTIVE
  const told = describe(state, holder, claims)
  // Keycloak 26.7 tells nobody about a token that is not meant for them, not even the client it was issued to.
  const audience = claims.typ === 'Refresh' || claims.aud === undefined ? told.aud : [claims.aud].flat()
  return audience.includes(client.clientId) ? jsonAnswer(200, told) : INACTIVE
}

/** Without its hint a refresh token is unknown. */
async function readToken(state: RealmState, token: string, hint: string | null): Promise<JWTPayload | null> {
  if (hint !== 'refresh_token') return verifyToken(state, token)
  const parsed = await state.refreshTokens.parse(token, epochSeconds())
  return parsed.kind === 'valid' ? parsed.claims : null
}

/** Keycloak looks everything up again: changed roles are told before the token is renewed. */
function describe(state: RealmState, { user, client, session }: TokenHolder, claims: JWTPayload): Introspection {
  const { jti, iat, exp, typ, auth_time: authTime, acr } = claims
  const origin = 'login'
  const scope = String(claims.scope ?? '')
  const current = buildAccessClaims(buildSubject(state, { user, client, session, origin, scope }, epochSeconds()))
  const kept = { jti, iat, exp, typ, scope, ...(authTime === undefined ? {} : { auth_time: authTime }) }
  return {
    ...current,
    ...kept,
    acr: acr ?? current.acr,
    aud: [...new Set([claims.aud ?? [], current.aud ?? []].flat())],
    client_id: client.clientId,
    username: user.username,
    token_type: typ,
    active: true,
  }
}
