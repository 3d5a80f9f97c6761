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
  forbidden: 'Your account may not do this.',
  csrf: 'The request did not come from this application.',
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
  /** Where a page sends the person to log in; only with `login_required`. */
  readonly loginUrl?: string
  /** Seconds; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number
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
  }
  return buildReply(status, JSON.stringify(document), [
    ['content-type', 'application/problem+json'],
    ...extraHeaders(extras),
  ])
}

/** The headers an answer to a failed request carries beside its own. */
export function extraHeaders({ retryAfterSeconds, headers = [] }: ProblemExtras): Reply['headers'] {
  if (retryAfterSeconds === undefined) return headers
  return [['retry-after', String(Math.ceil(retryAfterSeconds))], ...headers]
}
