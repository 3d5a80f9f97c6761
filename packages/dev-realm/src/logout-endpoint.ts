// `…/logout`: by a client with its refresh token, or by the browser (OpenID Connect RP-Initiated Logout 1.0).
import { type Answer, emptyAnswer, oauthError, redirectAnswer } from './answer.ts'
import { endUserSession } from './backchannel-logout.ts'
import { isPostLogoutRedirectUriAllowed } from './directory.ts'
import { OPENID_CONNECT_PATH } from './discovery.ts'
import type { DevClient } from './options.ts'
import { errorPage, logoutConfirmationPage, messagePage } from './pages.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import { findTokenProblem } from './refresh-grant.ts'
import type { UserSession } from './sessions.ts'

export const LOGOUT_CONFIRMATION_PATH = `${OPENID_CONNECT_PATH}/logout/logout-confirm`

/** A confirmation the person has not given yet. */
interface PendingLogout {
  readonly session: UserSession | undefined
  readonly returnTo: string | null
}

export interface LogoutEndpoint {
  /** Ends the whole session, other clients' parts too; again is 204 again. */
  answerClient(client: DevClient, refreshToken: string): Promise<Answer>
  /** `browserSession`: the library's name of the session the browser's cookie stands for. */
  answerBrowser(parameters: URLSearchParams, browserSession: string): Promise<Answer>
  confirm(ticket: string | null): Promise<Answer>
}

export function createLogoutEndpoint(state: RealmState): LogoutEndpoint {
  const pending = new Map<string, PendingLogout>()

  function askPerson(session: UserSession | undefined, returnTo: string | null): Answer {
    const ticket = crypto.randomUUID()
    pending.set(ticket, { session, returnTo })
    return logoutConfirmationPage({ action: `${new URL(state.issuer).pathname}${LOGOUT_CONFIRMATION_PATH}`, ticket })
  }

  return {
    async answerClient(client, refreshToken) {
      const parsed = await state.refreshTokens.parse(refreshToken, epochSeconds())
      const problem = parsed.kind === 'expired' ? null : findTokenProblem(parsed, client)
      if (parsed.kind === 'invalid' || problem !== null || parsed.grant.clientId !== client.clientId)
        return oauthError(400, 'invalid_grant', problem ?? 'Invalid refresh token')
      await endUserSession(state, state.sessions.find(parsed.grant.sid))
      return emptyAnswer(204)
    },
    async answerBrowser(parameters, browserSession) {
      const request = await readRequest(state, parameters)
      if (request.kind === 'refused') return errorPage(400, 'We are sorry…', request.because)
      const current = state.sessions.findByBrowser(browserSession)
      const isSomebodyElse = current !== undefined && !current.ended && current.userId !== request.subject
      if (request.subject === null || isSomebodyElse) return askPerson(current, request.returnTo)
      await endUserSession(state, state.sessions.find(request.sid))
      return finish(request.returnTo)
    },
    async confirm(ticket) {
      const found = pending.get(ticket ?? '')
      if (found === undefined) return errorPage(400, 'We are sorry…', 'Logout failed.')
      pending.delete(ticket ?? '')
      await endUserSession(state, found.session)
      return finish(found.returnTo)
    },
  }
}

type LogoutRequest =
  | { readonly kind: 'refused'; readonly because: string }
  | {
      readonly kind: 'accepted'
      /** Null without a hint. */
      readonly subject: string | null
      readonly sid: string
      readonly returnTo: string | null
    }

async function readRequest(state: RealmState, parameters: URLSearchParams): Promise<LogoutRequest> {
  const hint = parameters.get('id_token_hint')
  // An expired hint is good enough (section 2); one by a key the realm no longer has is not.
  const claims = hint === null ? null : await state.keys.verify(hint)
  if (hint !== null && (claims?.typ !== 'ID' || claims.iss !== state.issuer)) return refuse('id_token_hint')
  const clientId = parameters.get('client_id')
  if (claims !== null && clientId !== null && clientId !== claims.azp) return refuse('id_token_hint')
  const client = state.directory.findClient(clientId ?? String(claims?.azp))
  const redirectUri = parameters.get('post_logout_redirect_uri')
  if (redirectUri !== null && (client === undefined || !isPostLogoutRedirectUriAllowed(client, redirectUri)))
    return refuse('redirect_uri')
  return {
    kind: 'accepted',
    subject: claims?.sub ?? null,
    sid: String(claims?.sid),
    returnTo: redirectUri === null ? null : buildReturn(redirectUri, parameters.get('state')),
  }
}

function refuse(parameter: string): LogoutRequest {
  return { kind: 'refused', because: `Invalid parameter: ${parameter}` }
}

function buildReturn(redirectUri: string, requestState: string | null): string {
  const location = new URL(redirectUri)
  if (requestState !== null) location.searchParams.set('state', requestState)
  return location.href
}

function finish(returnTo: string | null): Answer {
  return returnTo === null ? messagePage('You are logged out', 'You can close this page.') : redirectAnswer(returnTo)
}
