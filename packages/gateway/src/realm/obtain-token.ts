// An access token for one use, by any grant of the token endpoint, and what a refusal of it means. Sent once. Nothing
// here is ever about the session: an `invalid_grant` of these grants speaks of the assertion or of a link.
import { explainClientRefusal, isClientRefusal, type SendAsClient } from './client-request.ts'
import { findRefusal, type Refusal, type RefusedRequest, type TokenGrant } from './keycloak-refusals.ts'
import { becauseOf } from './realm-error.ts'
import type { RealmAnswer } from './realm-fetch.ts'
import type { ObtainResult } from './relying-party.ts'
import {
  parseErrorDescription,
  parseRetryAfter,
  parseTokenError,
  parseTokenResponse,
  type TokenResponse,
} from './token-response.ts'

export interface ObtainRules {
  readonly issuer: string
  readonly clientId: string
}

export interface TokenRequest {
  readonly grant: TokenGrant
  readonly parameters: Readonly<Record<string, string>>
  readonly audience: string | null
  /** As configured, for the words about a refusal. */
  readonly scopes: readonly string[]
  /** What is wrong with the answer beyond what every answer must have; null when nothing is. */
  readonly findFault: (answer: TokenResponse & { readonly kind: 'tokens' }) => string | null
}

function unavailable(because: string, retryAfterSeconds: number | null): ObtainResult {
  return { kind: 'unavailable', because, retryAfterSeconds }
}

function misconfigured(because: string): ObtainResult {
  return { kind: 'refused', blame: 'misconfigured', because }
}

function judgeKnown({ verdict, because }: Refusal): ObtainResult {
  if (verdict === 'subject-dead') return { kind: 'subject-dead' }
  if (verdict === 'unavailable') return unavailable(because, null)
  return { kind: 'refused', blame: verdict, because }
}

function judgeRefusal(answer: RealmAnswer, grant: TokenGrant, asked: RefusedRequest): ObtainResult {
  const { error, because } = parseTokenError(answer)
  const retryAfterSeconds = parseRetryAfter(answer.retryAfter, answer.sentAt)
  if (answer.status >= 500 || answer.status === 429) return unavailable(because, retryAfterSeconds)
  const known = findRefusal(grant, error, parseErrorDescription(answer), asked)
  if (known !== null) return judgeKnown(known)
  // A secret may be on its way round: the next attempt can already be right.
  if (isClientRefusal(answer.status, error)) return unavailable(explainClientRefusal(asked.clientId, because), null)
  // No OAuth error: something on the way, or a realm that is not there.
  return error === null ? unavailable(because, null) : misconfigured(`the realm refuses the token: ${because}`)
}

function judgeAnswer(answer: RealmAnswer, request: TokenRequest): ObtainResult {
  const response = parseTokenResponse(answer)
  if (response.kind === 'unusable') return misconfigured(response.because)
  const fault = request.findFault(response)
  if (fault !== null) return misconfigured(fault)
  const { accessToken, accessTokenExpiresAt } = response.tokens
  return { kind: 'token', token: { accessToken, expiresAt: accessTokenExpiresAt, scope: response.scope } }
}

/** The form's `scope`; absent where none is asked for. */
export function buildScope(scopes: readonly string[]): { readonly scope?: string } {
  return scopes.length === 0 ? {} : { scope: scopes.join(' ') }
}

/** Never throws for what the realm did or failed to do. */
export async function obtainToken(
  request: TokenRequest,
  rules: ObtainRules,
  send: SendAsClient,
): Promise<ObtainResult> {
  const { grant, parameters, audience, scopes } = request
  try {
    const answer = await send('token', (metadata) => metadata.tokenUrl, parameters)
    if (answer.status === 200) return judgeAnswer(answer, request)
    return judgeRefusal(answer, grant, { issuer: rules.issuer, clientId: rules.clientId, audience, scopes })
  } catch (error) {
    return unavailable(becauseOf(error), null)
  }
}
