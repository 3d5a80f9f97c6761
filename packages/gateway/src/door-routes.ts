// The routes of the configuration with everything that can be worked out once.
import type { GatewayConfig } from './config/gateway-config.ts'
import type { DoorRoute } from './front-door.ts'
import type { Cookies } from './session/session-cookie.ts'
import { createForwarder, type Forwarder, type ForwardFailed } from './upstream/forward.ts'
import { compileRewrite } from './upstream/rewrite.ts'

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

export function buildDoorRoute(
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
