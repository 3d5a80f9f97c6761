// From what the schema accepted to what the gateway runs on: units in names, absolute paths, inherited settings.
import type {
  ClientAuth,
  GatewayConfig,
  KeySource,
  RealmConfig,
  RouteConfig,
  RouteRequirement,
  ServiceConfig,
  StoreConfig,
} from './gateway-config.ts'
import type { ParsedConfig } from './schema.ts'
import type { ParsedRealm } from './schema-realm.ts'
import type { ParsedRoute, ParsedService } from './schema-routes.ts'

type Locate = (path: string) => string

/** `locate` makes a path in the file absolute. */
export function resolveConfig(parsed: ParsedConfig, locate: Locate): GatewayConfig {
  const { operator, session, login, refresh, tls } = parsed
  const services = mapValues(parsed.services, resolveService)
  return {
    publicUrl: parsed.publicUrl,
    listen: parsed.listen,
    operator: {
      listen: operator.listen,
      probes: operator.probes ?? null,
      tokenFile: operator.tokenFile === undefined ? null : locate(operator.tokenFile),
    },
    trustedProxies: parsed.trustedProxies,
    realms: mapValues(parsed.realms, resolveRealm),
    keys: parsed.keys.map((source) => resolveKeySource(source, locate)),
    session: {
      store: resolveStore(session.store, locate),
      idleSeconds: session.idle,
      absoluteSeconds: session.absolute,
      cachedSessions: session.cachedSessions,
    },
    cookies: parsed.cookies,
    frontends: parsed.frontends ?? [{ origin: parsed.publicUrl }],
    services,
    routes: parsed.routes.map((route) => resolveRoute(route, services)),
    login: { parameters: login.parameters, maxAttempts: login.maxAttempts, attemptSeconds: login.attemptLifetime },
    refresh: { marginSeconds: refresh.margin, waitSeconds: refresh.wait },
    endpoints: parsed.endpoints,
    user: parsed.user,
    tls: { ca: tls.ca.map(locate) },
  }
}

function resolveRealm(realm: ParsedRealm): RealmConfig {
  const { issuer, clientId, scopes, idTokenAlgorithms } = realm
  return {
    issuer,
    backchannelUrl: realm.backchannelUrl ?? null,
    clientId,
    clientAuth: resolveClientAuth(realm.clientAuth),
    scopes,
    idTokenAlgorithms,
    timeoutSeconds: realm.timeout,
    clockSkewSeconds: realm.clockSkew,
  }
}

function resolveClientAuth(auth: ParsedRealm['clientAuth']): ClientAuth {
  if ('secret' in auth) return { kind: 'secret', secret: auth.secret }
  return { kind: 'privateKey', privateKey: auth.privateKey, algorithm: auth.algorithm, keyId: auth.keyId ?? null }
}

function resolveKeySource(source: KeySource, locate: Locate): KeySource {
  return source.kind === 'file' ? { kind: 'file', path: locate(source.path) } : source
}

function resolveStore(store: StoreConfig, locate: Locate): StoreConfig {
  return store.kind === 'sqlite' ? { kind: 'sqlite', path: locate(store.path) } : store
}

function resolveService({ url, credential, timeouts }: ParsedService): ServiceConfig {
  return {
    url,
    credential,
    timeouts: {
      connectSeconds: timeouts.connect,
      headersSeconds: timeouts.headers,
      idleBodySeconds: timeouts.idleBody,
    },
  }
}

function resolveRoute(route: ParsedRoute, services: GatewayConfig['services']): RouteConfig {
  const service = services[route.service]
  if (service === undefined) throw new TypeError(`route ${route.path} names no service`)
  return {
    path: route.path,
    service: route.service,
    methods: route.methods ?? null,
    rewrite: route.rewrite ?? null,
    require: resolveRequirement(route.require),
    credential: route.credential ?? service.credential,
    page: route.page,
    timeoutSeconds: route.timeout ?? null,
  }
}

function resolveRequirement(rules: ParsedRoute['require']): RouteRequirement {
  if (rules === 'none' || rules.login === false) return 'none'
  return { login: true, roles: rules.roles ?? [], clientRoles: rules.clientRoles ?? {} }
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
