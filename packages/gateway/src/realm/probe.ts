// Whether the realm knows our client, its redirect URI and its secret, asked by at most two requests that change nothing.
// Otherwise the first person to log in would be left on an error page of Keycloak's.
import { calculatePKCECodeChallenge } from 'openid-client'
import { createSecret } from '../kernel/secrets.ts'
import { explainClientRefusal, isClientRefusal, type SendAsClient } from './client-request.ts'
import type { RealmMetadata } from './metadata.ts'
import type { RealmFetch } from './realm-fetch.ts'
import { parseTokenError } from './token-response.ts'

/** As of a real login; a code verifier may not be shorter (RFC 7636 section 4.1). */
const SECRET_BYTES = 32
const TOLD_ERROR_MAX_CHARACTERS = 60

export interface ProbeOptions {
  readonly realm: string
  readonly clientId: string
  /** Browsers are sent there to log in, first or as a second login: then the redirect URI must be registered. */
  readonly isLoginRealm: boolean
  readonly redirectUri: string
  readonly scopes: readonly string[]
}

export type ProbeResult =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly because: string }
  /** The realm did not answer in a way that tells. */
  | { readonly kind: 'unknown' }

// What a realm answers to `prompt=none` without a session when all is well (OpenID Connect Core 1.0 section 3.1.2.6).
const HARMLESS_ERRORS: readonly unknown[] = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'temporarily_unavailable',
]

async function probeRedirect(options: ProbeOptions, metadata: RealmMetadata, fetch: RealmFetch): Promise<ProbeResult> {
  const url = new URL(metadata.authorizationUrl)
  const parameters = {
    client_id: options.clientId,
    redirect_uri: options.redirectUri,
    response_type: 'code',
    scope: options.scopes.join(' '),
    prompt: 'none',
    state: createSecret(SECRET_BYTES),
    nonce: createSecret(SECRET_BYTES),
    code_challenge: await calculatePKCECodeChallenge(createSecret(SECRET_BYTES)),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const answer = await fetch.call('authorization', url, { method: 'GET', headers: { accept: 'text/html' }, body: null })
  if (answer.status === 400) {
    const because = `the realm does not know client ${options.clientId} with the redirect URI ${options.redirectUri}: register both, and see that the client is enabled and has the standard flow`
    return { kind: 'refused', because }
  }
  const error = answer.location === null ? null : URL.parse(answer.location, url.href)?.searchParams.get('error')
  if (error === null || error === undefined || HARMLESS_ERRORS.includes(error)) return { kind: 'accepted' }
  return {
    kind: 'refused',
    because: `the realm refuses our authorization requests: ${error.slice(0, TOLD_ERROR_MAX_CHARACTERS)}`,
  }
}

async function probeSecret(options: ProbeOptions, send: SendAsClient): Promise<ProbeResult> {
  const answer = await send('token', (metadata) => metadata.tokenUrl, {
    grant_type: 'authorization_code',
    code: 'doorman-start-check',
    redirect_uri: options.redirectUri,
    code_verifier: createSecret(SECRET_BYTES),
  })
  const { error, because } = parseTokenError(answer)
  if (isClientRefusal(answer.status, error)) {
    return { kind: 'refused', because: explainClientRefusal(options.clientId, because) }
  }
  return answer.status === 400 && error === 'invalid_grant' ? { kind: 'accepted' } : { kind: 'unknown' }
}

/** Never throws. */
export async function probeClient(
  options: ProbeOptions,
  metadata: RealmMetadata,
  fetch: RealmFetch,
  send: SendAsClient,
): Promise<ProbeResult> {
  try {
    const secret = await probeSecret(options, send)
    return secret.kind === 'accepted' && options.isLoginRealm ? await probeRedirect(options, metadata, fetch) : secret
  } catch {
    return { kind: 'unknown' }
  }
}
