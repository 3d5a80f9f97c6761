// Who a bearer token speaks of: the guard that services use, told to take the login realm's access tokens for us.
import { createGuard } from '@doorman/resource-server'
import type { RealmConfig } from './config/gateway-config.ts'
import { type BearerVerdict, verifyBearer } from './policy/bearer.ts'
import type { RelyingParty } from './realm/relying-party.ts'

const INTROSPECTION_CACHE_SECONDS = 10

export type BearerVerifier = (token: string) => Promise<BearerVerdict>

export function createBearerVerifier(
  settings: Pick<RealmConfig, 'clientId' | 'introspect' | 'clockSkewSeconds' | 'idTokenAlgorithms' | 'timeoutSeconds'>,
  realm: Pick<RelyingParty, 'realm' | 'issuer' | 'fetch' | 'introspect'>,
  now: () => number,
): BearerVerifier {
  const guard = createGuard({
    issuer: { issuer: realm.issuer, algorithms: settings.idTokenAlgorithms },
    audience: settings.clientId,
    clockToleranceSeconds: settings.clockSkewSeconds,
    timeoutSeconds: settings.timeoutSeconds,
    fetch: realm.fetch,
    now,
    ...(settings.introspect
      ? { introspection: { introspect: realm.introspect, cacheSeconds: INTROSPECTION_CACHE_SECONDS } }
      : {}),
  })
  return (token) => verifyBearer(token, { guard, realm: realm.realm })
}
