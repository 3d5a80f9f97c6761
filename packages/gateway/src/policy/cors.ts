// Which pages of other origins may read an answer (Fetch section 3.3): those of configured front ends, each by its exact
// origin, never `*` and never `null`. Preflights are answered here and go no further. Grants nothing but reading: whether
// a request may do something is csrf.ts.
import { buildReply, type Reply } from '../http/reply.ts'
import { type GatewayRequest, header } from '../http/request.ts'

export interface CorsRules {
  /** The origin of `publicUrl`. */
  readonly ownOrigin: string
  /** Every other origin of a front end, whatever its site. */
  readonly otherOrigins: readonly string[]
}

/** What a listed origin asks before it sends the request itself. */
export interface Preflight {
  readonly kind: 'preflight'
  readonly origin: string
  readonly method: string
  readonly headerNames: readonly string[]
}

export type CorsVerdict =
  /** `headers` belong on the answer, whoever gives it. */
  | { readonly kind: 'actual'; readonly headers: Reply['headers'] }
  | Preflight
  /** A preflight of an origin that is not listed, or one that no browser sends. */
  | { readonly kind: 'refused'; readonly because: string; readonly headers: Reply['headers'] }

type JudgedRequest = Pick<GatewayRequest, 'method' | 'headers'>

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
/** Of `Access-Control-Request-Headers`; what browsers send has a few dozen. */
const REQUESTED_HEADERS_MAX_CHARS = 2000
/** Chromium keeps no preflight longer than two hours, Safari ten minutes. */
const PREFLIGHT_MAX_AGE_SECONDS = 600

/** Beside those every page may read: limits, challenges, and what names or describes the answer. */
const EXPOSED_HEADERS = [
  'content-disposition',
  'etag',
  'link',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'x-request-id',
].join(', ')

const NOTHING: CorsVerdict = { kind: 'actual', headers: [] }
/** A cache must not give one origin the answer to another, nor to a page of ours (Fetch section 3.3.5). */
const VARY_ORIGIN: Reply['headers'] = [['vary', 'Origin']]
const UNREADABLE: CorsVerdict = { kind: 'actual', headers: VARY_ORIGIN }

/** Before anything is looked up: an origin that is not listed learns nothing, not even which paths there are. */
export function judgeCors(request: JudgedRequest, rules: CorsRules): CorsVerdict {
  const { origin } = request.headers
  const isForeign = origin !== undefined && origin !== rules.ownOrigin
  const isListed = isForeign && typeof origin === 'string' && rules.otherOrigins.includes(origin)
  if (isForeign && isPreflight(request)) {
    return isListed ? readPreflight(request, origin) : refused('Origin is not one of ours')
  }
  if (isListed) return { kind: 'actual', headers: readableBy(origin) }
  return rules.otherOrigins.length === 0 ? NOTHING : UNREADABLE
}

function isPreflight({ method, headers }: JudgedRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

function readPreflight(request: JudgedRequest, origin: string): CorsVerdict {
  const method = header(request, 'access-control-request-method') ?? ''
  const requested = header(request, 'access-control-request-headers') ?? ''
  const headerNames = requested.trim() === '' ? [] : requested.split(',').map((name) => name.trim())
  if (requested.length > REQUESTED_HEADERS_MAX_CHARS) return refused('too many headers asked for')
  if (![method, ...headerNames].every(isName)) return refused('a method or header that is no name')
  return { kind: 'preflight', origin, method, headerNames }
}

/** `*` is a token, too, and must not look as if it were granted. */
function isName(text: string): boolean {
  return TOKEN.test(text) && text !== '*'
}

/**
 * The answer to a preflight. `allow`: the methods of what owns the path, as in `Allow`; null where all go, and where
 * nothing owns it: the page then learns of its mistake from the answer to the request itself, which it can read.
 */
export function buildPreflightReply(preflight: Preflight, allow: string | null): Reply {
  const { headerNames } = preflight
  return buildReply(204, '', [
    ['access-control-allow-origin', preflight.origin],
    ['access-control-allow-credentials', 'true'],
    ['access-control-allow-methods', allow ?? preflight.method],
    ...(headerNames.length === 0 ? [] : [['access-control-allow-headers', headerNames.join(', ')] as const]),
    ['access-control-max-age', String(PREFLIGHT_MAX_AGE_SECONDS)],
    ['vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'],
  ])
}

function readableBy(origin: string): Reply['headers'] {
  return [
    ['access-control-allow-origin', origin],
    ['access-control-allow-credentials', 'true'],
    ['access-control-expose-headers', EXPOSED_HEADERS],
    ...VARY_ORIGIN,
  ]
}

function refused(because: string): CorsVerdict {
  return { kind: 'refused', because, headers: VARY_ORIGIN }
}
