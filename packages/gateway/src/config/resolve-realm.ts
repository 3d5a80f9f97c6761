// Realms, as the gateway runs on them.
import type { ClientAuth, ObtainConfig, RealmConfig } from './gateway-config.ts'
import { LOGIN_SCOPES, type ParsedRealm } from './schema-realm.ts'

/** `secretFile`: where the client's secret was read, and may be replaced while the gateway runs. */
export function resolveRealm(realm: ParsedRealm, secretFile: string | null): RealmConfig {
  const { issuer, clientId, idTokenAlgorithms, services, dangerouslyGiveToBrowser, introspect } = realm
  return {
    issuer,
    backchannelUrl: realm.backchannelUrl ?? null,
    clientId,
    clientAuth: resolveClientAuth(realm.clientAuth, secretFile),
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

function resolveClientAuth(auth: ParsedRealm['clientAuth'], file: string | null): ClientAuth {
  if ('secret' in auth) return { kind: 'secret', secret: auth.secret, file }
  return { kind: 'privateKey', privateKey: auth.privateKey, algorithm: auth.algorithm, keyId: auth.keyId ?? null }
}
