// Which application asks, with Keycloak's answers when it cannot prove it.
import { createHash, timingSafeEqual } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, errors, jwtVerify } from 'jose'
import { type Answer, oauthError } from './answer.ts'
import { type Directory, isEnabled } from './directory.ts'
import type { DevClient } from './options.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const REFUSED = 'Invalid client or Invalid client credentials'
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

export type ClientAuthentication =
  | { readonly kind: 'authenticated'; readonly client: DevClient }
  | { readonly kind: 'refused'; readonly answer: Answer; readonly isSecretWrong: boolean }

export interface ClientAuthenticator {
  authenticate(authorization: string | undefined, form: URLSearchParams): Promise<ClientAuthentication>
}

type Credentials =
  | { readonly kind: 'secret'; readonly clientId: string; readonly secret: string | null }
  | { readonly kind: 'assertion'; readonly clientId: string; readonly assertion: string }
  | { readonly kind: 'undecodable' }
  | { readonly kind: 'absent' }

/** `audiences`: what the `aud` of an assertion may be, as one string. */
export function createClientAuthenticator(directory: Directory, audiences: readonly string[]): ClientAuthenticator {
  const seenAssertions = new Set<string>()

  async function authenticateByAssertion(client: DevClient, assertion: string): Promise<ClientAuthentication> {
    const problem = await findAssertionProblem(client, assertion, audiences, seenAssertions)
    if (problem !== null) return refusal(oauthError(400, 'invalid_client', problem))
    return { kind: 'authenticated', client }
  }

  return {
    async authenticate(authorization, form) {
      const credentials = readCredentials(authorization, form)
      if (credentials.kind === 'absent') return refuse('invalid_client')
      if (credentials.kind === 'undecodable') return undecodable()
      const client = directory.findClient(credentials.clientId)
      if (client === undefined || !isEnabled(client)) return refuse('invalid_client')
      if (credentials.kind === 'assertion') return authenticateByAssertion(client, credentials.assertion)
      return isSecret(client, credentials.secret) ? { kind: 'authenticated', client } : refuse('unauthorized_client')
    },
  }
}

function refuse(error: 'invalid_client' | 'unauthorized_client'): ClientAuthentication {
  const answer = oauthError(401, error, REFUSED)
  return { kind: 'refused', answer, isSecretWrong: error === 'unauthorized_client' }
}

function refusal(answer: Answer): ClientAuthentication {
  return { kind: 'refused', answer, isSecretWrong: false }
}

function undecodable(): ClientAuthentication {
  return refusal(oauthError(400, 'unauthorized_client', 'Unexpected error when authenticating client'))
}

function readCredentials(authorization: string | undefined, form: URLSearchParams): Credentials {
  if (authorization !== undefined) return readBasic(authorization)
  const assertion = form.get('client_assertion')
  if (assertion !== null && form.get('client_assertion_type') === ASSERTION_TYPE) return readAssertion(assertion)
  const clientId = form.get('client_id')
  if (clientId === null) return { kind: 'absent' }
  return { kind: 'secret', clientId, secret: form.get('client_secret') }
}

/** Both halves are form-encoded before base64 (RFC 6749 section 2.3.1). */
function readBasic(authorization: string): Credentials {
  const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(authorization) ?? []
  const [, clientId, secret] = /^([^:]+):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? []
  if (clientId === undefined || secret === undefined) return { kind: 'absent' }
  try {
    return { kind: 'secret', clientId: decodeFormValue(clientId), secret: decodeFormValue(secret) }
  } catch {
    return { kind: 'undecodable' }
  }
}

function decodeFormValue(value: string): string {
  return decodeURIComponent(value.replaceAll('+', ' '))
}

function readAssertion(assertion: string): Credentials {
  try {
    const { sub } = decodeJwt(assertion)
    return sub === undefined ? { kind: 'absent' } : { kind: 'assertion', clientId: sub, assertion }
  } catch {
    return { kind: 'absent' }
  }
}

function isSecret(client: DevClient, secret: string | null): boolean {
  if (client.secret === undefined || secret === null) return false
  const digest = (value: string) => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(client.secret), digest(secret))
}

async function findAssertionProblem(
  client: DevClient,
  assertion: string,
  audiences: readonly string[],
  seen: Set<string>,
): Promise<string | null> {
  if (client.jwks === undefined) return REFUSED
  const expected = { issuer: client.clientId, subject: client.clientId, requiredClaims: ['jti', 'exp'] }
  try {
    const { payload } = await jwtVerify(assertion, createLocalJWKSet(client.jwks), {
      ...expected,
      algorithms: ALGORITHMS,
    })
    if (Array.isArray(payload.aud)) return 'Multiple audiences not allowed'
    if (payload.aud === undefined || !audiences.includes(payload.aud)) return 'Invalid token audience'
    if (seen.has(String(payload.jti))) return 'Token reuse detected'
    seen.add(String(payload.jti))
    return null
  } catch (error) {
    return describeAssertionError(error)
  }
}

function describeAssertionError(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'Token is not active'
  if (error instanceof errors.JWKSNoMatchingKey) return 'Unable to load public key'
  return 'Client authentication with signed JWT failed'
}
