// Answers to programs: problem documents (RFC 9457) in the words of the gateway.
import { LOGIN_PATH } from './urls.ts'

const PROBLEMS = {
  login_required: { status: 401, title: 'Please log in.' },
  forbidden: { status: 403, title: 'You may not do this.' },
  tenant_required: { status: 403, title: 'This needs a tenant, and your account has none, or several.' },
  csrf: { status: 403, title: 'This request did not come from a page of ours.' },
  bad_request: { status: 421, title: 'This address is not the one people use.' },
  upstream_unreachable: { status: 502, title: 'A service does not answer.' },
  upstream_bad_response: { status: 502, title: 'A service has answered something that makes no sense.' },
  credential_unavailable: { status: 502, title: 'A service cannot be asked in your name.' },
  temporarily_unavailable: { status: 503, title: 'This does not work at the moment. Please try again.' },
} as const

export type ProblemCode = keyof typeof PROBLEMS

const RETRY_AFTER_SECONDS = 5

export function titleOf(code: ProblemCode): string {
  return PROBLEMS[code].title
}

/** `origin`: where people log in. Default: that of the page. */
export function buildProblem(code: ProblemCode, origin = ''): Response {
  const { status, title } = PROBLEMS[code]
  const loginUrl = code === 'login_required' ? { login_url: origin + LOGIN_PATH } : {}
  return new Response(JSON.stringify({ type: 'about:blank', title, status, code, ...loginUrl }), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(status === 503 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {}),
    },
  })
}
