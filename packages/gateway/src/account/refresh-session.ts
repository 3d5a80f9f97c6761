// Renews the tokens because a page asked. The answer says when, never what.
import { parseQuery, refuseOthers } from '../http/query.ts'
import { buildJson, buildProblem, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { findSession } from '../session/find-session.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { Cookies } from '../session/session-cookie.ts'
import type { Refresher } from '../tokens/refresh.ts'
import { secondsUntil } from './seconds-until.ts'

/** So that no page can make the gateway hammer the realm. */
const REALM_CALL_EVERY_SECONDS = 10

export interface RefreshOptions {
  readonly sessions: SessionLifecycle
  readonly cookies: Cookies
  readonly refresher: Pick<Refresher, 'refreshNow'>
  /** Absolute: front ends of other origins read it too. */
  readonly loginUrl: string
}

/** `POST /auth/refresh`, once its origin has been proved. Throws `ERR_REQUEST_MALFORMED`, `ERR_STORE_UNAVAILABLE`. */
export async function refreshSession(request: GatewayRequest, options: RefreshOptions): Promise<Reply> {
  refuseOthers(parseQuery(request.search), [])
  const requestId = request.id
  const { loginUrl } = options
  const live = await findSession(request, options)
  if (live === undefined) return buildProblem('ERR_SESSION_REQUIRED', { requestId, loginUrl })
  const outcome = await options.refresher.refreshNow(live, REALM_CALL_EVERY_SECONDS)
  switch (outcome.kind) {
    case 'fresh':
      return buildJson(200, {
        expires_in: secondsUntil(outcome.live.session.tokens.accessTokenExpiresAt, options.sessions.now()),
      })
    case 'ended':
      return buildProblem('ERR_TOKEN_REFRESH_REJECTED', { requestId, loginUrl })
    case 'lost':
      return buildProblem('ERR_SESSION_LOST', { requestId, loginUrl })
    case 'unavailable':
      return buildProblem('ERR_TOKEN_REFRESH_UNAVAILABLE', { requestId, retryAfterSeconds: outcome.retryAfterSeconds })
  }
}
