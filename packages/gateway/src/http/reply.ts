// An answer as data. Own endpoints return it; only the server writes it to a socket.
import { ERRORS, type ErrorCode } from '../kernel/errors.ts'

export interface Reply {
  readonly status: number
  /** Lower-case names; `set-cookie` may stand several times. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: string
}

const PRIVATE_HEADERS: Reply['headers'] = [
  ['cache-control', 'no-store'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
]

export function buildReply(status: number, body = '', headers: Reply['headers'] = []): Reply {
  return { status, headers: [...PRIVATE_HEADERS, ...headers], body }
}

export function buildJson(status: number, value: unknown, headers: Reply['headers'] = []): Reply {
  return buildReply(status, JSON.stringify(value), [['content-type', 'application/json; charset=utf-8'], ...headers])
}

/** 303, so that a redirect after a POST is always fetched with GET (RFC 9700 section 4.12). */
export function buildRedirect(location: string, headers: Reply['headers'] = []): Reply {
  return buildReply(303, '', [['location', location], ...headers])
}

const TITLES: Readonly<Record<string, string>> = {
  bad_request: 'The request could not be understood.',
  not_found: 'There is nothing at this address.',
  method_not_allowed: 'This address does not take this method.',
  login_failed: 'The login could not be finished. Please try again.',
  login_refused: 'The login was refused.',
  login_required: 'Please log in.',
  step_up_required: 'This needs a stronger or more recent login. Please log in again.',
  second_login_required: 'This needs one more login. Please log in there, too.',
  too_many_sessions: 'You are logged in in too many places. Please log out in one of them first.',
  forbidden: 'Your account may not do this.',
  tenant_required: 'This needs a tenant, and your account has none.',
  tenant_ambiguous: 'Please choose one of your tenants.',
  token_required: 'This needs an access token.',
  invalid_request: 'Send exactly one access token, in the Authorization header, and nothing beside it.',
  invalid_token: 'The access token was not accepted. Get a new one.',
  csrf: 'The request did not come from this application.',
  rate_limited: 'Too many requests. Please wait a little.',
  credential_unavailable: 'The service behind this address cannot be told who you are at the moment.',
  temporarily_unavailable: 'Something we depend on does not answer at the moment. Please try again shortly.',
  upstream_unreachable: 'The service behind this address cannot be reached.',
  upstream_timeout: 'The service behind this address did not answer in time.',
  upstream_reset: 'The service behind this address broke off its answer.',
  upstream_bad_response: 'The service behind this address sent an answer that makes no sense.',
  internal_error: 'Something went wrong on our side.',
}

export function problemTitle(wire: string): string {
  return TITLES[wire] ?? 'Something went wrong.'
}

/** What an answer to a failed request may carry beside its code. */
export interface ProblemExtras {
  readonly requestId: string
  /** Where a page sends the person to log in; only where that helps. */
  readonly loginUrl?: string
  /** Seconds; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number
  /** A value of `WWW-Authenticate`. */
  readonly challenge?: string
  /** Those the person may name as `X-Tenant`. */
  readonly tenants?: readonly string[]
  readonly headers?: Reply['headers']
}

/** A problem document (RFC 9457) for a code. The only reader of the error table towards the client. */
export function buildProblem(code: ErrorCode, extras: ProblemExtras): Reply {
  const { status, wire } = ERRORS[code]
  const document = {
    type: 'about:blank',
    title: problemTitle(wire),
    status,
    code: wire,
    request_id: extras.requestId,
    ...(extras.loginUrl === undefined ? {} : { login_url: extras.loginUrl }),
    ...(extras.tenants === undefined ? {} : { tenants: extras.tenants }),
  }
  return buildReply(status, JSON.stringify(document), [
    ['content-type', 'application/problem+json'],
    ...extraHeaders(extras),
  ])
}

/** The headers an answer to a failed request carries beside its own. */
export function extraHeaders({ retryAfterSeconds, challenge, headers = [] }: ProblemExtras): Reply['headers'] {
  return [
    ...(retryAfterSeconds === undefined ? [] : [['retry-after', String(Math.ceil(retryAfterSeconds))] as const]),
    ...(challenge === undefined ? [] : [['www-authenticate', challenge] as const]),
    ...headers,
  ]
}
