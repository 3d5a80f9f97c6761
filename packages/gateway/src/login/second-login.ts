// A login at a second realm, for somebody who is logged in already. It belongs to the session that began it, puts the
// second realm's tokens into that session, and never changes who is logged in.
import { buildClearCookie } from '../http/cookies.ts'
import { parseQuery, refuseOthers } from '../http/query.ts'
import { buildRedirect, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { FRONT_PAGE, parseReturnTo } from '../http/return-to.ts'
import type { Redeemed } from '../realm/relying-party.ts'
import type { SessionLookup } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { refreshDueAt, type SecondLogin, secondLoginOf } from '../session/session.ts'
import type { Cookies } from '../session/session-cookie.ts'
import { type FinishLoginOptions, finishAttempt } from './finish-attempt.ts'
import { attemptCookie, type LoginAttempt } from './login-attempt.ts'
import { buildLoginCount, isLoginLoop } from './login-loop.ts'
import { clearAttempt, refuse, tellRefused } from './login-refusal.ts'
import { buildWish } from './login-wish.ts'
import { buildLoginUrl, lookUpForLogin, requireDocument, sendToRealm } from './start-login.ts'

/** Its `realm`, `loginPath` and `redirectUri` are the second realm's. */
export interface SecondLoginOptions extends FinishLoginOptions {
  /** `kc_idp_hint`: with it the second realm asks the first, which answers without a page. Null for none. */
  readonly identityProvider: string | null
  /** The realm whose front end a checked `return_to` belongs to, by its local name. */
  readonly loginRealmOf: (returnTo: string) => string
  readonly sessionCookiesOf: (loginRealm: string) => Cookies
  /** The login of the first realm, for whoever has no session yet. */
  readonly firstLoginPathOf: (loginRealm: string) => string
  readonly refreshMarginSeconds: number
  /** `false` when the session has ended meanwhile. */
  readonly keep: (live: LiveSession, realm: string, login: SecondLogin) => Promise<boolean>
}

/** `GET /auth/login/{realm}`. Throws `ERR_REQUEST_MALFORMED`, `ERR_POLICY_CSRF`, `ERR_STORE_UNAVAILABLE`. */
export async function startSecondLogin(request: GatewayRequest, options: SecondLoginOptions): Promise<Reply> {
  requireDocument(request)
  const query = parseQuery(request.search)
  refuseOthers(query, ['return_to'])
  const returnTo = parseReturnTo(query.get('return_to') ?? null, options.frontends, request)
  const loginRealm = options.loginRealmOf(returnTo)
  const own = await lookUpBound(request, loginRealm, options)
  if (own.kind !== 'active') {
    const thisPage = buildLoginUrl(options.loginPath, returnTo)
    return buildRedirect(buildLoginUrl(options.firstLoginPathOf(loginRealm), thisPage))
  }
  const { live } = own
  if (isHeld(secondLoginOf(live.session, options.realm.realm), options)) return buildRedirect(returnTo)
  return startSecondLoginFor(request, live, returnTo, options)
}

/** Whether tokens can still be had from it: one of another issuer, or that has ended for good, is none any more. */
function isHeld(login: SecondLogin | null, { realm, sessions }: SecondLoginOptions): boolean {
  if (login === null || login.issuer !== realm.issuer) return false
  return login.tokens.refreshToken !== null || sessions.now() < login.refreshDueAt
}

/** For a page whose service needs a token of the second realm, and back to it. */
export async function startSecondLoginFor(
  request: GatewayRequest,
  live: LiveSession,
  returnTo: string,
  options: SecondLoginOptions,
): Promise<Reply> {
  requireDocument(request)
  const { handle, realm: loginRealm } = live.session
  const parameters: Readonly<Record<string, string>> =
    options.identityProvider === null ? {} : { kc_idp_hint: options.identityProvider }
  const wish = buildWish(parseReturnTo(returnTo, options.frontends, request), parameters)
  return sendToRealm(request, { ...wish, boundTo: { handle, loginRealm } }, [], options)
}

/** `GET /auth/callback/{realm}`. Throws `ERR_REQUEST_MALFORMED`, `ERR_POLICY_CSRF`, `ERR_STORE_UNAVAILABLE`, `ERR_REALM_…`. */
export function finishSecondLogin(request: GatewayRequest, options: SecondLoginOptions): Promise<Reply> {
  return finishAttempt(request, options, {
    lookUp: (attempt) =>
      lookUpBound(request, attempt?.boundTo?.loginRealm ?? options.loginRealmOf(FRONT_PAGE), options),
    forestall: () => null,
    answerRefusal: () => null,
    settle: (attempt, _response, redeemed, own) => keepLogin(request, attempt, redeemed, own, options),
  })
}

function lookUpBound(request: GatewayRequest, loginRealm: string, options: SecondLoginOptions): Promise<SessionLookup> {
  return lookUpForLogin(request, { sessions: options.sessions, cookies: options.sessionCookiesOf(loginRealm) })
}

async function keepLogin(
  request: GatewayRequest,
  attempt: LoginAttempt,
  redeemed: Redeemed,
  own: SessionLookup,
  options: SecondLoginOptions,
): Promise<Reply> {
  const live = own.kind === 'active' ? own.live : undefined
  // Another person may have logged in to this browser meanwhile: their session must not get these tokens.
  if (live === undefined || live.session.handle !== attempt.boundTo?.handle) {
    return refuse(request, attempt, 'ERR_LOGIN_SESSION_CHANGED', 'another session than began it', options)
  }
  if (isLoginLoop(request, false, options.cookies)) {
    return refuse(request, attempt, 'ERR_LOGIN_LOOP', 'second logins do not hold', options)
  }
  const { realm } = options.realm
  if (!(await options.keep(live, realm, buildSecondLogin(redeemed, options)))) {
    tellRefused(request, 'ERR_SESSION_REVOKED', 'the session ended during the login', options)
    return buildRedirect(attempt.returnTo, [buildClearCookie(attemptCookie(attempt.state, options.cookies))])
  }
  const { handle } = live.session
  options.events.emit({
    kind: 'login.finished',
    requestId: request.id,
    realm,
    subject: redeemed.claims.sub,
    session: handle,
  })
  return buildRedirect(attempt.returnTo, [
    buildLoginCount(request, false, options.cookies),
    clearAttempt(attempt, options),
  ])
}

function buildSecondLogin({ tokens, claims, accessClaims }: Redeemed, options: SecondLoginOptions): SecondLogin {
  return {
    issuer: options.realm.issuer,
    subject: claims.sub,
    tokens,
    scope: typeof accessClaims.scope === 'string' ? accessClaims.scope : null,
    refreshDueAt: refreshDueAt(tokens, options.sessions.now(), options.refreshMarginSeconds),
  }
}
