// How a request without a good access token is answered: RFC 6750 section 3. An error never holds the token itself.

export type BearerErrorCode = 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'temporarily_unavailable'

/** What was wrong, precisely; for the log of the service, never for the caller. */
export type BearerFault =
  | 'absent'
  | 'scheme'
  | 'several'
  | 'in-query'
  | 'malformed'
  | 'size'
  | 'issuer'
  | 'typ'
  | 'algorithm'
  | 'critical-extension'
  | 'key'
  | 'signature'
  | 'claims'
  | 'kind'
  | 'audience'
  | 'expired'
  | 'not-before'
  | 'issued-at'
  | 'subject'
  | 'token-id'
  | 'client'
  | 'bound'
  | 'inactive'
  | 'introspection-mismatch'
  | 'role'
  | 'client-role'
  | 'scope'
  | 'tenant'
  | 'issuer-unavailable'
  | 'introspection-unavailable'

export interface BearerErrorBody {
  /** A word for programs: the error code, `token_required` or `tenant_required`. */
  readonly error: string
  /** A sentence for people: what was wrong and what to do. */
  readonly message: string
}

export interface BearerRefusal {
  readonly status: 400 | 401 | 403 | 503
  readonly code: BearerErrorCode | undefined
  readonly reason: BearerFault
  readonly body: BearerErrorBody
  /** The scopes that would have been enough; only with `insufficient_scope`. */
  readonly scope?: readonly string[]
  /** Kept for the log; never sent. */
  readonly cause?: unknown
}

const RETRY_AFTER_SECONDS = 5

// All that a quoted attribute may hold (RFC 6750 section 3).
const NOT_QUOTABLE = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/g

function buildChallenge({ code, body, scope }: BearerRefusal): string {
  const attributes = ['realm="api"']
  if (code !== undefined) {
    attributes.push(`error="${code}"`, `error_description="${body.message.replace(NOT_QUOTABLE, '?')}"`)
  }
  if (scope !== undefined) attributes.push(`scope="${scope.join(' ').replace(NOT_QUOTABLE, '?')}"`)
  return `Bearer ${attributes.join(', ')}`
}

/**
 * A request is refused, and how to say so.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3 RFC 6750, section 3}
 */
export class BearerError extends Error {
  override readonly name = 'BearerError'
  readonly status: BearerRefusal['status']
  /** Absent when no credential of ours was sent at all (RFC 6750 section 3.1). */
  readonly code: BearerErrorCode | undefined
  /** Value of `WWW-Authenticate`. */
  readonly challenge: string
  /** Sent as JSON. */
  readonly body: BearerErrorBody
  /** For the log of the service; never sent. */
  readonly reason: BearerFault

  constructor(refusal: BearerRefusal) {
    super(refusal.body.message, refusal.cause === undefined ? {} : { cause: refusal.cause })
    this.status = refusal.status
    this.code = refusal.code
    this.reason = refusal.reason
    this.body = refusal.body
    this.challenge = buildChallenge(refusal)
  }

  /** The headers of the answer, in lower case; the default error handlers of Express and Fastify send them, too. */
  get headers(): Record<string, string> {
    const own: Record<string, string> =
      this.status === 503 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : { 'www-authenticate': this.challenge }
    return { ...own, 'cache-control': 'no-store' }
  }

  /** The answer; Hono asks a thrown error for it. */
  getResponse(): Response {
    return Response.json(this.body, { status: this.status, headers: this.headers })
  }
}
