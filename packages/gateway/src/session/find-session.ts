import type { GatewayRequest } from '../http/request.ts'
import type { SessionLifecycle, SessionLookup } from './lifecycle.ts'
import type { LiveSession } from './live-session.ts'
import { type Cookies, readSessionId } from './session-cookie.ts'

interface FindSessionOptions {
  readonly sessions: Pick<SessionLifecycle, 'find'>
  readonly cookies: Cookies
}

/** The live session of the request's cookie; one whose tokens are lost is none. Rejects as `SessionLifecycle.find` does. */
export async function findSession(
  request: Pick<GatewayRequest, 'headers'>,
  options: FindSessionOptions,
): Promise<LiveSession | undefined> {
  const lookup = await lookUpSession(request, options)
  return lookup.kind === 'active' ? lookup.live : undefined
}

/** What the request's cookie names. Rejects as `SessionLifecycle.find` does. */
export async function lookUpSession(
  request: Pick<GatewayRequest, 'headers'>,
  { sessions, cookies }: FindSessionOptions,
): Promise<SessionLookup> {
  return sessions.find(readSessionId(request, cookies))
}

/** For what ends a session: one whose tokens are lost has not ended. */
export function heldSession(lookup: SessionLookup): LiveSession | undefined {
  return lookup.kind === 'none' ? undefined : lookup.live
}
