// Client credentials (RFC 6749 section 4.4): a client speaks for itself, by its service account.
import { type Answer, oauthError } from './answer.ts'
import type { DevClient } from './options.ts'
import type { RealmState } from './realm-state.ts'
import { findUnknownScopes, grantScope, hasScope } from './scopes.ts'
import { buildServiceAccount } from './service-account.ts'
import { answerTokens, issueAccessToken } from './token-response.ts'

export async function answerClientCredentials(
  state: RealmState,
  client: DevClient,
  form: URLSearchParams,
): Promise<Answer> {
  const user = buildServiceAccount(client)
  if (user === undefined)
    return oauthError(401, 'unauthorized_client', 'Client not enabled to retrieve service account')
  const requested = form.get('scope') ?? ''
  if (findUnknownScopes(requested, client).length > 0)
    return oauthError(400, 'invalid_scope', `Invalid scopes: ${requested}`)
  const scope = grantScope(requested)
  const hasIdToken = hasScope(scope, 'openid')
  const grant = {
    user,
    client,
    origin: 'client-credentials',
    session: null,
    scope,
    audiences: null,
    hasIdToken,
  } as const
  return answerTokens(state, await issueAccessToken(state, grant))
}
