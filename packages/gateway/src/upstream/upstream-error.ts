import { errors } from 'undici'
import { GatewayError, systemCode } from '../kernel/errors.ts'

const TIMEOUTS = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']
const RESETS = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']
const BAD_RESPONSES = ['UND_ERR_HEADERS_OVERFLOW', 'ERR_INVALID_CHAR', 'ERR_HTTP_INVALID_STATUS_CODE']
const BAD_REQUESTS = ['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH']

/** What went wrong between us and an upstream. Names, refused connections and certificates are all "unreachable". */
export function upstreamError(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause
  const code = codeOf(cause)
  const detail = { because: code }
  if (TIMEOUTS.includes(code)) return new GatewayError('ERR_UPSTREAM_TIMEOUT', detail, cause)
  if (RESETS.includes(code)) return new GatewayError('ERR_UPSTREAM_RESET', detail, cause)
  if (BAD_RESPONSES.includes(code)) return new GatewayError('ERR_UPSTREAM_BAD_RESPONSE', detail, cause)
  // Not kept as the cause: it carries bytes of the answer, which no log may have.
  if (cause instanceof errors.HTTPParserError) return new GatewayError('ERR_UPSTREAM_BAD_RESPONSE', detail)
  // undici refused to write the request: its headers or body do not fit together.
  if (BAD_REQUESTS.includes(code)) return new GatewayError('ERR_REQUEST_MALFORMED', detail, cause)
  return new GatewayError('ERR_UPSTREAM_UNREACHABLE', detail, cause)
}

function codeOf(cause: unknown): string {
  // Several addresses were tried: each has its own error (happy eyeballs).
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause
  return systemCode(first) ?? 'unknown'
}
