// Answers to programs: problem documents (RFC 9457) in the words of the gateway.
import { LOGIN_PATH } from './urls.ts'

const TITLES = {
  login_required: 'Please log in.',
  forbidden: 'You may not do this.',
  csrf: 'This request did not come from a page of ours.',
  bad_request: 'This address is not the one people use.',
  upstream_unreachable: 'A service does not answer.',
  upstream_bad_response: 'A service has answered something that makes no sense.',
  credential_unavailable: 'A service cannot be asked in your name.',
  temporarily_unavailable: 'This does not work at the moment. Please try again.',
} as const

const STATUSES = {
  login_required: 401,
  forbidden: 403,
  csrf: 403,
  bad_request: 421,
  upstream_unreachable: 502,
  upstream_bad_response: 502,
  credential_unavailable: 502,
  temporarily_unavailable: 503,
} as const satisfies Record<ProblemCode, number>

export type ProblemCode = keyof typeof TITLES

const RETRY_AFTER_SECONDS = 5

export function titleOf(code: ProblemCode): string {
  return TITLES[code]
}

/** `origin`: where people log in. Default: that of the page. */
export function buildProblem(code: ProblemCode, origin = ''): Response {
  const status = STATUSES[code]
  const loginUrl = code === 'login_required' ? { login_url: origin + LOGIN_PATH } : {}
  return new Response(JSON.stringify({ type: 'about:blank', title: TITLES[code], status, code, ...loginUrl }), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(status === 503 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {}),
    },
  })
}
