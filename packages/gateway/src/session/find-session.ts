import type { GatewayRequest } from '../http/request.ts'
import type { SessionLifecycle } from './lifecycle.ts'
import type { LiveSession } from './live-session.ts'
import { type Cookies, readSessionId } from './session-cookie.ts'

/** The live session of the request's cookie. Rejects as `SessionLifecycle.find` does. */
export async function findSession(
  request: Pick<GatewayRequest, 'headers'>,
  { sessions, cookies }: { readonly sessions: Pick<SessionLifecycle, 'find'>; readonly cookies: Cookies },
): Promise<LiveSession | undefined> {
  const lookup = await sessions.find(readSessionId(request, cookies))
  return lookup.kind === 'active' ? lookup.live : undefined
}
