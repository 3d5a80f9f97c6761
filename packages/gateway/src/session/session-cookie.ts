// What the browser holds: an opaque id of 256 bits in a cookie of a fixed shape.
import { buildSetCookie, type Cookie, cookieName, readCookie, type SetCookieHeader } from '../http/cookies.ts'
import { type GatewayRequest, header } from '../http/request.ts'
import { isLoopbackHost } from '../kernel/loopback.ts'

const SESSION_ID = /^[\w-]{43}$/

export interface CookieOptions {
  readonly publicUrl: string
  /** `__Host-Http-` also says that no script set the cookie; a browser that does not know it keeps `__Host-`'s rules. */
  readonly prefix: '__Host-Http-' | '__Host-'
  /** What follows the prefix: letters, digits and `-`. */
  readonly name: string
}

/** The session's cookie, and others named after it. */
export interface Cookies {
  readonly session: Cookie
  readonly sessionName: string
  named(suffix: string): Cookie
  /** Any cookie of a Doorman of this name, a neighbour's on another port included; none of them goes to an upstream. */
  isOurs(name: string): boolean
}

/** Throws a `TypeError` for plain http off loopback: no configuration may send the cookie in the clear. */
export function createCookies(options: CookieOptions): Cookies {
  const session = sessionCookie(options)
  const ours = new RegExp(`^(?:__Host-(?:Http-)?${options.name}|${options.name}-\\d+)(?:-|$)`)
  return {
    session,
    sessionName: cookieName(session),
    named: (suffix) => ({ prefix: session.prefix, base: `${session.base}-${suffix}` }),
    isOurs: (name) => ours.test(name),
  }
}

function sessionCookie({ publicUrl, prefix, name }: CookieOptions): Cookie {
  const { protocol, hostname, port } = new URL(publicUrl)
  if (protocol === 'https:') return { prefix, base: name }
  if (!isLoopbackHost(hostname)) throw new TypeError('publicUrl is plain http and not loopback')
  // Cookies know no ports: without it, two gateways on one machine would overwrite each other's session. No prefix
  // and so no Secure here, because Safari keeps no Secure cookie from http://localhost.
  return { prefix: '', base: `${name}-${port || '80'}` }
}

/** Undefined unless exactly one well-formed id was sent: anything else never reaches the store. */
export function readSessionId(request: Pick<GatewayRequest, 'headers'>, cookies: Cookies): string | undefined {
  const value = readCookie(header(request, 'cookie'), cookies.sessionName)
  return value !== undefined && SESSION_ID.test(value) ? value : undefined
}

/** Without an end of its own: the session's limits are the server's. */
export function buildSessionCookie(cookies: Cookies, sessionId: string): SetCookieHeader {
  return buildSetCookie(cookies.session, sessionId, null)
}
