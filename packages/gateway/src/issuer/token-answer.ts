// Answers of the token endpoint (RFC 6749 sections 5.1 and 5.2). Never a refresh token.
import { buildJson, type Reply } from '../http/reply.ts'
import { ERRORS, type ErrorCode } from '../kernel/errors.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { ObtainedToken } from '../realm/relying-party.ts'

export interface TokenRefusal {
  readonly kind: 'refused'
  readonly status: number
  /** RFC 6749 section 5.2, RFC 8693, OpenID Connect Core 1.0 section 3.1.2.6. */
  readonly error: string
  /** For the log. */
  readonly because: string
  /** 0 for none. */
  readonly retryAfterSeconds: number
}

export function buildTokenAnswer({ accessToken, expiresAt, scope }: ObtainedToken, now: EpochSeconds): Reply {
  return buildJson(200, {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: Math.max(0, Math.floor(expiresAt - now)),
    expires_at: Math.floor(expiresAt),
    ...(scope === null ? {} : { scope }),
  })
}

export function buildRefusal({ status, error, retryAfterSeconds }: TokenRefusal): Reply {
  const challenge = [['www-authenticate', 'Basic realm="doorman"']] as const
  const retry = [['retry-after', String(Math.ceil(retryAfterSeconds))]] as const
  return buildJson(status, { error }, [...(status === 401 ? challenge : []), ...(retryAfterSeconds === 0 ? [] : retry)])
}

export function refuseToken(status: number, error: string, because: string, retryAfterSeconds = 0): TokenRefusal {
  return { kind: 'refused', status, error, because, retryAfterSeconds }
}

/** For what may be back soon, where nobody said when. */
const RETRY_AFTER_SECONDS = 1

/** What an error of ours is in the words of OAuth. */
export function refuseByCode(code: ErrorCode, because: string, retryAfterSeconds: number): TokenRefusal {
  const { status, retry } = ERRORS[code]
  if (status === 503 || status === 504) {
    return refuseToken(503, 'temporarily_unavailable', because, retryAfterSeconds || RETRY_AFTER_SECONDS)
  }
  if (retry === 'login') return refuseToken(400, 'invalid_grant', because)
  if (status === 403) return refuseToken(403, 'access_denied', because)
  return status === 400 ? refuseToken(400, 'invalid_request', because) : refuseToken(502, 'server_error', because)
}
