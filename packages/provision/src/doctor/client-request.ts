// How a client proves who it is (RFC 6749 section 2.3.1, RFC 7523 section 2.2), and what of that must never be told.
import { buildTokenRequest, type TokenRequest } from '../keycloak/token-request.ts'
import type { ClientProof } from './ground.ts'
import type { RealmFacts } from './realm-facts.ts'

export interface ClientRequest extends TokenRequest {
  readonly secrets: readonly string[]
}

/** Without a proof it only says who it is. */
export async function buildClientRequest(
  clientId: string,
  proof: ClientProof,
  { realm, tools }: RealmFacts,
): Promise<ClientRequest> {
  if (proof.kind !== 'credential')
    return { form: new URLSearchParams({ client_id: clientId }), headers: {}, secrets: [] }
  const { form, headers } = await buildTokenRequest(proof.credential, realm.issuer, tools.nowSeconds())
  const sent = [form.get('client_assertion'), headers.authorization?.replace(/^Basic /, '')]
  return { form, headers, secrets: sent.filter((text) => typeof text === 'string') }
}
