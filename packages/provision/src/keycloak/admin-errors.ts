// What Keycloak's answers mean to a person. Foreign errors end here: their bodies may hold what was sent.
import { NetworkError } from '@keycloak/keycloak-admin-client'
import { ProvisionError } from '../errors.ts'
import { type PassingFailure, passingFailure } from './repeat.ts'

const MAX_TEXT_LENGTH = 300

/** What was tried, as far as an error has to tell it. */
export interface Attempted {
  /** Such as `create client mlflow`. */
  readonly what: string
  readonly url: string
  readonly realm: string
  /** The least role of `realm-management` for it. */
  readonly needs: string
  /** It goes to something every realm has, so that only an unknown realm answers 404. */
  readonly isOfRealm: boolean
}

export function adminError(error: unknown, attempted: Attempted): unknown {
  const passing = passingFailure(error)
  if (passing !== undefined) return unreachableError(passing, attempted.url, attempted.what)
  if (!(error instanceof NetworkError)) return error
  return refusal(error, attempted)
}

export function unreachableError(failure: PassingFailure, url: string, what: string): ProvisionError {
  const detail = { what, url, because: failure.because }
  if (failure.because === 'status') {
    const text = `Keycloak at ${url} answers ${failure.status} (${what})`
    return new ProvisionError('ERR_ADMIN_UNREACHABLE', text, { ...detail, status: failure.status })
  }
  if (failure.because === 'timeout') {
    return new ProvisionError('ERR_ADMIN_UNREACHABLE', `Keycloak at ${url} does not answer in time (${what})`, detail)
  }
  const code = codeOf(failure.cause)
  const text = `Keycloak at ${url} cannot be reached: ${code} (${what})`
  return new ProvisionError('ERR_ADMIN_UNREACHABLE', text, { ...detail, code }, { cause: failure.cause })
}

export function unknownRealmError(realm: string, url: string): ProvisionError {
  return new ProvisionError('ERR_REALM_UNKNOWN', `Keycloak at ${url} has no realm ${realm}`, { realm, url })
}

function refusal({ response, responseData }: NetworkError, { what, url, realm, needs, isOfRealm }: Attempted) {
  const { status } = response
  const said = keycloakText(responseData)
  if (status === 401) {
    const text = `Keycloak at ${url} does not take its own token (${what})`
    return new ProvisionError('ERR_ADMIN_CREDENTIAL', text, { what, url, status, reason: 'token' })
  }
  if (status === 403) {
    const text = `The credential may not ${what}: it lacks the role ${needs} of realm-management in ${realm}`
    return new ProvisionError('ERR_ADMIN_FORBIDDEN', text, { what, realm, lacks: needs })
  }
  if (status === 404 && isOfRealm) return unknownRealmError(realm, url)
  const text = `Keycloak refused to ${what} with ${status}${said === undefined ? '' : `: ${said}`}`
  return new ProvisionError('ERR_ADMIN_REFUSED', text, { what, status, ...(said === undefined ? {} : { said }) })
}

/** What looks like a secret or a token: a proxy on the way may quote what it was sent. */
const OPAQUE = /(?=[\w.~+/=-]*[A-Z0-9])[\w.~+/=-]{20,}/g

/**
 * Keycloak's own words: `errorMessage`, else those of OAuth. Never the whole answer, and nothing of one that quotes these
 * secrets: people's passwords do not look opaque.
 */
export function keycloakText(body: unknown, secrets: readonly string[] = []): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { errorMessage, error_description, error } = body as Readonly<Record<string, unknown>>
  const text = [errorMessage, error_description, error].find((each) => typeof each === 'string')
  if (text === undefined || quotesAny(text, secrets)) return undefined
  // Cut first: the pattern takes long over a long text.
  return printable(
    text
      .slice(0, 4 * MAX_TEXT_LENGTH)
      .replace(/\p{Cc}/gu, ' ')
      .replace(OPAQUE, '…'),
  )
}

function quotesAny(text: string, secrets: readonly string[]): boolean {
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
  ])
  return forms.some((form) => form !== '' && text.includes(form))
}

/** A short text that cannot steer a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').slice(0, MAX_TEXT_LENGTH)
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown'
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
}
