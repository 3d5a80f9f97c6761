// Bearer tokens on routes that take them (RFC 6750): where one may stand in a request, and whose it is.
import { BearerError, type Guard } from '@doorman/resource-server'
import { cookieNames } from '../http/cookies.ts'
import { type GatewayRequest, header } from '../http/request.ts'
import { type BearerPrincipal, bearerPrincipal } from './principal.ts'

export type BearerCredential =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'malformed'; readonly because: string }

export interface BearerQuestion {
  readonly request: Pick<GatewayRequest, 'headers' | 'search'>
  /** Node's: it keeps the first of several `Authorization` headers and says nothing. */
  readonly rawHeaders: readonly string[]
  /** Names of the cookies that open sessions. */
  readonly sessionCookies: readonly string[]
}

const NO_TOKEN: BearerCredential = { kind: 'none' }
const BEARER = /^bearer(?: |$)/i
const B64_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * Only for a route that takes bearer tokens. Another scheme is no credential of ours (RFC 6750 section 3.1), a token in
 * the query is one in the wrong place (section 2.3 and 5.3), and two ways to say who one is are one too many.
 */
export function readBearer({ request, rawHeaders, sessionCookies }: BearerQuestion): BearerCredential {
  if (request.search !== '' && new URLSearchParams(request.search).has('access_token')) return malformed('in the query')
  const authorization = header(request, 'authorization')
  if (authorization === undefined) return NO_TOKEN
  if (countAuthorizations(rawHeaders) > 1) return malformed('several Authorization headers')
  if (!BEARER.test(authorization)) return NO_TOKEN
  const token = authorization.slice('bearer'.length).replace(/^ +/, '')
  if (!B64_TOKEN.test(token)) return malformed('not one token')
  if (hasCookie(request, sessionCookies)) return malformed('beside a session')
  return { kind: 'token', token }
}

export type BearerErrorCode = 'ERR_BEARER_MALFORMED' | 'ERR_BEARER_INVALID' | 'ERR_BEARER_UNAVAILABLE'

export type BearerVerdict =
  | { readonly kind: 'known'; readonly principal: BearerPrincipal }
  /** `because` is a word for the log. */
  | { readonly kind: 'refused'; readonly code: BearerErrorCode; readonly because: string }

export interface BearerOptions {
  readonly guard: Pick<Guard, 'verify'>
  /** The local name of the realm whose tokens `guard` takes. */
  readonly realm: string
}

const REFUSALS: Readonly<Record<BearerError['status'], BearerErrorCode>> = {
  400: 'ERR_BEARER_MALFORMED',
  401: 'ERR_BEARER_INVALID',
  403: 'ERR_BEARER_INVALID',
  503: 'ERR_BEARER_UNAVAILABLE',
}

export async function verifyBearer(token: string, { guard, realm }: BearerOptions): Promise<BearerVerdict> {
  try {
    const caller = await guard.verify(token)
    // A token of our own opens services, never the door it came from.
    if (caller.kind !== 'realm') return { kind: 'refused', code: 'ERR_BEARER_INVALID', because: 'internal' }
    return { kind: 'known', principal: bearerPrincipal(caller, token, realm) }
  } catch (error) {
    if (!(error instanceof BearerError)) throw error
    return { kind: 'refused', code: REFUSALS[error.status], because: error.reason }
  }
}

function countAuthorizations(rawHeaders: readonly string[]): number {
  return rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'authorization').length
}

/** Also one that is malformed or was sent twice. */
function hasCookie(request: Pick<GatewayRequest, 'headers'>, names: readonly string[]): boolean {
  const cookie = header(request, 'cookie')
  return names.some((name) => cookieNames(cookie, name).includes(name))
}

function malformed(because: string): BearerCredential {
  return { kind: 'malformed', because }
}
