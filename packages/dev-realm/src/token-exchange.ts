// Standard token exchange (RFC 8693) with the order of checks and the words of Keycloak.
import { type Answer, oauthError } from './answer.ts'
import { ACCOUNT_CLIENT, buildAudiences } from './claims.ts'
import { isEnabled } from './directory.ts'
import type { DevClient } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import { findUnknownScopes, grantScope, hasScope } from './scopes.ts'
import { findTokenHolder, type TokenHolder, verifyAccessToken } from './token-holder.ts'
import { type AccessGrant, answerTokens, buildSubject, issueAccessToken } from './token-response.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token'
const REFUSED_PARAMETERS = ['subject_issuer', 'requested_issuer', 'requested_subject'] as const

export async function exchangeToken(state: RealmState, client: DevClient, form: URLSearchParams): Promise<Answer> {
  const problem = findRequestProblem(client, form)
  if (problem !== null) return refuse(problem)
  const claims = await verifyAccessToken(state, form.get('subject_token') ?? '')
  const holder = claims === null ? null : findTokenHolder(state, claims)
  if (claims === null || holder === null) return refuse('Invalid token')
  if (claims.azp !== client.clientId && ![claims.aud].flat().includes(client.clientId))
    return oauthError(403, 'access_denied', 'Client is not within the token audience')
  const audiences = form.getAll('audience')
  return findAudienceProblem(state, audiences) ?? answerExchange(state, buildGrant(client, holder, form), form)
}

function refuse(description: string): Answer {
  return oauthError(400, 'invalid_request', description)
}

function findRequestProblem(client: DevClient, form: URLSearchParams): string | null {
  if (client.exchange !== true) return 'Standard token exchange is not enabled for the requested client'
  for (const name of ['subject_token', 'subject_token_type'])
    if (!form.has(name)) return `Parameter '${name}' required for standard token exchange`
  if (form.get('subject_token_type') !== ACCESS_TOKEN) return "Parameter 'subject_token' supports access tokens only"
  const refused = REFUSED_PARAMETERS.find((name) => form.has(name))
  if (refused !== undefined) return `Parameter '${refused}' is not supported for standard token exchange`
  return [null, ACCESS_TOKEN, ID_TOKEN].includes(form.get('requested_token_type'))
    ? null
    : 'requested_token_type unsupported'
}

function findAudienceProblem(state: RealmState, audiences: readonly string[]): Answer | null {
  for (const audience of audiences) {
    if (audience === ACCOUNT_CLIENT) continue
    const client = state.directory.findClient(audience)
    if (client === undefined) return oauthError(400, 'invalid_client', 'Audience not found')
    if (!isEnabled(client)) return oauthError(400, 'invalid_client', 'Client disabled')
  }
  return null
}

function buildGrant(client: DevClient, holder: TokenHolder, form: URLSearchParams): AccessGrant {
  const audiences = form.getAll('audience')
  const user = holder.session?.user
  // Where another client's token is exchanged, the one that asks gets no part in the session.
  const session = user === undefined ? null : { user, client: user.clients.get(client.clientId) }
  const inherited = hasScope(session?.client?.askedScope ?? '', 'openid') ? 'openid' : ''
  const requested = form.get('scope')
  return {
    user: holder.user,
    client,
    origin: 'exchange',
    session,
    scope: grantScope(requested ?? inherited),
    audiences: audiences.length === 0 ? null : audiences,
    hasIdToken: hasScope(requested ?? '', 'openid') || form.get('requested_token_type') === ID_TOKEN,
  }
}

async function answerExchange(state: RealmState, grant: AccessGrant, form: URLSearchParams): Promise<Answer> {
  const requested = form.get('scope') ?? ''
  if (findUnknownScopes(requested, grant.client).length > 0)
    return oauthError(400, 'invalid_scope', `Invalid scopes: ${requested}`)
  if (grant.session?.client !== undefined) grant.session.client.askedScope = grant.scope
  const available = buildAudiences(buildSubject(state, grant, epochSeconds()))
  const missing = (grant.audiences ?? []).filter((audience) => !available.includes(audience))
  if (missing.length > 0) return refuse(`Requested audience not available: ${missing.join(', ')}`)
  const issued = await issueAccessToken(state, grant)
  if (form.get('requested_token_type') !== ID_TOKEN)
    return answerTokens(state, { ...issued, issued_token_type: ACCESS_TOKEN })
  const { id_token: idToken, ...rest } = issued
  return answerTokens(state, { ...rest, access_token: idToken, token_type: 'N_A', issued_token_type: ID_TOKEN })
}
