// What realms must know of the gateway, read from its configuration.
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { GatewayConfig, RealmConfig, RouteConfig } from '@doorman/gateway'
import type { FrontDoor, FrontDoorAuth, FrontDoorRealm, FrontDoorRoute } from '@doorman/provision'

/** `absent`: keys of secrets that are not there yet, such as `realms.main.clientAuth.privateKey`. */
export function readFrontDoor(config: GatewayConfig, absent: readonly string[]): FrontDoor {
  return {
    publicUrl: config.publicUrl,
    loginRealm: config.loginRealm,
    realms: Object.entries(config.realms).map(([name, realm]) => readRealm(name, realm, config, absent)),
    routes: config.routes.map((route, index) => readRoute(`routes[${index}]`, route, config)),
  }
}

function readRealm(
  name: string,
  realm: RealmConfig,
  { publicUrl, endpoints, loginRealm }: GatewayConfig,
  absent: readonly string[],
): FrontDoorRealm {
  const { issuer, backchannelUrl, clientId, scopes, obtain } = realm
  const suffix = name === loginRealm ? '' : `/${name}`
  const hasLogin = obtain === null || obtain.kind === 'login'
  return {
    name,
    issuer,
    backchannelUrl,
    clientId,
    clientAuth: readAuth(
      realm,
      absent.some((key) => key.startsWith(`realms.${name}.clientAuth`)),
    ),
    scopes,
    obtain,
    introspects: realm.introspect,
    isHandedOut: realm.services.length > 0 || realm.dangerouslyGiveToBrowser,
    redirectUris: hasLogin ? [publicUrl + endpoints.callback + suffix] : [],
    // A logout begins and ends in the realm that people logged in to first.
    postLogoutRedirectUris: obtain === null ? [publicUrl + endpoints.loggedOut + suffix] : [],
    backchannelLogoutUrl: hasLogin ? publicUrl + endpoints.backchannelLogout : null,
  }
}

function readAuth({ clientAuth }: RealmConfig, isAbsent: boolean): FrontDoorAuth {
  if (clientAuth.kind === 'secret') return { kind: 'secret' }
  const { algorithm, keyId, privateKey } = clientAuth
  return { kind: 'privateKey', algorithm, publicJwk: isAbsent ? null : publicJwkOf(privateKey, algorithm, keyId) }
}

function publicJwkOf(text: string, algorithm: string, keyId: string | null): string {
  const isJwk = text.trimStart().startsWith('{')
  const key = isJwk ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' }) : createPrivateKey(text)
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  return JSON.stringify({ ...jwk, ...(keyId === null ? {} : { kid: keyId }), alg: algorithm, use: 'sig' })
}

function readRoute(place: string, route: RouteConfig, { services }: GatewayConfig): FrontDoorRoute {
  const { credential, require: rules, service } = route
  // A route without one of its own has the very object of its service.
  const isOfService = services[service]?.credential === credential
  return {
    place,
    service,
    credential,
    credentialPlace: isOfService ? `services.${service}.credential` : `${place}.credential`,
    ...(rules === 'none'
      ? { realms: [], roles: [], clientRoles: {} }
      : { realms: rules.realms, roles: [...rules.roles, ...rules.allRoles], clientRoles: rules.clientRoles }),
  }
}
