// What the realm's redirect says. Nothing in it is trusted before its state has found an attempt of this browser, and
// none of its text is ever shown.
import { parseQuery } from '../http/query.ts'
import { GatewayError } from '../kernel/errors.ts'

export type AuthorizationResponse = {
  /** Null when it is missing or not one of ours. */
  readonly state: string | null
  readonly issuer: string | null
  /** What became of a `kc_action`. */
  readonly actionStatus: 'success' | 'cancelled' | 'error' | null
} & ({ readonly kind: 'code'; readonly code: string } | { readonly kind: 'error'; readonly error: RealmError })

const REALM_ERRORS = [
  'access_denied',
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'temporarily_unavailable',
  'server_error',
  'invalid_request',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_response_type',
] as const

export type RealmError = (typeof REALM_ERRORS)[number] | 'unknown'

const ACTION_STATUSES = ['success', 'cancelled', 'error'] as const

/** Throws `ERR_REQUEST_MALFORMED` for a doubled parameter, for code and error at once, and for neither. */
export function parseAuthorizationResponse(search: string): AuthorizationResponse {
  const query = parseQuery(search)
  const common = {
    state: parseState(query.get('state')),
    issuer: query.get('iss') ?? null,
    actionStatus: ACTION_STATUSES.find((status) => status === query.get('kc_action_status')) ?? null,
  }
  const code = query.get('code')
  const error = query.get('error')
  if ((code === undefined) === (error === undefined)) {
    throw new GatewayError('ERR_REQUEST_MALFORMED', { reason: 'neither-code-nor-error' })
  }
  if (code !== undefined) return { ...common, kind: 'code', code }
  return { ...common, kind: 'error', error: REALM_ERRORS.find((known) => known === error) ?? 'unknown' }
}

function parseState(value: string | undefined): string | null {
  return value !== undefined && /^[\w-]{43}$/.test(value) ? value : null
}

/** RFC 9207 section 2.4: compared as text, required when the realm announces it. */
export function isIssuedBy(response: AuthorizationResponse, issuer: string, announcesIssuer: boolean): boolean {
  return response.issuer === null ? !announcesIssuer : response.issuer === issuer
}
