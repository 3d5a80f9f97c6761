// The routes of the configuration with everything that can be worked out once.
import type { Answers } from './answers.ts'
import type { GatewayConfig } from './config/gateway-config.ts'
import { isReserved } from './config/own-paths.ts'
import { createLimiter, type Limiter } from './limiters.ts'
import { type CompiledRequirement, compileRequirement } from './policy/access-policy.ts'
import type { Credential } from './tokens/obtained.ts'
import { createForwarder, type Forwarder, type ForwardFailed, type ForwardRules } from './upstream/forward.ts'
import { compileRewrite, type Rewriting } from './upstream/rewrite.ts'
import { compileRoutes, type RouteRule, type RouteTable } from './upstream/route.ts'

/** A route of the configuration with everything that can be worked out once. */
export interface DoorRoute extends RouteRule {
  readonly access: CompiledRequirement
  readonly limiter: Limiter | null
  readonly credential: Credential
  /** A navigation without a session starts a login. */
  readonly isPage: boolean
  readonly rewrite: Rewriting
  readonly forwarder: Forwarder
  readonly forwardRules: ForwardRules
}

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

export interface RouteParts {
  readonly config: GatewayConfig
  readonly forwarders: ReadonlyMap<string, Forwarder>
  readonly isOwnCookie: (name: string) => boolean
  readonly answers: Answers
}

export function createDoorRoutes(parts: RouteParts): RouteTable<DoorRoute> {
  const table = compileRoutes(parts.config.routes.map((route) => buildDoorRoute(route, parts)))
  return { match: (method, path) => (isReserved(path) ? { kind: 'none' } : table.match(method, path)) }
}

function buildDoorRoute(route: GatewayConfig['routes'][number], parts: RouteParts): DoorRoute {
  const service = parts.config.services[route.service]
  const forwarder = parts.forwarders.get(route.service)
  if (service === undefined || forwarder === undefined) throw new TypeError(`no service ${route.service}`)
  return {
    path: route.path,
    methods: route.methods,
    require: route.require,
    limit: route.limit,
    access: compileRequirement(route.require),
    limiter: route.limit === null ? null : createLimiter(route.limit, parts.answers),
    credential: route.credential,
    isPage: route.page,
    rewrite: compileRewrite(route.path, route.rewrite),
    forwarder,
    forwardRules: {
      headersTimeoutSeconds: route.timeoutSeconds ?? service.timeouts.headersSeconds,
      idleBodySeconds: service.timeouts.idleBodySeconds,
      isPersonal: route.require !== 'none',
      isOwnCookie: parts.isOwnCookie,
    },
  }
}
