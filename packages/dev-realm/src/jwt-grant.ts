// The JWT authorization grant (RFC 7523 section 2.1) with the order of checks and the words of Keycloak.
import { decodeJwt, type JWTPayload } from 'jose'
import { type Answer, oauthError } from './answer.ts'
import { OPENID_CONNECT_PATH } from './discovery.ts'
import type { DevClient, DevIdentityProvider, DevUser } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import { findUnknownScopes, grantScope, hasScope } from './scopes.ts'
import { answerTokens, issueAccessToken } from './token-response.ts'

const MAX_ASSERTION_AGE_SECONDS = 300

type Judgement =
  | { readonly kind: 'accepted'; readonly user: DevUser }
  | { readonly kind: 'refused'; readonly because: string }

export async function answerJwtGrant(state: RealmState, client: DevClient, form: URLSearchParams): Promise<Answer> {
  const assertion = form.get('assertion')
  if (assertion === null) return refuse('Missing parameter:assertion')
  const judgement = await judgeAssertion(state, client, assertion)
  if (judgement.kind === 'refused') return refuse(judgement.because)
  const requested = form.get('scope') ?? ''
  if (findUnknownScopes(requested, client).length > 0)
    return oauthError(400, 'invalid_scope', `Invalid scopes: ${requested}`)
  const scope = grantScope(requested)
  const issued = await issueAccessToken(state, {
    user: judgement.user,
    client,
    origin: 'jwt-grant',
    session: null,
    scope,
    audiences: null,
    hasIdToken: hasScope(scope, 'openid'),
  })
  return answerTokens(state, issued)
}

function refuse(description: string): Answer {
  return oauthError(400, 'invalid_grant', description)
}

async function judgeAssertion(state: RealmState, client: DevClient, assertion: string): Promise<Judgement> {
  const claims = readClaims(assertion)
  if (claims === null) return refused('The provided assertion is not a valid JWT')
  if (client.jwtGrant === undefined) return refused('JWT Authorization Grant is not supported for the requested client')
  if (claims.iss === undefined) return refused('Missing claim: iss')
  if (claims.sub === undefined) return refused('Missing claim: sub')
  const provider = state.identityProviders.findByIssuer(claims.iss)
  if (provider?.jwtGrant !== true) return refused('No Identity Provider for provided issuer')
  if (!client.jwtGrant.identityProviders.includes(provider.alias))
    return refused('Identity Provider is not allowed for the client')
  if ((await state.identityProviders.verify(provider, assertion)) === null) return refused('Invalid signature')
  const problem = findTimeProblem(claims, epochSeconds()) ?? findReuseProblem(state, provider, claims)
  return problem === null ? judgeSubject(state, provider, claims.sub, claims) : refused(problem)
}

function refused(because: string): Judgement {
  return { kind: 'refused', because }
}

function readClaims(assertion: string): JWTPayload | null {
  try {
    return decodeJwt(assertion)
  } catch {
    return null
  }
}

function findTimeProblem({ exp, nbf, iat }: JWTPayload, now: number): string | null {
  if (exp === undefined) return 'Token exp claim is required'
  if (exp <= now || (nbf !== undefined && nbf > now)) return 'Token is not active'
  if (iat === undefined) return null
  if (iat > now) return 'Token was issued in the future'
  return now - iat > MAX_ASSERTION_AGE_SECONDS ? 'Token was issued too far in the past to be used now' : null
}

/** An assertion is used up even when it is refused further on. */
function findReuseProblem(state: RealmState, provider: DevIdentityProvider, { jti }: JWTPayload): string | null {
  if (jti === undefined) return 'Token jti claim is required'
  const use = `${provider.alias} ${jti}`
  if (state.usedAssertions.has(use)) return 'Token reuse detected'
  state.usedAssertions.add(use)
  return null
}

function judgeSubject(
  state: RealmState,
  provider: DevIdentityProvider,
  subject: string,
  { aud }: JWTPayload,
): Judgement {
  const user = state.directory.findLinkedUser(provider.alias, subject)
  if (user === undefined) return refused('User not found')
  if (!user.enabled) return refused('User is not enabled')
  const audiences = [aud ?? []].flat()
  if (audiences.length > 1) return refused('Multiple audiences not allowed')
  const own = [state.issuer, `${state.issuer}${OPENID_CONNECT_PATH}/token`]
  return own.includes(audiences[0] ?? '') ? { kind: 'accepted', user } : refused('Invalid token audience')
}
