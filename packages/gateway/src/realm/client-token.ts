// A token of our own client: client credentials (RFC 6749 section 4.4).
import type { SendAsClient } from './client-request.ts'
import { type ObtainRules, obtainToken } from './obtain-token.ts'
import type { ObtainResult } from './relying-party.ts'

export function requestClientToken(
  scopes: readonly string[],
  rules: ObtainRules,
  send: SendAsClient,
): Promise<ObtainResult> {
  const parameters = { grant_type: 'client_credentials' }
  const request = { grant: 'clientCredentials', parameters, audience: null, scopes, findFault: () => null } as const
  return obtainToken(request, rules, send)
}
