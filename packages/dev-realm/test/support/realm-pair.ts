// The linked pair of realms, with somebody logged in.
import type { TestContext } from 'node:test'
import {
  type DevRealm,
  type DevRealmPair,
  type DevRealmPairOptions,
  GRANT_TYPES,
  startDevRealmPair,
} from '@doorman/dev-realm'
import { obtainTokens, post, REDIRECT_URI, type TokenAnswer } from './relying-party.ts'

export type Fields = Readonly<Record<string, string | undefined>>

export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

export async function pairFor(t: TestContext, options: Partial<DevRealmPairOptions> = {}): Promise<DevRealmPair> {
  const pair = await startDevRealmPair({ redirectUris: [REDIRECT_URI], ...options })
  t.after(() => pair.close())
  return pair
}

export function ask(realm: DevRealm, clientId: string, fields: Fields, path = 'token'): Promise<TokenAnswer> {
  return post(realm, path, { client_id: clientId, client_secret: `${clientId}-test-secret`, ...fields })
}

export function exchange(
  { main }: DevRealmPair,
  subjectToken: unknown,
  fields: Fields = {},
  clientId = 'web-gateway',
): Promise<TokenAnswer> {
  const subject = { subject_token: String(subjectToken), subject_token_type: ACCESS_TOKEN }
  return ask(main, clientId, { grant_type: GRANT_TYPES.tokenExchange, ...subject, ...fields })
}

/** A token of somebody in `main` for the realm `models`. */
export async function obtainAssertion(pair: DevRealmPair, username = 'alice'): Promise<string> {
  const tokens = await obtainTokens(pair.main, username)
  const answer = await exchange(pair, tokens.access_token, { audience: pair.models.issuer, scope: 'models-realm' })
  return String(answer.json.access_token)
}

export function grantByJwt({ models }: DevRealmPair, assertion: string, fields: Fields = {}): Promise<TokenAnswer> {
  return ask(models, 'model-gateway', { grant_type: GRANT_TYPES.jwtBearer, assertion, ...fields })
}

export function refusalOf({ status, json }: TokenAnswer): readonly unknown[] {
  return [status, json.error, json.error_description]
}
