// Ends a session: here first, then at its realms, then in the browser. Whatever a realm does, and were the store itself
// out of reach, the session has ended where it was asked for.
import { buildClearCookie } from '../http/cookies.ts'
import { type ChangingGetOrigin, isNavigation } from '../http/navigation.ts'
import { parseQuery, type Query, refuseOthers } from '../http/query.ts'
import { buildJson, buildRedirect, buildReply, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { type Frontends, parseReturnTo } from '../http/return-to.ts'
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { Events, SessionEnd } from '../kernel/events.ts'
import type { Mac } from '../kernel/mac.ts'
import { heldSession, lookUpSession } from '../session/find-session.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import { isLogoutProof } from '../session/logout-proof.ts'
import type { Session } from '../session/session.ts'
import { readSessionId } from '../session/session-cookie.ts'
import { buildLogoutQuestion } from './logout-question.ts'
import {
  buildPageLogout,
  followTicket,
  type PageLogout,
  type RealmSession,
  sendBrowser,
  type WayOnOptions,
} from './way-on.ts'

export interface LogoutOptions extends WayOnOptions {
  readonly sessions: SessionLifecycle
  readonly events: Events
  readonly frontends: Frontends
  readonly logoutMac: Mac
  /** True when the realms have ended what the session held there; else they are asked again later. Never rejects. */
  readonly endAtRealms: (session: Session) => Promise<boolean>
  /** Tells what is open on this replica, where the store cannot. */
  readonly tellEnded: (key: string, by: SessionEnd) => void
  readonly wait: (seconds: number) => Promise<void>
  /** How long a browser waits for the realms to end their sessions. */
  readonly realmSeconds: number
  /** By the cookie of a session that is gone the next login knows that credentials must be entered. */
  readonly keepsCookieOfEnded: boolean
  /** Whose a GET without a proof is; null where none is answered. */
  readonly judgeGet: ((request: GatewayRequest) => ChangingGetOrigin) | null
}

/**
 * `POST /auth/logout`, once its origin has been proved, or `GET` with the proof of `logout_url`, or without one where
 * that is answered. Throws `ERR_REQUEST_MALFORMED`, `ERR_LOGOUT_PROOF_INVALID`, `ERR_POLICY_CSRF`; the session then lives
 * on. So it does after `ERR_STORE_UNAVAILABLE`, which is thrown only where this replica does not know the session by itself.
 */
export async function logout(request: GatewayRequest, options: LogoutOptions): Promise<Reply> {
  const query = parseQuery(request.search)
  refuseOthers(query, ['return_to', 'proof', 'ticket'])
  const ticket = query.get('ticket')
  if (ticket !== undefined) return followTicket(request, ticket, options)
  const returnTo = parseReturnTo(query.get('return_to') ?? null, options.frontends, request)
  const origin = originOf(request, query, options)
  if (origin === 'refused') throw new GatewayError('ERR_POLICY_CSRF', { reason: 'not-a-page-of-ours' })
  if (origin === 'elsewhere') return askFirst(request, returnTo, options)
  const proof = origin === 'own' ? null : (query.get('proof') ?? '')
  try {
    return await logOut(request, proof, returnTo, options)
  } catch (error) {
    if (!isGatewayError(error, 'ERR_STORE_UNAVAILABLE')) throw error
    return logOutWithoutStore(request, proof, error, options)
  }
}

/** `unknown`: a proof has to say it. */
function originOf(request: GatewayRequest, query: Query, { judgeGet }: LogoutOptions): ChangingGetOrigin | 'unknown' {
  if (request.method === 'POST') return 'own'
  return judgeGet === null || query.has('proof') ? 'unknown' : judgeGet(request)
}

async function askFirst(request: GatewayRequest, returnTo: string, options: LogoutOptions): Promise<Reply> {
  const live = heldSession(await lookUpSession(request, options))
  return live === undefined ? answerNobody(request, returnTo, options) : buildLogoutQuestion(live, returnTo, options)
}

/** `proof`: null where the request's origin has been proved. */
async function logOut(
  request: GatewayRequest,
  proof: string | null,
  returnTo: string,
  options: LogoutOptions,
): Promise<Reply> {
  const live = await endHere(request, proof, options)
  if (live === undefined) return answerNobody(request, returnTo, options)
  const realmSession = await endThere(request, live, options)
  return isNavigation(request)
    ? sendBrowser(live, returnTo, realmSession, options)
    : tellPage(live, returnTo, realmSession, options)
}

/** Undefined when there is none to end. */
async function endHere(
  request: GatewayRequest,
  proof: string | null,
  options: LogoutOptions,
): Promise<LiveSession | undefined> {
  const found = heldSession(await lookUpSession(request, options))
  if (found === undefined) return undefined
  requireProof(proof, found, options)
  // Another replica may hold newer tokens than this one remembers.
  const live = await options.sessions.reread(found)
  if (live !== undefined) await options.sessions.end(live, 'user', 'logout')
  return live
}

/** By what this replica remembers. The cookie goes: nobody else may end the session before the store is back. */
async function logOutWithoutStore(
  request: GatewayRequest,
  proof: string | null,
  unavailable: GatewayError,
  options: LogoutOptions,
): Promise<Reply> {
  const { sessions, cookies, loggedOutPath } = options
  const live = sessions.findHeld(readSessionId(request, cookies))
  if (live === undefined) throw unavailable
  requireProof(proof, live, options)
  if (!sessions.endLater(live, 'user', 'logout')) throw unavailable
  options.tellEnded(live.key, 'user')
  const realmSession = await endThere(request, live, options)
  const cleared = [buildClearCookie(cookies.session)]
  const known = realmSession === 'ended' ? {} : { realm: 'unconfirmed' }
  const page = `${loggedOutPath}?${new URLSearchParams({ ...known, store: 'away' })}`
  return isNavigation(request)
    ? buildRedirect(page, cleared)
    : buildJson(200, { logout_url: page, complete: false }, cleared)
}

function requireProof(proof: string | null, live: LiveSession, options: LogoutOptions): void {
  if (proof === null || isLogoutProof(options.logoutMac, live, proof)) return
  throw new GatewayError('ERR_LOGOUT_PROOF_INVALID')
}

function answerNobody(request: GatewayRequest, returnTo: string, options: LogoutOptions): Reply {
  const cleared = options.keepsCookieOfEnded ? [] : [buildClearCookie(options.cookies.session)]
  return isNavigation(request) ? buildRedirect(returnTo, cleared) : buildReply(204, '', cleared)
}

async function endAtRealm({ session }: LiveSession, options: LogoutOptions): Promise<RealmSession> {
  const ended = options.endAtRealms(session)
  const isConfirmed = await Promise.race([ended, options.wait(options.realmSeconds).then(() => false)])
  if (session.tokens.refreshToken === null) return 'left-to-browser'
  return isConfirmed ? 'ended' : 'unconfirmed'
}

function tellFinished(request: GatewayRequest, live: LiveSession, state: RealmSession, options: LogoutOptions): void {
  const { realm, subject, handle } = live.session
  const who = { realm, subject, session: handle }
  const realmSession = state === 'ended' ? 'ended' : 'unknown'
  options.events.emit({ kind: 'logout.finished', requestId: request.id, ...who, realmSession })
}

/** Ends the session a page of ours was asked to end. Rejects with `ERR_STORE_UNAVAILABLE`; the session then lives on. */
export async function logOutPage(
  request: GatewayRequest,
  found: LiveSession,
  options: LogoutOptions,
): Promise<PageLogout> {
  const live = (await options.sessions.reread(found)) ?? found
  await options.sessions.end(live, 'user', 'logout')
  const realmSession = await endThere(request, live, options)
  return buildPageLogout(live, parseReturnTo(null, options.frontends, request), realmSession, options)
}

async function endThere(request: GatewayRequest, live: LiveSession, options: LogoutOptions): Promise<RealmSession> {
  const realmSession = await endAtRealm(live, options)
  tellFinished(request, live, realmSession, options)
  return realmSession
}

function tellPage(live: LiveSession, returnTo: string, state: RealmSession, options: LogoutOptions): Reply {
  const { logoutUrl, cookies } = buildPageLogout(live, returnTo, state, options)
  return buildJson(200, { logout_url: logoutUrl, complete: true }, cookies)
}
