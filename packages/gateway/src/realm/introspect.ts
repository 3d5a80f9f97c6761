// Whether a token lives, asked at the realm (RFC 7662). Fails closed: only a clear answer is one.
import { GatewayError } from '../kernel/errors.ts'
import { explainClientRefusal, isClientRefusal, type SendAsClient } from './client-request.ts'
import { isJsonMediaType, parseJsonObject } from './json.ts'
import type { RealmMetadata } from './metadata.ts'
import type { RealmAnswer } from './realm-fetch.ts'
import { parseTokenError } from './token-response.ts'

function introspectionUrl({ introspectionUrl: url }: RealmMetadata): URL {
  if (url !== null) return url
  throw unusable('the realm announces no introspection endpoint')
}

function unusable(because: string, detail: Readonly<Record<string, string | number>> = {}): GatewayError {
  return new GatewayError('ERR_REALM_UNREACHABLE', { endpoint: 'introspection', because, ...detail })
}

function refusal(answer: RealmAnswer, clientId: string): GatewayError {
  const { status } = answer
  const { error, because } = parseTokenError(answer)
  // Keycloak answers 403 to a public client.
  if (!isClientRefusal(status, error) && status !== 403) return unusable(because, { status })
  const detail = { endpoint: 'introspection', status, because: explainClientRefusal(clientId, because) }
  return new GatewayError('ERR_REALM_CLIENT_REJECTED', detail)
}

/** The claims of a live token; null for a dead one. Throws `ERR_REALM_UNREACHABLE`, `ERR_REALM_TIMEOUT`, `ERR_REALM_CLIENT_REJECTED`. */
export async function introspect(
  token: string,
  clientId: string,
  send: SendAsClient,
): Promise<Readonly<Record<string, unknown>> | null> {
  const answer = await send('introspection', introspectionUrl, { token, token_type_hint: 'access_token' })
  if (answer.status !== 200) throw refusal(answer, clientId)
  const claims = isJsonMediaType(answer.mediaType) ? parseJsonObject(answer.text) : null
  if (claims === null) throw unusable('the answer of the introspection endpoint is no JSON object')
  return claims.active === true ? claims : null
}
