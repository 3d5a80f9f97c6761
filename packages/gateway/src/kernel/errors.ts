// One class of error and one table of facts about each code. `detail` and `cause` go to the log, never to the client;
// neither may hold a token, cookie, secret, code, state or verifier.

export interface ErrorFacts {
  /** HTTP status of the answer. */
  readonly status: number
  /** The word the client sees. Several codes share one on purpose, so that a prober cannot tell which check failed. */
  readonly wire: string
  readonly level: 'info' | 'warn' | 'error'
  /** What the caller can do: nothing, log in, start the login again, or try later. */
  readonly retry: 'no' | 'login' | 'restart' | 'later'
}

/** Every code with its facts; docs/errors.md says what each means. */
export const ERRORS = {
  ERR_REQUEST_MALFORMED: { status: 400, wire: 'bad_request', level: 'info', retry: 'no' },
  ERR_REQUEST_TIMEOUT: { status: 408, wire: 'bad_request', level: 'info', retry: 'later' },
  ERR_REQUEST_HEADERS_TOO_LARGE: { status: 431, wire: 'bad_request', level: 'info', retry: 'no' },
  ERR_REQUEST_UNTRUSTED_HOST: { status: 421, wire: 'bad_request', level: 'info', retry: 'no' },
  ERR_ROUTE_NOT_FOUND: { status: 404, wire: 'not_found', level: 'info', retry: 'no' },
  ERR_ROUTE_METHOD_NOT_ALLOWED: { status: 405, wire: 'method_not_allowed', level: 'info', retry: 'no' },
  ERR_LOGIN_ATTEMPT_MISSING: { status: 400, wire: 'login_failed', level: 'warn', retry: 'restart' },
  ERR_LOGIN_ATTEMPT_EXPIRED: { status: 400, wire: 'login_failed', level: 'warn', retry: 'restart' },
  ERR_LOGIN_ATTEMPT_REPLAYED: { status: 400, wire: 'login_failed', level: 'warn', retry: 'restart' },
  ERR_LOGIN_ISSUER_MISMATCH: { status: 400, wire: 'login_failed', level: 'warn', retry: 'restart' },
  ERR_LOGIN_CODE_REJECTED: { status: 400, wire: 'login_failed', level: 'warn', retry: 'restart' },
  ERR_LOGIN_LOOP: { status: 400, wire: 'login_failed', level: 'warn', retry: 'restart' },
  ERR_LOGIN_SESSION_CHANGED: { status: 400, wire: 'login_failed', level: 'warn', retry: 'restart' },
  ERR_LOGIN_REFUSED: { status: 403, wire: 'login_refused', level: 'info', retry: 'login' },
  ERR_LOGIN_ACR_INSUFFICIENT: { status: 403, wire: 'login_refused', level: 'info', retry: 'login' },
  ERR_ID_TOKEN_INVALID: { status: 400, wire: 'login_failed', level: 'error', retry: 'restart' },
  ERR_SESSION_REQUIRED: { status: 401, wire: 'login_required', level: 'info', retry: 'login' },
  ERR_SESSION_EXPIRED: { status: 401, wire: 'login_required', level: 'info', retry: 'login' },
  ERR_SESSION_REVOKED: { status: 401, wire: 'login_required', level: 'info', retry: 'login' },
  ERR_SESSION_LOST: { status: 401, wire: 'login_required', level: 'warn', retry: 'login' },
  ERR_SESSION_LIMIT_REACHED: { status: 403, wire: 'too_many_sessions', level: 'info', retry: 'no' },
  ERR_SESSION_UNREADABLE: { status: 503, wire: 'temporarily_unavailable', level: 'error', retry: 'later' },
  ERR_TOKEN_REFRESH_REJECTED: { status: 401, wire: 'login_required', level: 'info', retry: 'login' },
  ERR_TOKEN_REFRESH_UNAVAILABLE: { status: 503, wire: 'temporarily_unavailable', level: 'error', retry: 'later' },
  ERR_CREDENTIAL_FORBIDDEN: { status: 403, wire: 'forbidden', level: 'info', retry: 'no' },
  ERR_CREDENTIAL_REFUSED: { status: 502, wire: 'credential_unavailable', level: 'error', retry: 'later' },
  ERR_CREDENTIAL_UNAVAILABLE: { status: 503, wire: 'temporarily_unavailable', level: 'error', retry: 'later' },
  ERR_CREDENTIAL_TOO_LARGE: { status: 502, wire: 'credential_unavailable', level: 'error', retry: 'no' },
  ERR_SECOND_LOGIN_REQUIRED: { status: 401, wire: 'second_login_required', level: 'info', retry: 'login' },
  ERR_POLICY_FORBIDDEN: { status: 403, wire: 'forbidden', level: 'info', retry: 'no' },
  ERR_POLICY_CSRF: { status: 403, wire: 'csrf', level: 'warn', retry: 'no' },
  ERR_POLICY_CORS: { status: 403, wire: 'csrf', level: 'info', retry: 'no' },
  ERR_POLICY_STEP_UP_REQUIRED: { status: 401, wire: 'step_up_required', level: 'info', retry: 'login' },
  ERR_TENANT_REQUIRED: { status: 403, wire: 'tenant_required', level: 'info', retry: 'no' },
  ERR_TENANT_AMBIGUOUS: { status: 400, wire: 'tenant_ambiguous', level: 'info', retry: 'no' },
  ERR_TENANT_FORBIDDEN: { status: 403, wire: 'forbidden', level: 'info', retry: 'no' },
  ERR_RATE_LIMITED: { status: 429, wire: 'rate_limited', level: 'info', retry: 'later' },
  ERR_BEARER_REQUIRED: { status: 401, wire: 'token_required', level: 'info', retry: 'no' },
  ERR_BEARER_MALFORMED: { status: 400, wire: 'invalid_request', level: 'info', retry: 'no' },
  ERR_BEARER_INVALID: { status: 401, wire: 'invalid_token', level: 'info', retry: 'no' },
  ERR_BEARER_UNAVAILABLE: { status: 503, wire: 'temporarily_unavailable', level: 'error', retry: 'later' },
  ERR_REALM_UNREACHABLE: { status: 503, wire: 'temporarily_unavailable', level: 'error', retry: 'later' },
  ERR_REALM_TIMEOUT: { status: 504, wire: 'temporarily_unavailable', level: 'error', retry: 'later' },
  ERR_REALM_METADATA_INVALID: { status: 502, wire: 'temporarily_unavailable', level: 'error', retry: 'later' },
  ERR_REALM_CLIENT_REJECTED: { status: 503, wire: 'temporarily_unavailable', level: 'error', retry: 'later' },
  ERR_LOGOUT_TOKEN_INVALID: { status: 400, wire: 'invalid_request', level: 'warn', retry: 'no' },
  ERR_LOGOUT_PROOF_INVALID: { status: 400, wire: 'bad_request', level: 'warn', retry: 'no' },
  ERR_UPGRADE_REFUSED: { status: 400, wire: 'bad_request', level: 'info', retry: 'no' },
  ERR_UPSTREAM_UNREACHABLE: { status: 502, wire: 'upstream_unreachable', level: 'error', retry: 'later' },
  ERR_UPSTREAM_TIMEOUT: { status: 504, wire: 'upstream_timeout', level: 'error', retry: 'later' },
  ERR_UPSTREAM_RESET: { status: 502, wire: 'upstream_reset', level: 'error', retry: 'later' },
  ERR_UPSTREAM_BAD_RESPONSE: { status: 502, wire: 'upstream_bad_response', level: 'error', retry: 'later' },
  ERR_STORE_UNAVAILABLE: { status: 503, wire: 'temporarily_unavailable', level: 'error', retry: 'later' },
  ERR_STORE_REFUSED: { status: 500, wire: 'internal_error', level: 'error', retry: 'no' },
  ERR_SIGNING_KEYS_UNAVAILABLE: { status: 503, wire: 'temporarily_unavailable', level: 'error', retry: 'later' },
  ERR_GATEWAY_CLOSED: { status: 503, wire: 'temporarily_unavailable', level: 'info', retry: 'later' },
  ERR_INTERNAL: { status: 500, wire: 'internal_error', level: 'error', retry: 'later' },
  ERR_CONFIG_INVALID: { status: 500, wire: 'internal_error', level: 'error', retry: 'no' },
  ERR_LISTEN_FAILED: { status: 500, wire: 'internal_error', level: 'error', retry: 'no' },
} as const satisfies Record<`ERR_${string}`, ErrorFacts>

export type ErrorCode = keyof typeof ERRORS

export type ErrorDetail = Readonly<Record<string, string | number | boolean | undefined>>

/** The only error the gateway throws on purpose. `code` is stable; the text of `message` is not. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly detail: ErrorDetail

  constructor(code: ErrorCode, detail: ErrorDetail = {}, cause?: unknown) {
    super(code, cause === undefined ? undefined : { cause })
    this.name = 'GatewayError'
    this.code = code
    this.detail = detail
  }
}

/** The code that Node and its libraries hang on their errors, such as `ECONNREFUSED`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** True for an error of the gateway's own, of one code when it is named. */
export function isGatewayError(error: unknown, code?: ErrorCode): error is GatewayError {
  return error instanceof GatewayError && (code === undefined || error.code === code)
}
