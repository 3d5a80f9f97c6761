// Notices a browser that logs in again and again without ever showing the session it got: it does not keep our cookie,
// or the session ends at once. The realm answers such logins without a page, so nobody would see why.
import { buildClearCookie, buildSetCookie, cookieName, readCookie, type SetCookieHeader } from '../http/cookies.ts'
import { type GatewayRequest, header } from '../http/request.ts'
import type { Cookies } from '../session/session-cookie.ts'

const LOGINS_IN_A_ROW_MAX = 4
const LOGIN_COUNT_MAX_AGE_SECONDS = 30

type Headers = Pick<GatewayRequest, 'headers'>

/** Logins of this browser in quick succession, none of which has been seen to hold. */
function countLogins(request: Headers, cookies: Cookies): number {
  const value = readCookie(header(request, 'cookie'), cookieName(cookies.named('logins')))
  return value !== undefined && /^\d$/.test(value) ? Number(value) : 0
}

export function isLoginLoop(request: Headers, hasSession: boolean, cookies: Cookies): boolean {
  return !hasSession && countLogins(request, cookies) >= LOGINS_IN_A_ROW_MAX
}

export function buildLoginCount(request: Headers, hasSession: boolean, cookies: Cookies): SetCookieHeader {
  const count = hasSession ? 1 : countLogins(request, cookies) + 1
  return buildSetCookie(cookies.named('logins'), String(count), LOGIN_COUNT_MAX_AGE_SECONDS)
}

/** After the explanation, whoever tries again begins anew. */
export function clearLoginCount(cookies: Cookies): SetCookieHeader {
  return buildClearCookie(cookies.named('logins'))
}
