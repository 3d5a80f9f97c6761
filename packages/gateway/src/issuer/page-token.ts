// A second realm's token for the person's own page, where the configuration gives it to browsers: the one exception to
// the rule that no token reaches a page. Answered to scripts of our own origin alone, which CORS lets nobody else read.
import { isAheadOfTime } from '../http/navigation.ts'
import { parseQuery, refuseOthers } from '../http/query.ts'
import { buildProblem, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { ERRORS, type ErrorCode, GatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import { findSession } from '../session/find-session.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { Cookies } from '../session/session-cookie.ts'
import type { Credentials } from '../tokens/credential.ts'
import { type Holding, ownerOf } from '../tokens/obtained.ts'
import { buildTokenAnswer } from './token-answer.ts'

export interface PageTokenOptions {
  /** The local name of the second realm; its tokens are the person's, never those of a service account. */
  readonly realm: string
  readonly ownOrigin: string
  /** What a script of ours says of itself: our header, or, where older front ends ask, that it is a fetch. */
  readonly provedBy: 'our-header' | 'fetch-destination'
  readonly sessions: Pick<SessionLifecycle, 'now' | 'find' | 'use'>
  readonly cookies: Cookies
  readonly credentials: Pick<Credentials, 'freshen' | 'obtainSecondRealmToken'>
  readonly loginUrl: string
  /** Where the person logs in to this realm. */
  readonly secondLoginUrl: string
  readonly events: Pick<Events, 'emit'>
}

/** `GET /auth/token/{realm}`. Throws `ERR_POLICY_CSRF`, `ERR_REQUEST_MALFORMED`, `ERR_STORE_UNAVAILABLE`. */
export async function giveTokenToPage(request: GatewayRequest, options: PageTokenOptions): Promise<Reply> {
  requireOwnScript(request, options)
  refuseOthers(parseQuery(request.search), [])
  const found = await findSession(request, options)
  if (found === undefined) return refuse(request, 'ERR_SESSION_REQUIRED', 0, options)
  options.sessions.use(found)
  const freshness = await options.credentials.freshen(found)
  if (freshness.kind === 'refused') return refuse(request, freshness.code, freshness.retryAfterSeconds, options)
  const { live } = freshness
  return answer(request, live, await options.credentials.obtainSecondRealmToken(options.realm, ownerOf(live)), options)
}

/** Exactly this, since a header that is missing proves nothing: a browser that sends no Fetch Metadata gets no token. */
function requireOwnScript(request: GatewayRequest, { ownOrigin, provedBy }: PageTokenOptions): void {
  const { headers } = request
  const isFetch = headers['sec-fetch-dest'] === 'empty' && !isAheadOfTime(request)
  const isOwn =
    headers['sec-fetch-site'] === 'same-origin' &&
    (provedBy === 'our-header' ? headers['x-doorman'] === '1' : isFetch) &&
    (headers.origin === undefined || headers.origin === ownOrigin)
  if (!isOwn) throw new GatewayError('ERR_POLICY_CSRF', { because: 'not a script of our own origin' })
}

function answer(request: GatewayRequest, live: LiveSession, holding: Holding, options: PageTokenOptions): Reply {
  switch (holding.kind) {
    case 'token': {
      const { subject, handle } = live.session
      const { realm } = options
      const who = { realm, calledService: null, service: null, subject, session: handle }
      options.events.emit({ kind: 'token.served', requestId: request.id, ...who })
      return buildTokenAnswer(holding.token, options.sessions.now())
    }
    case 'second-login':
      return buildProblem('ERR_SECOND_LOGIN_REQUIRED', { requestId: request.id, loginUrl: options.secondLoginUrl })
    case 'refused':
      return refuse(request, holding.code, holding.retryAfterSeconds, options)
  }
}

function refuse(request: GatewayRequest, code: ErrorCode, retryAfterSeconds: number, options: PageTokenOptions): Reply {
  return buildProblem(code, {
    requestId: request.id,
    ...(ERRORS[code].retry === 'login' ? { loginUrl: options.loginUrl } : {}),
    ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
  })
}
