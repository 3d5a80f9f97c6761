// A token of another realm becomes one of this realm for the same person: JWT bearer grant (RFC 7523 section 2.1).
import type { SendAsClient } from './client-request.ts'
import { buildScope, type ObtainRules, obtainToken } from './obtain-token.ts'
import type { ObtainResult } from './relying-party.ts'

export function redeemAssertion(
  assertion: string,
  scopes: readonly string[],
  rules: ObtainRules,
  send: SendAsClient,
): Promise<ObtainResult> {
  const parameters = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion, ...buildScope(scopes) }
  const request = { grant: 'jwtGrant', parameters, audience: null, scopes, findFault: () => null } as const
  return obtainToken(request, rules, send)
}
