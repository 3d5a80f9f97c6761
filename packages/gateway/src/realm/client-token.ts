// A token of our own client: client credentials (RFC 6749 section 4.4).
import type { SendAsClient } from './client-request.ts'
import { buildScope, type ObtainRules, obtainToken } from './obtain-token.ts'
import type { ObtainResult } from './relying-party.ts'

export function requestClientToken(
  scopes: readonly string[],
  rules: ObtainRules,
  send: SendAsClient,
): Promise<ObtainResult> {
  const parameters = { grant_type: 'client_credentials', ...buildScope(scopes) }
  const request = { grant: 'clientCredentials', parameters, audience: null, scopes, findFault: () => null } as const
  return obtainToken(request, rules, send)
}
