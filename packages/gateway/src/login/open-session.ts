// The session that a login opens, and the answer that brings its browser to where it wanted to go.
import { buildRedirect, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { addParameter } from '../http/return-to.ts'
import { isGatewayError } from '../kernel/errors.ts'
import type { Redeemed } from '../realm/relying-party.ts'
import { describeDevice } from '../session/device.ts'
import type { NewSession, SessionLifecycle } from '../session/lifecycle.ts'
import { buildSessionCookie } from '../session/session-cookie.ts'
import { withSid } from './append-sid.ts'
import type { CodeResponse, FinishLoginOptions } from './finish-attempt.ts'
import type { LoginAttempt } from './login-attempt.ts'
import { buildLoginCount } from './login-loop.ts'
import { clearAttempt } from './login-refusal.ts'

export type OpenedSession = Awaited<ReturnType<SessionLifecycle['open']>>

/** Rejects as `SessionLifecycle.open` does. */
export async function openSession(
  request: GatewayRequest,
  redeemed: Redeemed,
  before: Pick<NewSession, 'heals' | 'continues'>,
  options: FinishLoginOptions,
): Promise<OpenedSession> {
  const { realm, issuer } = options.realm
  const { sub, sid = null } = redeemed.claims
  const device = describeDevice(request, options.keptAddress)
  try {
    return await options.sessions.open({ ...redeemed, realm, issuer, subject: sub, sid, device, ...before })
  } catch (error) {
    const { refreshToken } = redeemed.tokens
    // Keycloak tells of an end before it is done with it. Whoever logs in meanwhile keeps its session alive there, and
    // would be let in by it again and again.
    if (isGatewayError(error, 'ERR_SESSION_REVOKED') && refreshToken !== null)
      await options.realm.endSession(refreshToken)
    throw error
  }
}

/** `hadSession`: the browser has shown that it keeps our cookies. */
export function letIn(
  request: GatewayRequest,
  attempt: LoginAttempt,
  response: CodeResponse,
  opened: OpenedSession,
  hadSession: boolean,
  options: FinishLoginOptions,
): Reply {
  const { realm, subject, handle } = opened.live.session
  options.events.emit({ kind: 'login.finished', requestId: request.id, realm, subject, session: handle })
  return buildRedirect(withSid(destination(attempt, response, options), opened.live, options), [
    buildSessionCookie(options.cookies, opened.sessionId),
    buildLoginCount(request, hadSession, options.cookies),
    clearAttempt(attempt, options),
  ])
}

function destination(attempt: LoginAttempt, { actionStatus }: CodeResponse, options: FinishLoginOptions): string {
  if (attempt.parameters.kc_action === undefined || actionStatus === null) return attempt.returnTo
  return addParameter(attempt.returnTo, 'kc_action_status', actionStatus, options.frontends)
}
