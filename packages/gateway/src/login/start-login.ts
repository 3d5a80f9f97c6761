// Sends a browser to the realm to log in. Leaves nothing behind but the attempt's cookie.
import { buildClearCookie, type Cookie, cookieName } from '../http/cookies.ts'
import { mayBeDocument } from '../http/navigation.ts'
import { buildErrorReply } from '../http/pages.ts'
import { buildRedirect, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { parseReturnTo } from '../http/return-to.ts'
import { ERRORS, GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import type { RelyingParty } from '../realm/relying-party.ts'
import { lookUpSession } from '../session/find-session.ts'
import type { SessionLifecycle, SessionLookup } from '../session/lifecycle.ts'
import { type AfterLimitOptions, mustReauthenticate } from './after-limit.ts'
import { type SidOptions, withSid } from './append-sid.ts'
import { type AttemptOptions, buildAttemptCookie, createLoginAttempt, surplusAttempts } from './login-attempt.ts'
import { type AllowedParameters, parseLoginWish } from './login-parameters.ts'
import { asksForMore, buildWish, healing, isSilent, type LoginWish, reauthenticating } from './login-wish.ts'

const RETRY_AFTER_SECONDS = 5

export interface LoginOptions extends AttemptOptions, AfterLimitOptions, SidOptions {
  readonly realm: RelyingParty
  readonly sessions: SessionLifecycle
  readonly events: Events
  /** What browsers may ask of the realm by `/auth/login`. */
  readonly parameters: AllowedParameters
  readonly loginPath: string
  /** `publicUrl` and the callback's path; registered at the realm. */
  readonly redirectUri: string
}

/** `GET /auth/login`. Throws `ERR_REQUEST_MALFORMED`, `ERR_POLICY_CSRF`, `ERR_STORE_UNAVAILABLE`. */
export async function startLogin(request: GatewayRequest, options: LoginOptions): Promise<Reply> {
  requireDocument(request)
  const wish = parseLoginWish(request, options.parameters, options.frontends)
  const own = await lookUpForLogin(request, options)
  if (own.kind === 'active' && !asksForMore(wish)) return buildRedirect(withSid(wish.returnTo, own.live, options))
  return beginLogin(request, wish, own, options)
}

/**
 * Starts a login for a page somebody asked for without a session, or without one strong enough, and returns there.
 * `parameters`: what the route asks of the realm, by wire name.
 */
export async function startLoginFor(
  request: GatewayRequest,
  returnTo: string,
  parameters: LoginWish['parameters'],
  options: LoginOptions,
): Promise<Reply> {
  requireDocument(request)
  const wish = buildWish(parseReturnTo(returnTo, options.frontends, request), parameters)
  return beginLogin(request, wish, await lookUpForLogin(request, options), options)
}

/** What the browser had before decides how much of the person the realm asks. */
async function beginLogin(
  request: GatewayRequest,
  wish: LoginWish,
  own: SessionLookup,
  options: LoginOptions,
): Promise<Reply> {
  if (own.kind === 'lost' && !asksForMore(wish)) return sendToRealm(request, healing(wish, own.live), [], options)
  if (!mustReauthenticate(request, own, options)) return sendToRealm(request, wish, [], options)
  if (isSilent(wish)) return buildRedirect(wish.returnTo)
  return sendToRealm(request, reauthenticating(wish), [], options)
}

/** A frame, an image or a script starts and finishes no login: it could flood the cookies or log somebody in unseen. */
export function requireDocument(request: GatewayRequest): void {
  if (!mayBeDocument(request)) throw new GatewayError('ERR_POLICY_CSRF', { reason: 'not-a-navigation' })
}

/** A session that cannot be read any more must not keep its owner from logging in again. */
export async function lookUpForLogin(
  request: GatewayRequest,
  options: Pick<LoginOptions, 'sessions' | 'cookies'>,
): Promise<SessionLookup> {
  try {
    return await lookUpSession(request, options)
  } catch (error) {
    if (isGatewayError(error, 'ERR_SESSION_UNREADABLE')) return { kind: 'none', because: 'unreadable' }
    throw error
  }
}

export function buildLoginUrl(loginPath: string, returnTo: string): string {
  return `${loginPath}?${new URLSearchParams({ return_to: returnTo })}`
}

/** `finished`: attempts that this one replaces. Answers 503 while the realm has not been reached. */
export async function sendToRealm(
  request: GatewayRequest,
  wish: LoginWish,
  finished: readonly Cookie[],
  options: LoginOptions,
): Promise<Reply> {
  const { realm, redirectUri } = options
  const attempt = createLoginAttempt(wish, realm, options.sessions.now())
  const { state, nonce, codeVerifier, parameters } = attempt
  try {
    const url = await realm.buildAuthorizationUrl({ redirectUri, state, nonce, codeVerifier, parameters })
    options.events.emit({ kind: 'login.started', requestId: request.id, realm: realm.realm })
    const cleared = uniqueCookies([...finished, ...surplusAttempts(request, options)]).map(buildClearCookie)
    return buildRedirect(url.href, [...cleared, buildAttemptCookie(attempt, options)])
  } catch (error) {
    return answerRealmDown(request, error, wish, options)
  }
}

/** One answer never sets a cookie twice (RFC 6265bis section 4.1.1). */
function uniqueCookies(cookies: readonly Cookie[]): readonly Cookie[] {
  return [...new Map(cookies.map((cookie) => [cookieName(cookie), cookie])).values()]
}

function answerRealmDown(request: GatewayRequest, error: unknown, wish: LoginWish, options: LoginOptions): Reply {
  if (!isGatewayError(error) || ERRORS[error.code].retry !== 'later') throw error
  const { code, detail, cause } = error
  options.events.emit({ kind: 'request.failed', requestId: request.id, code, detail, cause })
  const tryAgain = { href: buildLoginUrl(options.loginPath, wish.returnTo), label: 'Try again' }
  return buildErrorReply(request, code, {
    requestId: request.id,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    links: [tryAgain],
  })
}
