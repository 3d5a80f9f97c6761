// Who a bearer token speaks of: the guard that services use, told to take the access tokens of login realms for us. A
// token says itself which realm issued it, and that realm's keys alone prove it.
import { createGuard } from '@doorman/resource-server'
import { decodeJwt } from 'jose'
import type { RealmConfig } from './config/gateway-config.ts'
import { type BearerVerdict, verifyBearer } from './policy/bearer.ts'
import type { RelyingParty } from './realm/relying-party.ts'

const INTROSPECTION_CACHE_SECONDS = 10

export type BearerVerifier = (token: string) => Promise<BearerVerdict>

/** A realm people log in to. */
export interface BearerRealm {
  readonly settings: Pick<
    RealmConfig,
    'clientId' | 'introspect' | 'clockSkewSeconds' | 'idTokenAlgorithms' | 'timeoutSeconds'
  >
  readonly party: Pick<RelyingParty, 'realm' | 'issuer' | 'fetch' | 'introspect'>
}

export function createBearerVerifier(realms: readonly BearerRealm[], now: () => number): BearerVerifier {
  const all = realms.map((realm) => ({ ...realm, verify: createRealmVerifier(realm, now) }))
  const [only] = all
  if (only !== undefined && all.length === 1) return only.verify

  // An opaque token may be any realm's: asking more than one would show each the live tokens of the others.
  const introspecting = all.filter(({ settings }) => settings.introspect)
  const onlyIntrospecting = introspecting.length === 1 ? introspecting : []

  return async (token) => {
    const issuer = issuerOf(token)
    const asked = issuer === null ? onlyIntrospecting : all.filter(({ party }) => party.issuer === issuer)
    let refusal: BearerVerdict = { kind: 'refused', code: 'ERR_BEARER_INVALID', because: 'issuer' }
    // One realm may know us as several clients.
    for (const { verify } of asked) {
      const verdict = await verify(token)
      if (verdict.kind === 'known') return verdict
      if (refusal.code !== 'ERR_BEARER_UNAVAILABLE') refusal = verdict
    }
    return refusal
  }
}

function createRealmVerifier({ settings, party }: BearerRealm, now: () => number): BearerVerifier {
  const guard = createGuard({
    issuer: { issuer: party.issuer, algorithms: settings.idTokenAlgorithms },
    audience: settings.clientId,
    clockToleranceSeconds: settings.clockSkewSeconds,
    timeoutSeconds: settings.timeoutSeconds,
    fetch: party.fetch,
    now,
    ...(settings.introspect
      ? { introspection: { introspect: party.introspect, cacheSeconds: INTROSPECTION_CACHE_SECONDS } }
      : {}),
  })
  return (token) => verifyBearer(token, { guard, realm: party.realm })
}

/** Null for a token that says nothing by itself. Proves nothing: it only chooses who is asked. */
function issuerOf(token: string): string | null {
  try {
    return decodeJwt(token).iss ?? null
  } catch {
    return null
  }
}
