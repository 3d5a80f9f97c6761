// The routes of the configuration with everything that can be worked out once.
import type { GatewayConfig } from './config/gateway-config.ts'
import { RESERVED_PREFIX } from './config/route-contradictions.ts'
import { liesBelow } from './config/route-path.ts'
import type { DoorRoute } from './front-door.ts'
import { foldPath, isFolded } from './kernel/paths.ts'
import type { Cookies } from './session/session-cookie.ts'
import { createForwarder, type Forwarder, type ForwardFailed } from './upstream/forward.ts'
import { compileRewrite } from './upstream/rewrite.ts'
import { compileRoutes, type RouteTable } from './upstream/route.ts'

const UPSTREAM_MAX_CONNECTIONS = 256

export function createForwarders(
  config: GatewayConfig,
  ca: readonly string[],
  failed: ForwardFailed,
): ReadonlyMap<string, Forwarder> {
  return new Map(
    Object.entries(config.services).map(([name, service]) => [
      name,
      createForwarder({
        origin: service.url,
        ca: ca.length === 0 ? null : ca,
        maxConnections: UPSTREAM_MAX_CONNECTIONS,
        connectTimeoutSeconds: service.timeouts.connectSeconds,
        failed,
      }),
    ]),
  )
}

export function createDoorRoutes(
  config: GatewayConfig,
  forwarders: ReadonlyMap<string, Forwarder>,
  cookies: Cookies,
): RouteTable<DoorRoute> {
  const table = compileRoutes(config.routes.map((route) => buildDoorRoute(route, config, forwarders, cookies)))
  return { match: (method, path) => (isOwnPath(path) ? { kind: 'none' } : table.match(method, path)) }
}

/** A route for everything must not answer in the gateway's place, where there is no endpoint or not yet. */
function isOwnPath(path: string): boolean {
  return liesBelow(isFolded(path) ? path : foldPath(path), RESERVED_PREFIX)
}

function buildDoorRoute(
  route: GatewayConfig['routes'][number],
  config: GatewayConfig,
  forwarders: ReadonlyMap<string, Forwarder>,
  cookies: Cookies,
): DoorRoute {
  const service = config.services[route.service]
  const forwarder = forwarders.get(route.service)
  if (service === undefined || forwarder === undefined) throw new TypeError(`no service ${route.service}`)
  return {
    path: route.path,
    methods: route.methods,
    require: route.require,
    credential: route.credential,
    isPage: route.page,
    rewrite: compileRewrite(route.path, route.rewrite),
    forwarder,
    forwardRules: {
      headersTimeoutSeconds: route.timeoutSeconds ?? service.timeouts.headersSeconds,
      idleBodySeconds: service.timeouts.idleBodySeconds,
      isPersonal: route.require !== 'none',
      isOwnCookie: cookies.isOurs,
    },
  }
}
