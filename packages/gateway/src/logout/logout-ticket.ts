// What a browser carries from the end of its session to the page after it: sealed, short-lived, without any right.
import { buildClearCookie, buildSetCookie, fitsCookie, type SetCookieHeader } from '../http/cookies.ts'
import type { GatewayRequest } from '../http/request.ts'
import { openCookie, sealCookieValue } from '../http/sealed-cookie.ts'
import type { Sealer } from '../kernel/seal.ts'
import { createSecret } from '../kernel/secrets.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { Cookies } from '../session/session-cookie.ts'

const FORMAT_VERSION = 1
const SECRET_BYTES = 16
export const LOGOUT_TICKET_MAX_AGE_SECONDS = 300

export interface LogoutTicket {
  readonly format: typeof FORMAT_VERSION
  /** `state` of the logout request (OpenID Connect RP-Initiated Logout 1.0 section 2). */
  readonly state: string
  readonly returnTo: string
  /** The way to the realm that a page has still to navigate; null when the browser is already on it. */
  readonly onward: { readonly secret: string; readonly idTokenHint: string | null } | null
  readonly createdAt: EpochSeconds
}

export interface TicketOptions {
  readonly sealer: Sealer
  readonly cookies: Cookies
}

export function createLogoutTicket(ticket: Pick<LogoutTicket, 'returnTo' | 'onward' | 'createdAt'>): LogoutTicket {
  return { format: FORMAT_VERSION, state: randomLogoutSecret(), ...ticket }
}

export function randomLogoutSecret(): string {
  return createSecret(SECRET_BYTES)
}

/** Undefined when a large ID token makes the ticket larger than a cookie can be. */
export function buildTicketCookie(ticket: LogoutTicket, options: TicketOptions): SetCookieHeader | undefined {
  const cookie = options.cookies.namedForFetch('logout')
  const value = sealCookieValue(cookie, ticket, options.sealer)
  return fitsCookie(cookie, value) ? buildSetCookie(cookie, value, LOGOUT_TICKET_MAX_AGE_SECONDS) : undefined
}

export function clearTicketCookie({ cookies }: TicketOptions): SetCookieHeader {
  return buildClearCookie(cookies.namedForFetch('logout'))
}

export function findLogoutTicket(
  request: Pick<GatewayRequest, 'headers'>,
  now: EpochSeconds,
  { cookies, sealer }: TicketOptions,
): LogoutTicket | undefined {
  const ticket = openCookie<LogoutTicket>(request, cookies.namedForFetch('logout'), FORMAT_VERSION, sealer)
  return ticket !== undefined && now < ticket.createdAt + LOGOUT_TICKET_MAX_AGE_SECONDS ? ticket : undefined
}
