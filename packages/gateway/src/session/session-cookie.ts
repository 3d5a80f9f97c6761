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
  /** The local name of a login realm beside the default one, which is null: each has cookies of its own. */
  readonly realm: string | null
  /** `None` where a front end of this realm is on another site than `publicUrl`; `https:` only. */
  readonly sameSite: 'Lax' | 'None'
}

/** The session's cookie, and others named after it. */
export interface Cookies {
  readonly session: Cookie
  readonly sessionName: string
  /** For what is set and read while somebody navigates: always `Lax`. */
  named(suffix: string): Cookie
  /** For what the answer to a fetch sets: as `SameSite` as the session, or the browser would not take it from there. */
  namedForFetch(suffix: string): Cookie
  /** Any cookie of a Doorman of this name, a neighbour's on another port included; none of them goes to an upstream. */
  isOurs(name: string): boolean
}

/** No local name of a realm holds it, so that no realm's session is named like another cookie of another realm. */
const REALM_END = '.'

/**
 * Throws a `TypeError` for plain http off loopback, and for `SameSite=None` over plain http: no configuration may send
 * the cookie in the clear.
 */
export function createCookies(options: CookieOptions): Cookies {
  const session = sessionCookie(options)
  const ours = new RegExp(`^(?:__Host-(?:Http-)?${options.name}|${options.name}-\\d+)(?:-|$)`)
  const named = (suffix: string) => `${session.base}${options.realm === null ? '-' : REALM_END}${suffix}`
  return {
    session,
    sessionName: cookieName(session),
    named: (suffix) => ({ ...session, base: named(suffix), sameSite: 'Lax' }),
    namedForFetch: (suffix) => ({ ...session, base: named(suffix) }),
    isOurs: (name) => ours.test(name),
  }
}

function sessionCookie({ publicUrl, prefix, name, realm, sameSite }: CookieOptions): Cookie {
  const { protocol, hostname, port } = new URL(publicUrl)
  const ofRealm = realm === null ? '' : `-realm-${realm}`
  if (protocol === 'https:') return { prefix, base: name + ofRealm, sameSite }
  if (!isLoopbackHost(hostname)) throw new TypeError('publicUrl is plain http and not loopback')
  if (sameSite === 'None') throw new TypeError('publicUrl is plain http and a front end is on another site')
  // Cookies know no ports: without it, two gateways on one machine would overwrite each other's session. No prefix
  // and so no Secure here, because Safari keeps no Secure cookie from http://localhost.
  return { prefix: '', base: `${name}-${port || '80'}${ofRealm}`, sameSite }
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
