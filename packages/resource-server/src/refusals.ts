// The refusals of the guard, and what each says to the caller.
import { BearerError, type BearerFault } from './bearer-error.ts'

const NOT_ACCEPTED = 'The access token was not accepted. Get a new one and send it as Authorization: Bearer TOKEN.'

const INVALID_TOKEN_MESSAGES: Partial<Record<BearerFault, string>> = {
  expired: 'The access token has expired. Get a new one.',
  'not-before': 'The access token is not valid yet. Compare the clocks.',
  'issued-at': 'The access token is not valid yet. Compare the clocks.',
  audience: 'The access token is not meant for this service. Ask for one that names it in aud.',
  kind: 'This is no access token. Send the access token, not an ID, refresh or logout token.',
  typ: 'This is no access token. Send the access token, not an ID, refresh or logout token.',
  bound: 'The access token is bound to a key of its client, which this service cannot check. Ask for a bearer token.',
  inactive: 'The access token has been ended. Log in again or get a new one.',
}

/** 401 without an error code: RFC 6750 section 3.1, last paragraph. */
export function tokenRequired(reason: BearerFault): BearerError {
  const message = 'This needs an access token. Send it as Authorization: Bearer TOKEN.'
  return new BearerError({ status: 401, code: undefined, reason, body: { error: 'token_required', message } })
}

export function invalidRequest(reason: BearerFault): BearerError {
  const message = 'Send exactly one access token, as Authorization: Bearer TOKEN, and nowhere else.'
  const code = 'invalid_request'
  return new BearerError({ status: 400, code, reason, body: { error: code, message } })
}

export function invalidToken(reason: BearerFault): BearerError {
  const code = 'invalid_token'
  const message = INVALID_TOKEN_MESSAGES[reason] ?? NOT_ACCEPTED
  return new BearerError({ status: 401, code, reason, body: { error: code, message } })
}

export function temporarilyUnavailable(reason: BearerFault, cause: unknown): BearerError {
  const code = 'temporarily_unavailable'
  const message = 'The access token cannot be checked at the moment. Try again shortly with the same token.'
  return new BearerError({ status: 503, code, reason, body: { error: code, message }, cause })
}

export function insufficientRole(reason: 'role' | 'client-role', oneOf: readonly string[]): BearerError {
  const code = 'insufficient_scope'
  const message = `Your account may not do this. It needs ${oneOf.length === 1 ? 'the role' : 'one of the roles'} ${oneOf.join(', ')}.`
  return new BearerError({ status: 403, code, reason, body: { error: code, message } })
}

export function insufficientScope(allOf: readonly string[]): BearerError {
  const code = 'insufficient_scope'
  const message = `The access token may not do this. Ask for one with the scope ${allOf.join(' ')}.`
  return new BearerError({ status: 403, code, reason: 'scope', body: { error: code, message }, scope: allOf })
}

export function tenantRequired(): BearerError {
  const message = 'This needs a tenant, and the access token names none. Choose one and try again.'
  const body = { error: 'tenant_required', message }
  return new BearerError({ status: 403, code: 'insufficient_scope', reason: 'tenant', body })
}
