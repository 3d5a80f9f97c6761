// A refresh token becomes new tokens, or a verdict about the session. Only two things say that the tokens are over: a 400
// `invalid_grant`, and an ID token the realm has verifiably signed for somebody else. All else is trouble that passes.
import { GatewayError } from '../kernel/errors.ts'
import type { Events } from '../kernel/events.ts'
import { parseAccessClaims, parseRoles } from './access-token.ts'
import type { SendAsClient } from './client-request.ts'
import { validateIdToken } from './id-token.ts'
import { saysSessionEnded } from './keycloak-refusals.ts'
import { becauseOf } from './realm-error.ts'
import type { RealmAnswer } from './realm-fetch.ts'
import type { TokenRules, VerifySignature } from './redeem-code.ts'
import type { RefreshResult, RefreshSubject } from './relying-party.ts'
import {
  parseErrorDescription,
  parseRetryAfter,
  parseTokenError,
  parseTokenResponse,
  type TokenResponse,
} from './token-response.ts'
import type { IdTokenClaims, TokenSet } from './token-set.ts'

export interface RefreshRules extends TokenRules {
  readonly realm: string
  readonly events: Events
}

type Unavailable = RefreshResult & { readonly kind: 'unavailable' }

function unavailable(because: string, rest: Partial<Unavailable>): Unavailable {
  return { kind: 'unavailable', because, mayRepeat: false, retryAfterSeconds: null, ...rest }
}

const NETWORK_REASONS: readonly unknown[] = ['dns', 'refused', 'tls', 'timeout', 'reset', 'network']

/** No answer, or not all of it. Before the first discovery nothing is sent, so there is nothing to repeat. */
function judgeFailure(error: unknown): RefreshResult {
  const isNetwork = error instanceof GatewayError && NETWORK_REASONS.includes(error.detail.reason)
  return unavailable(becauseOf(error), { mayRepeat: isNetwork })
}

function judgeRefusal(answer: RealmAnswer): RefreshResult {
  const { error, because } = parseTokenError(answer)
  if (answer.status === 400 && error === 'invalid_grant') {
    return { kind: 'rejected', because, isEnd: saysSessionEnded(parseErrorDescription(answer)) }
  }
  const retryAfterSeconds = parseRetryAfter(answer.retryAfter, answer.sentAt)
  return unavailable(because, { mayRepeat: answer.status >= 500, retryAfterSeconds })
}

function judgeUnusable({ because, refreshToken }: TokenResponse & { readonly kind: 'unusable' }): RefreshResult {
  return unavailable(because, refreshToken === null ? {} : { refreshToken })
}

type IdTokenFinding =
  | { readonly kind: 'ours'; readonly claims: IdTokenClaims }
  | { readonly kind: 'foreign' }
  /** There is none, or no key to verify it by. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'invalid'; readonly reason: string }

async function judgeIdToken(
  tokens: TokenSet,
  subject: RefreshSubject,
  rules: RefreshRules,
  verifySignature: VerifySignature,
): Promise<IdTokenFinding> {
  if (tokens.idToken === null) return { kind: 'unknown' }
  const jws = await verifySignature(tokens.idToken)
  if (jws.kind === 'no-key') return { kind: 'unknown' }
  if (jws.kind === 'invalid') return jws
  const { iss, sub } = jws.claims
  const isForeign =
    (typeof iss === 'string' && iss !== subject.issuer) || (typeof sub === 'string' && sub !== subject.subject)
  if (isForeign) return { kind: 'foreign' }
  const expected = { ...rules, algorithm: jws.algorithm, accessToken: tokens.accessToken, now: rules.clock() }
  // A refreshed ID token carries no nonce, and its auth_time may be older than any max_age asked at login.
  const verdict = validateIdToken(jws.claims, { ...expected, nonce: null, maxAgeSeconds: null })
  return verdict.kind === 'valid' ? { kind: 'ours', claims: verdict.claims } : verdict
}

/**
 * An invalid ID token is dropped and named, and the tokens beside it are kept: whoever could forge one could leave it
 * out as well, while refusing the answer would lose the only refresh token that still works.
 */
async function acceptTokens(
  tokens: TokenSet,
  subject: RefreshSubject,
  rules: RefreshRules,
  verifySignature: VerifySignature,
): Promise<RefreshResult> {
  const finding = await judgeIdToken(tokens, subject, rules, verifySignature).catch(
    (): IdTokenFinding => ({ kind: 'unknown' }),
  )
  if (finding.kind === 'foreign') return { kind: 'foreign' }
  const refreshed = {
    kind: 'refreshed',
    tokens,
    claims: finding.kind === 'ours' ? finding.claims : null,
    roles: parseRoles(tokens.accessToken),
    accessClaims: parseAccessClaims(tokens.accessToken),
  } as const
  if (finding.kind !== 'invalid') return refreshed
  const warning = `the ID token of a refresh was refused (${finding.reason}); the session keeps its claims`
  rules.events.emit({ kind: 'realm.warned', realm: rules.realm, warning })
  return { ...refreshed, tokens: { ...tokens, idToken: null } }
}

export async function refreshTokens(
  refreshToken: string,
  subject: RefreshSubject,
  rules: RefreshRules,
  send: SendAsClient,
  verifySignature: VerifySignature,
): Promise<RefreshResult> {
  try {
    const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken }
    const answer = await send('token', (metadata) => metadata.tokenUrl, parameters)
    if (answer.status !== 200) return judgeRefusal(answer)
    const response = parseTokenResponse(answer)
    if (response.kind === 'unusable') return judgeUnusable(response)
    return await acceptTokens(response.tokens, subject, rules, verifySignature)
  } catch (error) {
    return judgeFailure(error)
  }
}
