// Where a browser may be sent after login and logout: a path of ours or a configured front end. All else is the home of
// one of them, so that nobody can borrow our name for a redirect elsewhere (RFC 9700 section 4.11.1).
import { type GatewayRequest, header } from './request.ts'

export interface Frontends {
  /** The origin of `publicUrl`. */
  readonly ownOrigin: string
  readonly otherOrigins: readonly string[]
  /** By origin, `ownOrigin` included: the path there for a browser that does not say where to. */
  readonly homes: ReadonlyMap<string, string>
  /** Paths of ours that lead nowhere by themselves: login, callback, logout. */
  readonly excludedPaths: readonly string[]
}

export const FRONT_PAGE = '/'

/** Characters after normalisation; it travels in a cookie of at most 4096. */
const RETURN_TO_MAX_CHARS = 1500

/** Null for an absent parameter. Never fails: what cannot be understood becomes the home. */
export function parseReturnTo(
  value: string | null,
  frontends: Frontends,
  request: Pick<GatewayRequest, 'headers'>,
): string {
  return (value === null ? undefined : readReturnTo(value, frontends)) ?? homeOf(request, frontends)
}

/** The home of the front end the browser comes from, else our own. Only chooses: a forged `Referer` leads nowhere else. */
function homeOf(request: Pick<GatewayRequest, 'headers'>, { ownOrigin, homes }: Frontends): string {
  const from = URL.parse(header(request, 'referer') ?? '')?.origin ?? ownOrigin
  const home = from === ownOrigin ? undefined : homes.get(from)
  return home === undefined ? (homes.get(ownOrigin) ?? FRONT_PAGE) : from + home
}

function readReturnTo(value: string, frontends: Frontends): string | undefined {
  // Browsers strip tab and newline and read "\" as "/": refuse them before any parser sees them.
  if (/[\\\p{Cc}]/u.test(value)) return undefined
  const url = parseOwnPath(value, frontends) ?? parseAbsolute(value, frontends)
  if (url === undefined || !isPlainPath(url.pathname)) return undefined
  const isOwn = url.origin === frontends.ownOrigin
  if (isOwn && frontends.excludedPaths.includes(url.pathname)) return undefined
  const returnTo = isOwn ? url.pathname + url.search + url.hash : url.href
  return returnTo.length > RETURN_TO_MAX_CHARS ? undefined : returnTo
}

function parseOwnPath(value: string, { ownOrigin }: Frontends): URL | undefined {
  if (!/^\/(?!\/)/.test(value)) return undefined
  const url = URL.parse(ownOrigin + value)
  return url?.origin === ownOrigin ? url : undefined
}

/** By the text first: where parsers differ about the host, the text does not begin with the whole origin. */
function parseAbsolute(value: string, { ownOrigin, otherOrigins }: Frontends): URL | undefined {
  const origin = [ownOrigin, ...otherOrigins].find((known) => value === known || value.startsWith(`${known}/`))
  if (origin === undefined) return undefined
  const url = URL.parse(value)
  return url?.origin === origin ? url : undefined
}

/** Without what a second decoding would turn into another address: `//`, an escaped slash, backslash or control. */
function isPlainPath(pathname: string): boolean {
  return !pathname.startsWith('//') && !/%(?:2f|5c|[01][0-9a-f]|7f)/i.test(pathname)
}

/** The same place with one parameter more. */
export function addParameter(returnTo: string, name: string, value: string, { ownOrigin }: Frontends): string {
  const url = new URL(returnTo, ownOrigin)
  url.searchParams.set(name, value)
  return returnTo.startsWith('/') ? url.pathname + url.search + url.hash : url.href
}
