// An authorization code becomes a session's tokens. It is sent once: Keycloak takes a second use for theft and kills
// the tokens of the first, so a lost answer means a new login, never a repetition.
import { GatewayError } from '../kernel/errors.ts'
import type { Clock } from '../kernel/time.ts'
import { parseAccessClaims, parseRoles } from './access-token.ts'
import { isClientRefusal, type SendAsClient } from './client-request.ts'
import { isAcrAcceptable, validateIdToken } from './id-token.ts'
import type { JwsVerdict } from './jws.ts'
import type { RealmAnswer } from './realm-fetch.ts'
import type { CodeRedemption, Redeemed } from './relying-party.ts'
import { parseTokenError, parseTokenResponse } from './token-response.ts'
import type { IdTokenClaims, TokenSet } from './token-set.ts'

/** Whether the realm signed an ID token. Throws `ERR_REALM_…` when its keys cannot be had. */
export type VerifySignature = (idToken: string) => Promise<JwsVerdict>

export interface TokenRules {
  readonly issuer: string
  readonly clientId: string
  readonly clockToleranceSeconds: number
  readonly clock: Clock
}

function redemptionError(answer: RealmAnswer): GatewayError {
  const { error, because } = parseTokenError(answer)
  const detail = { endpoint: 'token', status: answer.status, because, ...(error === null ? {} : { error }) }
  if (answer.status === 400 && error === 'invalid_grant') return new GatewayError('ERR_LOGIN_CODE_REJECTED', detail)
  const isOurFault = isClientRefusal(answer.status, error) || (answer.status === 400 && error !== null)
  return new GatewayError(isOurFault ? 'ERR_REALM_CLIENT_REJECTED' : 'ERR_REALM_UNREACHABLE', detail)
}

function parseRedemption(answer: RealmAnswer): TokenSet {
  if (answer.status !== 200) throw redemptionError(answer)
  const response = parseTokenResponse(answer)
  if (response.kind === 'tokens') return response.tokens
  throw new GatewayError('ERR_REALM_UNREACHABLE', { endpoint: 'token', because: response.because })
}

function idTokenError(reason: string): GatewayError {
  return new GatewayError('ERR_ID_TOKEN_INVALID', { reason })
}

async function verifyIdToken(
  tokens: TokenSet,
  redemption: CodeRedemption,
  rules: TokenRules,
  verifySignature: VerifySignature,
): Promise<IdTokenClaims> {
  if (tokens.idToken === null) throw idTokenError('missing')
  const jws = await verifySignature(tokens.idToken)
  if (jws.kind !== 'verified') throw idTokenError(jws.kind === 'no-key' ? 'key' : jws.reason)
  const verdict = validateIdToken(jws.claims, {
    ...rules,
    algorithm: jws.algorithm,
    accessToken: tokens.accessToken,
    nonce: redemption.nonce,
    maxAgeSeconds: redemption.maxAgeSeconds,
    now: rules.clock(),
  })
  if (verdict.kind === 'invalid') throw idTokenError(verdict.reason)
  return verdict.claims
}

export async function redeemCode(
  redemption: CodeRedemption,
  rules: TokenRules,
  send: SendAsClient,
  verifySignature: VerifySignature,
): Promise<Redeemed> {
  const answer = await send('token', (metadata) => metadata.tokenUrl, {
    grant_type: 'authorization_code',
    code: redemption.code,
    redirect_uri: redemption.redirectUri,
    code_verifier: redemption.codeVerifier,
  })
  const tokens = parseRedemption(answer)
  const claims = await verifyIdToken(tokens, redemption, rules, verifySignature)
  if (!isAcrAcceptable(claims, redemption.acrValues)) {
    throw new GatewayError('ERR_LOGIN_ACR_INSUFFICIENT', { asked: redemption.acrValues.join(' ') })
  }
  const { accessToken } = tokens
  return { tokens, claims, roles: parseRoles(accessToken), accessClaims: parseAccessClaims(accessToken) }
}
