// Failures on the way to a realm, translated once into our own error and into words an operator understands.
import { GatewayError, systemCode } from '../kernel/errors.ts'
import type { RealmEndpoint } from '../kernel/events.ts'

/** `too_large` is the only one that is not the network's: the whole answer came and was refused. */
export type FailureReason = 'dns' | 'refused' | 'tls' | 'timeout' | 'reset' | 'too_large' | 'network'

const REASON_BY_SYSTEM_CODE: Readonly<Record<string, FailureReason>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'reset',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  HOSTNAME_MISMATCH: 'tls',
  EPROTO: 'tls',
}

/** The whole answer was longer than we read. */
export class AnswerTooLargeError extends Error {}

function failureReason(cause: unknown): FailureReason {
  if (cause instanceof AnswerTooLargeError) return 'too_large'
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'timeout'
  const code = systemCode(cause) ?? ''
  if (/^(ERR_TLS|ERR_SSL|CERT)_/.test(code)) return 'tls'
  return REASON_BY_SYSTEM_CODE[code] ?? 'network'
}

function explainFailure(reason: FailureReason, { host, origin }: URL, code: string): string {
  const sentences: Record<FailureReason, string> = {
    dns: `the name ${host} cannot be resolved (${code})`,
    refused: `${origin} does not take connections (${code})`,
    tls: `no trusted TLS connection to ${host} (${code}): name the authority of its certificate in tls.ca or NODE_EXTRA_CA_CERTS`,
    timeout: `${origin} did not answer in time`,
    reset: `${origin} broke off the connection (${code})`,
    too_large: `${origin} sent an answer larger than any realm's`,
    network: `${origin} cannot be reached${code === '' ? '' : ` (${code})`}`,
  }
  return sentences[reason]
}

/** What went wrong on the way to the realm, as `ERR_REALM_TIMEOUT` or `ERR_REALM_UNREACHABLE`. */
export function realmError(cause: unknown, endpoint: RealmEndpoint, url: URL): GatewayError {
  const reason = failureReason(cause)
  const because = explainFailure(reason, url, systemCode(cause) ?? '')
  const code = reason === 'timeout' ? 'ERR_REALM_TIMEOUT' : 'ERR_REALM_UNREACHABLE'
  return new GatewayError(code, { endpoint, reason, because }, cause)
}

/** The reason in a log's or an operator's words; never anything a person or a peer has sent. */
export function becauseOf(error: unknown): string {
  if (!(error instanceof GatewayError)) return 'an unexpected failure of our own'
  return typeof error.detail.because === 'string' ? error.detail.because : error.code
}
