// From what the schema accepted to what the gateway runs on: units in names, absolute paths, inherited settings.
import type {
  AliasConfig,
  FrontendConfig,
  GatewayConfig,
  KeySource,
  SessionConfig,
  StoreConfig,
} from './gateway-config.ts'
import { pathsOf } from './own-paths.ts'
import type { ConfigPath } from './problems.ts'
import { resolveRealm } from './resolve-realm.ts'
import { resolveRoute, resolveService } from './resolve-routes.ts'
import type { ParsedConfig } from './schema.ts'
import { resolveLimit } from './schema-limit.ts'
import { isSameSite } from './site.ts'

type Locate = (path: string) => string

/** `locate` makes a path in the file absolute; `fileAt` names the file that a value was read from. */
export function resolveConfig(
  parsed: ParsedConfig,
  locate: Locate,
  fileAt: (path: ConfigPath) => string | undefined,
): GatewayConfig {
  const { operator, session, login, refresh, tenant, internalTokens, tls } = parsed
  const { aliases, alsoGet } = parsed.endpoints
  const services = mapValues(parsed.services, (service, name) => resolveService(name, service))
  const loginRealm = findLoginRealm(parsed.realms)
  return {
    publicUrl: parsed.publicUrl,
    listen: parsed.listen,
    operator: {
      listen: operator.listen,
      probes: operator.probes ?? null,
      tokenFile: operator.tokenFile === undefined ? null : locate(operator.tokenFile),
    },
    trustedProxies: parsed.trustedProxies,
    realms: mapValues(parsed.realms, (realm, name) => {
      const file = fileAt(['realms', name, 'clientAuth', 'secret'])
      return resolveRealm(realm, file === undefined ? null : locate(file))
    }),
    loginRealm,
    keys: parsed.keys.map((source) => resolveKeySource(source, locate)),
    session: resolveSession(session, locate),
    cookies: parsed.cookies,
    frontends: resolveFrontends(parsed, loginRealm),
    services,
    routes: parsed.routes.map((route) => resolveRoute(route, services, loginRealm)),
    login: {
      parameters: login.parameters,
      maxAttempts: login.maxAttempts,
      attemptSeconds: login.attemptLifetime,
      limit: resolveLimit(login.limit === false ? undefined : login.limit),
      appendSid: login.appendSid,
    },
    refresh: {
      marginSeconds: refresh.margin,
      waitSeconds: refresh.wait,
      ahead: refresh.ahead,
      concurrency: refresh.concurrency,
    },
    logout: parsed.logout,
    endpoints: pathsOf(parsed.endpoints),
    aliases: Object.entries(aliases).map(([path, target]): AliasConfig => ({ path, target })),
    alsoGet,
    user: parsed.user,
    tls: { ca: tls.ca.map(locate) },
    tenant: tenant === undefined ? null : { claim: tenant.claim, pathSegment: tenant.pathSegment ?? null },
    internalTokens: { algorithm: internalTokens.algorithm, lifeSeconds: internalTokens.life },
    limit: resolveLimit(parsed.limit),
  }
}

function resolveSession(session: ParsedConfig['session'], locate: Locate): SessionConfig {
  const { prefix, connections, cachedSessions, maxPerUser, whenFull, afterLimit, clientAddress } = session
  return {
    store: resolveStore(session.store, locate),
    prefix,
    connections,
    idleSeconds: session.idle,
    absoluteSeconds: session.absolute,
    cachedSessions,
    cacheSeconds: session.cacheAge,
    staleSeconds: session.staleFor,
    verifySeconds: session.verifyEvery ?? null,
    maxPerUser: maxPerUser === undefined ? null : { sessions: maxPerUser, whenFull },
    afterLimit,
    clientAddress,
  }
}

function resolveKeySource(source: KeySource, locate: Locate): KeySource {
  return source.kind === 'file' ? { kind: 'file', path: locate(source.path) } : source
}

function resolveStore(store: StoreConfig, locate: Locate): StoreConfig {
  return store.kind === 'sqlite' ? { kind: 'sqlite', path: locate(store.path) } : store
}

/** That of `publicUrl` is always among them, last when the file leaves it out: the others keep their places. */
function resolveFrontends({ publicUrl, frontends = [] }: ParsedConfig, loginRealm: string): readonly FrontendConfig[] {
  const own = { origin: publicUrl, realm: undefined, home: '/' }
  const all = frontends.some(({ origin }) => origin === publicUrl) ? frontends : [...frontends, own]
  return all.map(({ origin, realm, home }) => {
    return { origin, realm: realm ?? loginRealm, home, isCrossSite: !isSameSite(origin, publicUrl) }
  })
}

function findLoginRealm(realms: ParsedConfig['realms']): string {
  const found = Object.entries(realms).find(([, { obtain }]) => obtain === undefined)
  if (found === undefined) throw new TypeError('no realm to log in to')
  return found[0]
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  change: (value: A, name: string) => B,
): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]))
}
