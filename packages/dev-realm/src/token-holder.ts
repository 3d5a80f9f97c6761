// Whom a token of this realm speaks of, and whether it still may.
import type { JWTPayload } from 'jose'
import { clientSessionIdOf } from './claims.ts'
import { isEnabled } from './directory.ts'
import type { DevClient, DevUser } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import type { GrantSession } from './token-response.ts'

export interface TokenHolder {
  readonly user: DevUser
  /** The client the token was issued to. */
  readonly client: DevClient
  readonly session: GrantSession | null
}

/** The claims of a token that the realm has signed, and neither its end nor a revocation has met. */
export async function verifyToken(state: RealmState, token: string): Promise<JWTPayload | null> {
  const claims = await state.keys.verify(token)
  const isUsable = Number(claims?.exp) > epochSeconds() && !state.revokedTokenIds.has(String(claims?.jti))
  return isUsable ? claims : null
}

export async function verifyAccessToken(state: RealmState, token: string): Promise<JWTPayload | null> {
  const claims = await verifyToken(state, token)
  return claims?.typ === 'Bearer' ? claims : null
}

/** Null when the session is over, or the person or the client may no longer. */
export function findTokenHolder(state: RealmState, claims: JWTPayload): TokenHolder | null {
  const client = state.directory.findClient(String(claims.azp))
  const session = claims.sid === undefined ? null : findSession(state, claims)
  if (client === undefined || !isEnabled(client) || session === undefined) return null
  const user = state.directory.findSubject(session === null ? String(claims.sub) : session.user.userId)
  return user?.enabled === true ? { user, client, session } : null
}

function findSession(state: RealmState, { sid, azp, jti }: JWTPayload): GrantSession | undefined {
  const user = state.sessions.find(String(sid))
  if (user === undefined || !state.sessions.isLive(user, epochSeconds())) return undefined
  const client = user.clients.get(String(azp))
  if (String(jti).startsWith('nt')) return { user, client }
  const clientSessionId = clientSessionIdOf(jti) ?? client?.id
  return client !== undefined && client.id === clientSessionId ? { user, client } : undefined
}
