// The person's access token becomes one for a single audience: OAuth 2.0 Token Exchange (RFC 8693).
import { decodeClaims } from './access-token.ts'
import type { SendAsClient } from './client-request.ts'
import { buildScope, type ObtainRules, obtainToken } from './obtain-token.ts'
import type { ObtainResult, TokenExchangeRequest } from './relying-party.ts'
import type { TokenResponse } from './token-response.ts'

const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'

function hasAudience(accessToken: string, audience: string): boolean {
  const aud = decodeClaims(accessToken)?.aud
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience
}

/** RFC 8693 section 2.2.1. An audience that is not in the token was not granted, whatever the status says. */
function findFault(answer: TokenResponse & { readonly kind: 'tokens' }, audience: string): string | null {
  if (answer.issuedTokenType !== ACCESS_TOKEN_TYPE) return 'the realm issued something other than an access token'
  return hasAudience(answer.tokens.accessToken, audience) ? null : `the issued token is not for ${audience}`
}

// Keycloak writes an exchange's scope down for the whole session: without `openid` in it, every later refresh of the
// person's own tokens brings no ID token (notes/keycloak, KC-80).
function withOpenid(scopes: readonly string[]): readonly string[] {
  return scopes.length === 0 ? [] : [...new Set(['openid', ...scopes])]
}

export function exchangeToken(
  { subjectToken, audience, scopes }: TokenExchangeRequest,
  rules: ObtainRules,
  send: SendAsClient,
): Promise<ObtainResult> {
  const parameters = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: ACCESS_TOKEN_TYPE,
    requested_token_type: ACCESS_TOKEN_TYPE,
    audience,
    ...buildScope(withOpenid(scopes)),
  }
  const isFor = (answer: TokenResponse & { readonly kind: 'tokens' }) => findFault(answer, audience)
  return obtainToken({ grant: 'exchange', parameters, audience, scopes, findFault: isFor }, rules, send)
}
