// Realms, as the gateway runs on them.
import type { ClientAuth, ObtainConfig, RealmConfig } from './gateway-config.ts'
import { LOGIN_SCOPES, type ParsedRealm } from './schema-realm.ts'

export function resolveRealm(realm: ParsedRealm): RealmConfig {
  const { issuer, clientId, idTokenAlgorithms, services, dangerouslyGiveToBrowser, introspect } = realm
  return {
    issuer,
    backchannelUrl: realm.backchannelUrl ?? null,
    clientId,
    clientAuth: resolveClientAuth(realm.clientAuth),
    scopes: realm.scopes ?? (hasLogin(realm) ? LOGIN_SCOPES : []),
    obtain: resolveObtain(realm),
    services,
    dangerouslyGiveToBrowser,
    introspect,
    idTokenAlgorithms,
    timeoutSeconds: realm.timeout,
    clockSkewSeconds: realm.clockSkew,
  }
}

/** People log in to it, be it for the second time. */
function hasLogin({ obtain }: Pick<ParsedRealm, 'obtain'>): boolean {
  return obtain === undefined || obtain.kind === 'login'
}

function resolveObtain({ obtain, issuer }: ParsedRealm): ObtainConfig | null {
  if (obtain?.kind !== 'jwtGrant') return obtain ?? null
  return { ...obtain, audience: obtain.audience ?? issuer }
}

function resolveClientAuth(auth: ParsedRealm['clientAuth']): ClientAuth {
  if ('secret' in auth) return { kind: 'secret', secret: auth.secret }
  return { kind: 'privateKey', privateKey: auth.privateKey, algorithm: auth.algorithm, keyId: auth.keyId ?? null }
}
