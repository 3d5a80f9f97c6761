// The login by which a session begins, or by which a new one takes the place of one whose tokens are lost.
import type { Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import type { Redeemed } from '../realm/relying-party.ts'
import { heldSession } from '../session/find-session.ts'
import type { SessionLookup } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { continuedBy, mustReauthenticate } from './after-limit.ts'
import { type CodeResponse, type FinishLoginOptions, finishAttempt } from './finish-attempt.ts'
import { answerUnhealed, healSession, sessionToHeal } from './heal-session.ts'
import type { LoginAttempt } from './login-attempt.ts'
import { leave, refuse, restart } from './login-refusal.ts'
import { isSilent, reauthenticating } from './login-wish.ts'
import { letIn, openSession } from './open-session.ts'
import { takePlace } from './sessions-per-user.ts'
import { lookUpForLogin } from './start-login.ts'

/** `GET /auth/callback`. Throws `ERR_REQUEST_MALFORMED`, `ERR_POLICY_CSRF`, `ERR_STORE_UNAVAILABLE`, `ERR_REALM_…`. */
export function finishLogin(request: GatewayRequest, options: FinishLoginOptions): Promise<Reply> {
  return finishAttempt(request, options, {
    lookUp: () => lookUpForLogin(request, options),
    forestall: (attempt, own) => forestall(request, attempt, own, options),
    answerRefusal: (attempt, error, own) =>
      attempt.heals === null ? null : answerUnhealed(request, attempt, error, own, options),
    settle: (...settled) => settle(request, ...settled, options),
  })
}

function forestall(
  request: GatewayRequest,
  attempt: LoginAttempt,
  own: SessionLookup,
  options: FinishLoginOptions,
): Reply | Promise<Reply> | null {
  if (attempt.heals !== null) return sessionToHeal(attempt, own) === undefined ? leave(attempt, options) : null
  if (attempt.reauthenticates || !mustReauthenticate(request, own, options)) return null
  // The limit was reached while this login was on its way.
  if (isSilent(attempt)) return leave(attempt, options)
  return restart(request, reauthenticating(attempt), 'the session reached a limit meanwhile', options)
}

async function settle(
  request: GatewayRequest,
  attempt: LoginAttempt,
  response: CodeResponse,
  redeemed: Redeemed,
  own: SessionLookup,
  options: FinishLoginOptions,
): Promise<Reply> {
  const lost = sessionToHeal(attempt, own)
  return lost === undefined
    ? beginSession(request, attempt, response, redeemed, own, options)
    : healSession(request, attempt, response, redeemed, lost, options)
}

async function beginSession(
  request: GatewayRequest,
  attempt: LoginAttempt,
  response: CodeResponse,
  redeemed: Redeemed,
  own: SessionLookup,
  options: FinishLoginOptions,
): Promise<Reply> {
  const previous = heldSession(own)
  const continues = continuedBy(redeemed.claims, previous, options)
  const opened = await openSession(request, redeemed, { heals: null, continues }, options)
  const place = await takePlace(opened.live, previous, options)
  if (place === 'refused') {
    return refuse(request, attempt, 'ERR_SESSION_LIMIT_REACHED', 'as many sessions as session.maxPerUser', options)
  }
  // A session that was planted in this browser must not live on beside the new one (session fixation).
  if (previous !== undefined) await endPrevious(previous, redeemed.claims.sub, options)
  // A login elsewhere at the same moment was the newer one.
  if (place === 'superseded') return leave(attempt, options)
  return letIn(request, attempt, response, opened, own.kind === 'active', options)
}

async function endPrevious(previous: LiveSession, subject: string, options: FinishLoginOptions): Promise<void> {
  const isSame = previous.session.subject === subject
  await options.sessions.end(previous, isSame ? 'new-login' : 'other-login', 'a new login in the same browser')
  // Second realms would take the next person for the one before, whose browser it was.
  if (!isSame) await options.endSecondLogins(previous.session)
}
