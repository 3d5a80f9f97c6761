// `POST …/token`, with the order of checks and the words of Keycloak.
import { type Answer, oauthError } from './answer.ts'
import { type CodeGrant, findPkceProblem } from './authorization-codes.ts'
import type { ClientAuthenticator } from './client-auth.ts'
import { answerClientCredentials } from './client-credentials.ts'
import { GRANT_TYPES } from './grant-types.ts'
import { answerJwtGrant } from './jwt-grant.ts'
import type { DevClient } from './options.ts'
import { epochSeconds, type RealmState } from './realm-state.ts'
import { refreshTokens } from './refresh-grant.ts'
import { exchangeToken } from './token-exchange.ts'
import { answerTokens, issueTokens } from './token-response.ts'

const PKCE_PROBLEMS = {
  absent: 'PKCE code verifier not specified',
  malformed: 'PKCE verification failed: Invalid code verifier',
  mismatch: 'PKCE verification failed: Code mismatch',
} as const

type GrantHandler = (state: RealmState, client: DevClient, form: URLSearchParams) => Promise<Answer>

const GRANTS: Readonly<Record<string, GrantHandler>> = {
  [GRANT_TYPES.authorizationCode]: redeemCode,
  [GRANT_TYPES.refreshToken]: (state, client, form) => refreshTokens(state, client, form.get('refresh_token')),
  [GRANT_TYPES.clientCredentials]: answerClientCredentials,
  [GRANT_TYPES.tokenExchange]: exchangeToken,
  [GRANT_TYPES.jwtBearer]: answerJwtGrant,
}

/** RFC 8693 section 2.1 lets these two come several times. */
const REPEATABLE: readonly string[] = ['audience', 'resource']

export async function answerTokenRequest(
  state: RealmState,
  authenticator: ClientAuthenticator,
  authorization: string | undefined,
  form: URLSearchParams,
): Promise<Answer> {
  const grantType = form.get('grant_type')
  if (grantType === null) return oauthError(400, 'invalid_request', 'Missing form parameter: grant_type')
  const answerGrant = Object.hasOwn(GRANTS, grantType) ? GRANTS[grantType] : undefined
  if (answerGrant === undefined) return oauthError(400, 'unsupported_grant_type', 'Unsupported grant_type')
  const authentication = await authenticator.authenticate(authorization, form)
  if (authentication.kind === 'refused') return authentication.answer
  if (hasDuplicates(form, grantType)) return oauthError(400, 'invalid_request', 'duplicated parameter')
  return answerGrant(state, authentication.client, form)
}

function hasDuplicates(form: URLSearchParams, grantType: string): boolean {
  const repeatable = grantType === GRANT_TYPES.tokenExchange ? REPEATABLE : []
  const single = [...form.keys()].filter((name) => !repeatable.includes(name))
  return new Set(single).size !== single.length
}

function refuseGrant(description: string): Answer {
  return oauthError(400, 'invalid_grant', description)
}

async function redeemCode(state: RealmState, client: DevClient, form: URLSearchParams): Promise<Answer> {
  const code = form.get('code')
  if (code === null) return oauthError(400, 'invalid_request', 'Missing parameter: code')
  const use = state.codes.use(code)
  if (use.kind === 'unknown') return refuseGrant('Code not valid')
  if (use.kind === 'replay') {
    // Whoever has the code a second time may be a thief: what it bought is worthless from now on.
    state.sessions.find(use.grant.sid)?.clients.delete(use.grant.clientId)
    return refuseGrant('Code not valid')
  }
  const problem = findCodeProblem(use.grant, client, form)
  return problem === null ? answerCode(state, client, use.grant) : refuseGrant(problem)
}

function findCodeProblem(grant: CodeGrant, client: DevClient, form: URLSearchParams): string | null {
  if (epochSeconds() >= grant.expiresAt) return 'Code not valid'
  if (form.get('redirect_uri') !== grant.redirectUri) return 'Incorrect redirect_uri'
  if (client.clientId !== grant.clientId) return 'Auth error: Found different client_id in clientSession'
  const pkceProblem = findPkceProblem(form.get('code_verifier'), grant.codeChallenge)
  return pkceProblem === null ? null : PKCE_PROBLEMS[pkceProblem]
}

async function answerCode(state: RealmState, client: DevClient, grant: CodeGrant): Promise<Answer> {
  const session = state.sessions.find(grant.sid)
  if (session === undefined || !state.sessions.isLive(session, epochSeconds())) return refuseGrant('Code not valid')
  const user = state.directory.findUser(session.userId)
  if (user === undefined || !user.enabled) return refuseGrant('User disabled')
  const clientSession = state.sessions.attach(session, client.clientId)
  clientSession.acr = grant.acr
  clientSession.askedScope = grant.scope
  const chain = crypto.randomUUID()
  const { nonce, scope } = grant
  return answerTokens(state, await issueTokens(state, { user, client, session, clientSession, scope, nonce, chain }))
}
