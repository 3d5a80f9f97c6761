// The way on from a session that has ended here: to the realm, where the browser ends its session there, and back to the
// page after it. A browser follows redirects; a page of ours gets an address to navigate to, once.
import { buildClearCookie, type SetCookieHeader } from '../http/cookies.ts'
import { buildRedirect, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { hashSecret, isSameSecret } from '../kernel/secrets.ts'
import type { RelyingParty } from '../realm/relying-party.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionStore } from '../session/session-store.ts'
import {
  buildTicketCookie,
  clearTicketCookie,
  createLogoutTicket,
  findLogoutTicket,
  LOGOUT_TICKET_MAX_AGE_SECONDS,
  randomLogoutSecret,
  type TicketOptions,
} from './logout-ticket.ts'

export interface WayOnOptions extends TicketOptions {
  readonly realm: RelyingParty
  readonly sessions: Pick<SessionLifecycle, 'now'>
  readonly store: Pick<SessionStore, 'claim'>
  readonly logoutPath: string
  readonly loggedOutPath: string
  /** `publicUrl` and `loggedOutPath`; the one post-logout URI registered at the realm. */
  readonly postLogoutRedirectUri: string
}

/** Keycloak's server refuses a request line over 4096 bytes; an ID token full of roles gets there. */
const END_SESSION_URL_MAX_CHARS = 4000

/** What became of the realm's session. Without a refresh token only the browser can end it. */
export type RealmSession = 'ended' | 'unconfirmed' | 'left-to-browser'

/** What a page of ours needs to go on to the realm by itself. */
export interface PageLogout {
  /** A path of ours to navigate to, once. */
  readonly logoutUrl: string
  readonly cookies: readonly SetCookieHeader[]
}

export function sendBrowser(live: LiveSession, returnTo: string, state: RealmSession, options: WayOnOptions): Reply {
  const cleared = buildClearCookie(options.cookies.session)
  const ticket = createLogoutTicket({ returnTo, onward: null, createdAt: options.sessions.now() })
  const url = state === 'unconfirmed' ? null : endSessionUrl(live.session.tokens.idToken, ticket.state, options)
  const cookie = buildTicketCookie(ticket, options)
  if (url === null || cookie === undefined) return buildRedirect(localEnd(returnTo, state, options), [cleared])
  return buildRedirect(url, [cleared, cookie])
}

export function buildPageLogout(
  live: LiveSession,
  returnTo: string,
  state: RealmSession,
  options: WayOnOptions,
): PageLogout {
  const cleared = buildClearCookie(options.cookies.session)
  const onward = { secret: randomLogoutSecret(), idTokenHint: live.session.tokens.idToken }
  const ticket = createLogoutTicket({ returnTo, onward, createdAt: options.sessions.now() })
  const cookie = state === 'unconfirmed' ? undefined : buildTicketCookie(ticket, options)
  if (cookie === undefined) return { logoutUrl: localEnd(returnTo, state, options), cookies: [cleared] }
  const logoutUrl = `${options.logoutPath}?${new URLSearchParams({ ticket: onward.secret })}`
  return { logoutUrl, cookies: [cleared, cookie] }
}

/** The address that a page was given, navigated to. */
export async function followTicket(request: GatewayRequest, secret: string, options: WayOnOptions): Promise<Reply> {
  const now = options.sessions.now()
  const ticket = findLogoutTicket(request, now, options)
  if (ticket === undefined || ticket.onward === null || !isSameSecret(ticket.onward.secret, secret)) {
    return buildRedirect(options.loggedOutPath)
  }
  const name = `logout:${hashSecret(secret)}`
  const claim = await options.store.claim(name, now + LOGOUT_TICKET_MAX_AGE_SECONDS)
  const url = claim === 'claimed' ? endSessionUrl(ticket.onward.idTokenHint, ticket.state, options) : null
  const cookie = buildTicketCookie({ ...ticket, onward: null }, options)
  if (url === null || cookie === undefined) return buildRedirect(ticket.returnTo, [clearTicketCookie(options)])
  return buildRedirect(url, [cookie])
}

/** Null when the realm has no such endpoint, has never been reached, or could not read so long an address. */
function endSessionUrl(idTokenHint: string | null, state: string, options: WayOnOptions): string | null {
  const { postLogoutRedirectUri } = options
  const url = options.realm.buildEndSessionUrl({ idTokenHint, postLogoutRedirectUri, state })
  return url === null || url.href.length > END_SESSION_URL_MAX_CHARS ? null : url.href
}

/** A realm that did not answer may still know the browser: said on a page, or the next click would log in again. */
function localEnd(returnTo: string, state: RealmSession, options: WayOnOptions): string {
  return state === 'ended' ? returnTo : `${options.loggedOutPath}?realm=unconfirmed`
}
