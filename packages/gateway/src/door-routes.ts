// The routes of the configuration with everything that can be worked out once.
import type { GatewayConfig, RouteConfig } from './config/gateway-config.ts'
import { isReserved } from './config/own-paths.ts'
import type { Events } from './kernel/events.ts'
import type { CreateLimiter, Limiter } from './limiters.ts'
import { type CompiledRequirement, compileRequirement } from './policy/access-policy.ts'
import type { SessionWatches } from './session/session-watch.ts'
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
  /** Protocols its connections may be upgraded to, in lower case. */
  readonly upgrade: readonly string[]
  readonly forwarder: Forwarder
  readonly forwardRules: ForwardRules
}

const UPSTREAM_MAX_CONNECTIONS = 256

export interface ForwarderParts {
  readonly config: GatewayConfig
  /** PEM certificates of authorities to trust beside Node's own. */
  readonly ca: readonly string[]
  readonly watches: Pick<SessionWatches, 'watch'>
  readonly events: Events
  readonly failed: ForwardFailed
}

export function createForwarders(parts: ForwarderParts): ReadonlyMap<string, Forwarder> {
  const { config, ca, events } = parts
  return new Map(
    Object.entries(config.services).map(([name, service]) => [
      name,
      createForwarder({
        origin: service.url,
        ca: ca.length === 0 ? null : ca,
        maxConnections: UPSTREAM_MAX_CONNECTIONS,
        connectTimeoutSeconds: service.timeouts.connectSeconds,
        failed: parts.failed,
        watch: parts.watches.watch,
        cutsInFlight: config.logout.inFlight === 'cut',
        upgradeClosed: ({ request, upgrade }, by, seconds) => {
          const protocol = upgrade?.protocol ?? ''
          events.emit({ kind: 'upgrade.closed', requestId: request.id, protocol, by, seconds })
        },
      }),
    ]),
  )
}

export interface RouteParts {
  readonly config: GatewayConfig
  readonly forwarders: ReadonlyMap<string, Forwarder>
  readonly isOwnCookie: (name: string) => boolean
  readonly createLimiter: CreateLimiter
}

export function createDoorRoutes(routes: readonly RouteConfig[], parts: RouteParts): RouteTable<DoorRoute> {
  const table = compileRoutes(routes.map((route) => buildDoorRoute(route, parts)))
  return { match: (method, path) => (isReserved(path) ? { kind: 'none' } : table.match(method, path)) }
}

/** The same routes, which own none of these paths. */
export function withoutPaths(
  paths: Pick<ReadonlyMap<string, unknown>, 'has'>,
  { match }: RouteTable<DoorRoute>,
): RouteTable<DoorRoute> {
  return { match: (method, path) => (paths.has(path) ? { kind: 'none' } : match(method, path)) }
}

function buildDoorRoute(route: RouteConfig, parts: RouteParts): DoorRoute {
  const service = parts.config.services[route.service]
  const forwarder = parts.forwarders.get(route.service)
  if (service === undefined || forwarder === undefined) throw new TypeError(`no service ${route.service}`)
  return {
    path: route.path,
    methods: route.methods,
    require: route.require,
    limit: route.limit,
    access: compileRequirement(route.require),
    limiter: route.limit === null ? null : parts.createLimiter(route.limit, route.path),
    credential: route.credential,
    isPage: route.page,
    rewrite: compileRewrite(route.path, route.rewrite),
    upgrade: route.upgrade,
    forwarder,
    forwardRules: {
      headersTimeoutSeconds: route.timeoutSeconds ?? service.timeouts.headersSeconds,
      idleBodySeconds: service.timeouts.idleBodySeconds,
      idleUpgradeSeconds: service.timeouts.idleUpgradeSeconds,
      isPersonal: route.require !== 'none',
      isOwnCookie: parts.isOwnCookie,
    },
  }
}
