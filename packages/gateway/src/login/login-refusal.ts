// How a login that did not work ends: started again by itself, or explained on a page.
import { buildClearCookie, type SetCookieHeader } from '../http/cookies.ts'
import { buildErrorPage } from '../http/pages.ts'
import { buildRedirect, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import type { ErrorCode } from '../kernel/errors.ts'
import { attemptCookie, type LoginAttempt } from './login-attempt.ts'
import { clearLoginCount } from './login-loop.ts'
import { buildLoginUrl, type LoginOptions, sendToRealm } from './start-login.ts'

const RESTARTS_MAX = 2

/** The realm's own session answers the second time without a page; a third failure is explained. */
export async function restart(
  request: GatewayRequest,
  attempt: LoginAttempt,
  because: string,
  options: LoginOptions,
): Promise<Reply> {
  if (attempt.restarts >= RESTARTS_MAX) return refuse(request, attempt, 'ERR_LOGIN_LOOP', because, options)
  const wish = { ...attempt, restarts: attempt.restarts + 1 }
  return sendToRealm(request, wish, [attemptCookie(attempt.state, options.cookies)], options)
}

export function refuse(
  request: GatewayRequest,
  attempt: LoginAttempt,
  code: ErrorCode,
  reason: string,
  options: LoginOptions,
): Reply {
  tellRefused(request, code, reason, options)
  return buildErrorPage(code, {
    requestId: request.id,
    loginUrl: buildLoginUrl(options.loginPath, attempt.returnTo),
    headers: [clearAttempt(attempt, options), clearLoginCount(options.cookies)],
  })
}

/** Nobody is logged in by it: where it was to lead, the browser is asked for its session. */
export function leave(attempt: LoginAttempt, options: LoginOptions): Reply {
  return buildRedirect(attempt.returnTo, [clearAttempt(attempt, options)])
}

export function tellRefused(request: GatewayRequest, code: ErrorCode, reason: string, options: LoginOptions): void {
  options.events.emit({ kind: 'login.refused', requestId: request.id, realm: options.realm.realm, code, reason })
}

export function clearAttempt(attempt: LoginAttempt, options: LoginOptions): SetCookieHeader {
  return buildClearCookie(attemptCookie(attempt.state, options.cookies))
}
