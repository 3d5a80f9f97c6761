// The access token of the admin interface: obtained once for all calls, renewed before its end. Never written anywhere.
import { fetchWithError, NetworkError } from '@keycloak/keycloak-admin-client'
import { ProvisionError } from '../errors.ts'
import { keycloakText, printable, unknownRealmError, unreachableError } from './admin-errors.ts'
import type { AdminCredential } from './realm-admin.ts'
import { type Pause, passingFailure, repeat } from './repeat.ts'
import { buildTokenRequest } from './token-request.ts'

const RENEWAL_MARGIN_SECONDS = 10

export interface AccessTokens {
  /** Rejects with `ERR_ADMIN_CREDENTIAL`, `ERR_REALM_UNKNOWN` or `ERR_ADMIN_UNREACHABLE`. */
  get(): Promise<string>
  /** It was not taken: the next one asked for is another one. */
  forget(token: string): void
}

export interface AccessTokensOptions {
  readonly url: string
  readonly realm: string
  /** What `iss` of the tokens must be. */
  readonly issuer: string
  readonly credential: AdminCredential
  readonly timeoutSeconds: number
  readonly pause: Pause
  readonly nowSeconds: () => number
}

interface HeldToken {
  readonly token: string
  readonly renewAt: number
}

export function createAccessTokens(options: AccessTokensOptions): AccessTokens {
  let held: HeldToken | undefined
  let pending: Promise<HeldToken> | undefined

  async function renew(): Promise<HeldToken> {
    try {
      held = await obtain(options)
      return held
    } finally {
      pending = undefined
    }
  }

  return {
    async get() {
      if (held !== undefined && options.nowSeconds() < held.renewAt) return held.token
      pending ??= renew()
      return (await pending).token
    },
    forget(token) {
      if (held?.token === token) held = undefined
    },
  }
}

async function obtain(options: AccessTokensOptions): Promise<HeldToken> {
  const { pause } = options
  const askedAt = options.nowSeconds()
  try {
    const { access_token: token, expires_in: lifetime } = await repeat(() => request(options), {
      pause,
      onRepeat: () => undefined,
    })
    checkIssuer(token, options)
    return { token, renewAt: askedAt + lifetime - Math.min(RENEWAL_MARGIN_SECONDS, lifetime / 2) }
  } catch (error) {
    throw tokenError(error, options)
  }
}

interface TokenAnswer {
  readonly access_token: string
  readonly expires_in: number
}

async function request({ url, realm, issuer, credential, timeoutSeconds, nowSeconds }: AccessTokensOptions) {
  const { form, headers } = await buildTokenRequest(credential, issuer, nowSeconds())
  const endpoint = `${url}/realms/${encodeURIComponent(realm)}/protocol/openid-connect/token`
  const response = await fetchWithError(endpoint, {
    method: 'POST',
    headers: { ...headers, accept: 'application/json' },
    body: form,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  })
  return parseAnswer(await response.text(), url)
}

function parseAnswer(text: string, url: string): TokenAnswer {
  const { access_token, expires_in } = parseObject(text)
  // A header that cannot hold it would be refused with its text (RFC 6750 section 2.1).
  const isToken = typeof access_token === 'string' && /^[\w.~+/-]+=*$/.test(access_token)
  if (isToken && typeof expires_in === 'number') return { access_token, expires_in }
  throw credentialError(`what answers at ${url} is no token endpoint of Keycloak`, { reason: 'answer', url })
}

/** Another `iss` means that the two addresses of the file lead to different realms, or that Keycloak's hostname is wrong. */
function checkIssuer(token: string, { issuer, url }: AccessTokensOptions): void {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  const { iss } = parseObject(claims)
  if (iss === issuer) return
  const found = printable(String(iss))
  const text = `the realm at ${url} calls itself ${found}, the file calls it ${issuer}`
  throw credentialError(text, { reason: 'issuer', expected: issuer, found })
}

function tokenError(error: unknown, { url, realm, credential }: AccessTokensOptions): unknown {
  const passing = passingFailure(error)
  if (passing !== undefined) return unreachableError(passing, url, 'obtain an access token')
  if (!(error instanceof NetworkError)) return error
  const { responseData, response } = error
  const word = parseError(responseData)
  if (response.status === 404 && word !== undefined) return unknownRealmError(realm, url)
  const said = keycloakText(responseData, secretsOf(credential)) ?? response.status
  const text = `Keycloak does not take ${credential.clientId} in ${realm}: ${said}`
  return credentialError(text, {
    reason: word !== undefined && REASON.test(word) ? word : 'answer',
    status: response.status,
    clientId: credential.clientId,
    realm,
  })
}

/** What is sent as it is; what is signed or read from a file is opaque. */
function secretsOf(credential: AdminCredential): readonly string[] {
  if (credential.kind === 'password') return [credential.password]
  return 'secret' in credential ? [credential.secret] : []
}

/** A name such as `unauthorized_client`; another text may be anything, what was sent among it. */
const REASON = /^[a-z]+(_[a-z]+)+$/

function parseError(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined
  return typeof body.error === 'string' ? body.error : undefined
}

function credentialError(text: string, detail: Readonly<Record<string, unknown>>): ProvisionError {
  return new ProvisionError('ERR_ADMIN_CREDENTIAL', `The credential of the admin interface: ${text}`, detail)
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
