// Cross-site request forgery: whether a request that carries our cookie was made by our own pages. Fetch Metadata
// first, then Origin, then our own header, which counts only when the browser said neither. Foreign evidence always
// wins over friendly evidence. Referer proves nothing here: pages can drop it.
import { requestUse } from '../http/navigation.ts'
import { type GatewayRequest, header } from '../http/request.ts'

export interface OriginRules {
  /** The origin of `publicUrl`. */
  readonly ownOrigin: string
  /** Origins of front ends on the same site. */
  readonly frontends: readonly string[]
  /** Origins of front ends on another site: their fetches count, and nothing else of that site does. */
  readonly crossSiteFrontends: readonly string[]
}

export type OriginVerdict = { readonly kind: 'accepted' } | { readonly kind: 'refused'; readonly because: string }

type JudgedRequest = Pick<GatewayRequest, 'method' | 'headers'>

const ACCEPTED: OriginVerdict = { kind: 'accepted' }
const FOREIGN_ORIGIN = refused('Origin is not one of ours')
const FOREIGN_SITE = refused('Sec-Fetch-Site names another site')
const NOT_A_NAVIGATION = refused('another site asks for more than a page')
const WRONG_SITE = refused('Origin and Sec-Fetch-Site contradict each other')
const NO_PROOF = refused('nothing says where the request comes from')

/** For requests on which a session counts; a route that is open to everybody has nothing to forge. */
export function judgeOrigin(request: JudgedRequest, rules: OriginRules): OriginVerdict {
  const origin = request.headers.origin
  // `null` (sandboxed frames, some redirects) and two Origins joined are nobody's.
  if (origin !== undefined && !isListed(origin, rules)) return FOREIGN_ORIGIN
  return isSafeMethod(request.method) ? judgeSafe(request, origin, rules) : judgeUnsafe(request, origin, rules)
}

/**
 * For requests to speak another protocol. Browsers let every page open a WebSocket to every site, ask nobody before, and
 * always say whose page it is (RFC 6455 section 10.2; cross-site WebSocket hijacking).
 */
export function judgeUpgrade(request: JudgedRequest, rules: OriginRules): OriginVerdict {
  const { origin } = request.headers
  if (origin === undefined) return NO_PROOF
  return isListed(origin, rules) ? judgeUnsafe(request, origin, rules) : FOREIGN_ORIGIN
}

function judgeUnsafe(request: JudgedRequest, origin: string | string[] | undefined, rules: OriginRules): OriginVerdict {
  const site = request.headers['sec-fetch-site']
  switch (site) {
    case 'same-origin':
      return origin === undefined || origin === rules.ownOrigin ? ACCEPTED : FOREIGN_ORIGIN
    case 'same-site':
      return isOneOf(rules.frontends, origin) ? ACCEPTED : FOREIGN_SITE
    case 'cross-site':
      return isCrossSiteFetch(request, origin, rules) ? ACCEPTED : FOREIGN_SITE
    case 'none':
      return FOREIGN_SITE
    default:
  }
  // A value we do not know proves nothing, but it is something the browser said: our header does not count then.
  if (origin !== undefined) return ACCEPTED
  return site === undefined && header(request, 'x-doorman') === '1' ? ACCEPTED : NO_PROOF
}

function judgeSafe(request: JudgedRequest, origin: string | string[] | undefined, rules: OriginRules): OriginVerdict {
  const site = request.headers['sec-fetch-site']
  if (site === 'same-origin') return origin === undefined || origin === rules.ownOrigin ? ACCEPTED : FOREIGN_ORIGIN
  if (site === 'none') return requestUse(request) === 'fetch' ? NOT_A_NAVIGATION : ACCEPTED
  if (site !== 'cross-site' && site !== 'same-site') return ACCEPTED
  if (origin !== undefined && site === 'same-site') {
    return isOneOf(rules.crossSiteFrontends, origin) ? WRONG_SITE : ACCEPTED
  }
  if (site === 'cross-site' && isCrossSiteFetch(request, origin, rules)) return ACCEPTED
  // Images and scripts of another site would read what the cookie opens, if only by its size and timing (XS-Leaks);
  // a link in a mail has to find its session.
  return requestUse(request) === 'document' ? ACCEPTED : NOT_A_NAVIGATION
}

/** A page's own fetch, which names its origin; an image or a script of the same site names none. */
function isCrossSiteFetch(request: JudgedRequest, origin: string | string[] | undefined, rules: OriginRules): boolean {
  return isOneOf(rules.crossSiteFrontends, origin) && requestUse(request) === 'fetch'
}

function isListed(origin: string | string[], rules: OriginRules): boolean {
  return origin === rules.ownOrigin || isOneOf(rules.frontends, origin) || isOneOf(rules.crossSiteFrontends, origin)
}

function isOneOf(origins: readonly string[], origin: string | string[] | undefined): boolean {
  return typeof origin === 'string' && origins.includes(origin)
}

/** RFC 9110 section 9.2.1; OPTIONS included, which no page can make without being asked about. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

function refused(because: string): OriginVerdict {
  return { kind: 'refused', because }
}
