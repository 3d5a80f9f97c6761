// The refresh grant: what Keycloak checks, in its order, and what a reused token costs.
import { type Answer, oauthError } from './answer.ts'
import { clientSessionIdOf } from './claims.ts'
import type { DevClient, DevUser, TokenUse } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import { judgeReuse, type ReuseState } from './refresh-rotation.ts'
import type { ParsedRefreshToken, RefreshGrant } from './refresh-tokens.ts'
import type { ClientSession, UserSession } from './sessions.ts'
import { answerTokens, issueTokens } from './token-response.ts'

type Found =
  | {
      readonly kind: 'found'
      readonly session: UserSession
      readonly clientSession: ClientSession
      readonly user: DevUser
    }
  | { readonly kind: 'refused'; readonly because: string }

export async function refreshTokens(state: RealmState, client: DevClient, token: string | null): Promise<Answer> {
  if (token === null) return oauthError(400, 'invalid_request', 'No refresh token')
  const parsed = await state.refreshTokens.parse(token, epochSeconds())
  const tokenProblem = findTokenProblem(parsed, client)
  if (parsed.kind !== 'valid' || tokenProblem !== null) return refuse(tokenProblem ?? 'Invalid refresh token')
  const found = findSession(state, parsed.grant)
  if (found.kind === 'refused') return refuse(found.because)
  // No await between this judgement and the answer's number: requests at once are judged one after the other.
  const reuseProblem = recordUse(state, parsed.grant, found)
  if (reuseProblem !== null) return refuse(reuseProblem)
  const { scope, chain } = parsed.grant
  return answerTokens(state, await issueTokens(state, { ...found, client, scope, chain, nonce: undefined }))
}

function refuse(because: string): Answer {
  return oauthError(400, 'invalid_grant', because)
}

export function findTokenProblem(parsed: ParsedRefreshToken, client: DevClient): string | null {
  if (parsed.kind === 'invalid') return 'Invalid refresh token'
  if (parsed.kind === 'expired') return 'Token is not active'
  if (parsed.grant.clientId === client.clientId) return null
  return "Invalid refresh token. Token client and authorized client don't match"
}

function findSession(state: RealmState, grant: RefreshGrant): Found {
  const session = state.sessions.find(grant.sid)
  const user = session === undefined ? undefined : state.directory.findUser(session.userId)
  if (session === undefined || user === undefined || !state.sessions.isLive(session, epochSeconds()))
    return { kind: 'refused', because: 'Session not active' }
  if (!user.enabled) return { kind: 'refused', because: 'User disabled' }
  const clientSession = session.clients.get(grant.clientId)
  if (clientSession === undefined || clientSession.id !== clientSessionIdOf(grant.tokenId))
    return { kind: 'refused', because: "Session doesn't have required client" }
  return { kind: 'found', session, clientSession, user }
}

/** A token used too often ends the client's whole session, the newest token included. */
function recordUse(
  state: RealmState,
  grant: RefreshGrant,
  { session, clientSession }: { readonly session: UserSession; readonly clientSession: ClientSession },
): string | null {
  if (!state.settings.revokeRefreshToken) return null
  const previous = clientSession.reuse.get(grant.chain)
  const decision = judgeReuse(previous, grant, state.settings.refreshTokenMaxReuse, state.refreshTokens.tick())
  const { sid, tokenId } = grant
  state.onTokenUse({ sid, tokenId, outcome: decision.kind === 'refused' ? 'refused' : outcomeOf(decision.state) })
  if (decision.kind === 'refused') {
    session.clients.delete(grant.clientId)
    return decision.because
  }
  clientSession.reuse.set(grant.chain, decision.state)
  return null
}

function outcomeOf({ uses }: ReuseState): TokenUse['outcome'] {
  return uses === 1 ? 'first' : 'again'
}
