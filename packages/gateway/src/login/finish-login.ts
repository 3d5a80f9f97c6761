// The login by which a session begins.
import { buildRedirect, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { addParameter } from '../http/return-to.ts'
import type { Redeemed } from '../realm/relying-party.ts'
import { describeDevice } from '../session/device.ts'
import type { LiveSession } from '../session/live-session.ts'
import { buildSessionCookie } from '../session/session-cookie.ts'
import { type CodeResponse, type FinishLoginOptions, finishAttempt } from './finish-attempt.ts'
import type { LoginAttempt } from './login-attempt.ts'
import { buildLoginCount } from './login-loop.ts'
import { clearAttempt } from './login-refusal.ts'
import { findLoginSession } from './start-login.ts'

/** `GET /auth/callback`. Throws `ERR_REQUEST_MALFORMED`, `ERR_POLICY_CSRF`, `ERR_STORE_UNAVAILABLE`, `ERR_REALM_…`. */
export function finishLogin(request: GatewayRequest, options: FinishLoginOptions): Promise<Reply> {
  const findOwn = () => findLoginSession(request, options)
  return finishAttempt(request, findOwn, options, (...settled) => openSession(...settled, options))
}

async function openSession(
  request: GatewayRequest,
  attempt: LoginAttempt,
  response: CodeResponse,
  redeemed: Redeemed,
  previous: LiveSession | undefined,
  options: FinishLoginOptions,
): Promise<Reply> {
  const { realm, issuer } = options.realm
  const { claims } = redeemed
  const sid = claims.sid ?? null
  const device = describeDevice(request, options.keptAddress)
  const opened = await options.sessions.open({
    ...redeemed,
    realm,
    issuer,
    subject: claims.sub,
    sid,
    device,
    heals: null,
  })
  // A session that was planted in this browser must not live on beside the new one (session fixation).
  if (previous !== undefined) await endPrevious(previous, claims.sub, options)
  const session = opened.live.session.handle
  options.events.emit({ kind: 'login.finished', requestId: request.id, realm, subject: claims.sub, session })
  return buildRedirect(destination(attempt, response, options), [
    buildSessionCookie(options.cookies, opened.sessionId),
    buildLoginCount(request, previous !== undefined, options.cookies),
    clearAttempt(attempt, options),
  ])
}

async function endPrevious(previous: LiveSession, subject: string, options: FinishLoginOptions): Promise<void> {
  const isSame = previous.session.subject === subject
  await options.sessions.end(previous, isSame ? 'new-login' : 'other-login', 'a new login in the same browser')
  // Second realms would take the next person for the one before, whose browser it was.
  if (!isSame) await options.endSecondLogins(previous.session)
}

function destination(attempt: LoginAttempt, { actionStatus }: CodeResponse, options: FinishLoginOptions): string {
  if (attempt.parameters.kc_action === undefined || actionStatus === null) return attempt.returnTo
  return addParameter(attempt.returnTo, 'kc_action_status', actionStatus, options.frontends)
}
