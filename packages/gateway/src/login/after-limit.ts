// A session that has reached its limit is not opened again by what the realm remembers of the person, where the
// configuration says so. The browser still names it by its cookie, so that no record need be kept.
import { cookieNames } from '../http/cookies.ts'
import { type GatewayRequest, header } from '../http/request.ts'
import type { SessionLookup } from '../session/lifecycle.ts'
import type { Cookies } from '../session/session-cookie.ts'

export interface AfterLimitOptions {
  readonly cookies: Cookies
  /** `reauthenticate`: whoever had a session enters credentials before the next one. */
  readonly afterLimit: 'sso' | 'reauthenticate'
}

/** Any session that is gone counts: which one reached a limit is not known once its record has been swept. */
export function mustReauthenticate(
  request: Pick<GatewayRequest, 'headers'>,
  lookup: SessionLookup,
  { cookies, afterLimit }: AfterLimitOptions,
): boolean {
  if (afterLimit !== 'reauthenticate' || lookup.kind !== 'none') return false
  const { sessionName } = cookies
  return cookieNames(header(request, 'cookie'), sessionName).includes(sessionName)
}
