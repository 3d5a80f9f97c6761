// A session that has reached its limit is not opened again by what the realm remembers of the person, where the
// configuration says so. The browser still names it by its cookie, so that no record need be kept.
import { cookieNames } from '../http/cookies.ts'
import { type GatewayRequest, header } from '../http/request.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { SessionLookup } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
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

/**
 * The session whose absolute end a new one keeps: that of the same person, who has not entered credentials since. Else a
 * silent login before each limit would stand in for them for ever.
 */
export function continuedBy(
  claims: Readonly<Record<string, unknown>>,
  previous: LiveSession | undefined,
  { afterLimit }: Pick<AfterLimitOptions, 'afterLimit'>,
): LiveSession | null {
  if (afterLimit !== 'reauthenticate' || previous === undefined) return null
  const { session } = previous
  if (session.subject !== claims.sub) return null
  const enteredBefore = instantOf(session.claims.auth_time) ?? session.createdAt
  const enteredAt = instantOf(claims.auth_time)
  return enteredAt !== null && enteredAt > enteredBefore ? null : previous
}

function instantOf(claim: unknown): EpochSeconds | null {
  return typeof claim === 'number' ? claim : null
}
