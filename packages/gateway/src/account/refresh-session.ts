// Renews the tokens because a page asked. The answer says when, never what.
import { type ChangingGetOrigin, isNavigation } from '../http/navigation.ts'
import { buildErrorReply } from '../http/pages.ts'
import { parseQuery, refuseOthers } from '../http/query.ts'
import { buildJson, buildProblem, buildRedirect, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { type Frontends, parseReturnTo } from '../http/return-to.ts'
import { GatewayError } from '../kernel/errors.ts'
import { findSession } from '../session/find-session.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { Cookies } from '../session/session-cookie.ts'
import type { Refresher, RefreshOutcome } from '../tokens/refresh.ts'
import { secondsUntil } from './seconds-until.ts'

/** So that no page can make the gateway hammer the realm. */
const REALM_CALL_EVERY_SECONDS = 10

export interface RefreshOptions {
  readonly sessions: SessionLifecycle
  readonly cookies: Cookies
  readonly refresher: Pick<Refresher, 'refreshNow'>
  /** Absolute: front ends of other origins read it too. */
  readonly loginUrl: string
  readonly frontends: Frontends
  /** Whose a GET is. */
  readonly judgeGet: (request: GatewayRequest) => ChangingGetOrigin
}

/** `POST /auth/refresh`, once its origin has been proved. Throws `ERR_REQUEST_MALFORMED`, `ERR_STORE_UNAVAILABLE`. */
export async function refreshSession(request: GatewayRequest, options: RefreshOptions): Promise<Reply> {
  refuseOthers(parseQuery(request.search), [])
  return buildAnswer(await renew(request, options), request, buildProblem, options)
}

/** `GET /auth/refresh?return_to=…`: a page goes on to `return_to`. Throws as `refreshSession`, and `ERR_POLICY_CSRF`. */
export async function refreshByGet(request: GatewayRequest, options: RefreshOptions): Promise<Reply> {
  if (options.judgeGet(request) !== 'own') throw new GatewayError('ERR_POLICY_CSRF', { reason: 'not-a-page-of-ours' })
  const query = parseQuery(request.search)
  refuseOthers(query, ['return_to'])
  const outcome = await renew(request, options)
  if (outcome?.kind === 'fresh' && isNavigation(request)) {
    return buildRedirect(parseReturnTo(query.get('return_to') ?? null, options.frontends, request))
  }
  return buildAnswer(outcome, request, (code, extras) => buildErrorReply(request, code, extras), options)
}

/** Undefined when nobody is logged in. */
async function renew(request: GatewayRequest, options: RefreshOptions): Promise<RefreshOutcome | undefined> {
  const live = await findSession(request, options)
  return live === undefined ? undefined : options.refresher.refreshNow(live, REALM_CALL_EVERY_SECONDS)
}

function buildAnswer(
  outcome: RefreshOutcome | undefined,
  { id: requestId }: GatewayRequest,
  refuse: typeof buildProblem,
  { sessions, loginUrl }: RefreshOptions,
): Reply {
  switch (outcome?.kind) {
    case undefined:
      return refuse('ERR_SESSION_REQUIRED', { requestId, loginUrl })
    case 'fresh':
      return buildJson(200, {
        expires_in: secondsUntil(outcome.live.session.tokens.accessTokenExpiresAt, sessions.now()),
      })
    case 'ended':
      return refuse('ERR_TOKEN_REFRESH_REJECTED', { requestId, loginUrl })
    case 'lost':
      return refuse('ERR_SESSION_LOST', { requestId, loginUrl })
    case 'unavailable':
      return refuse('ERR_TOKEN_REFRESH_UNAVAILABLE', { requestId, retryAfterSeconds: outcome.retryAfterSeconds })
  }
}
