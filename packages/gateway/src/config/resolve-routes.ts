// Services and routes, as the gateway runs on them.
import type { Credential, GatewayConfig, RouteConfig, RouteRequirement, ServiceConfig } from './gateway-config.ts'
import type { ParsedCredential } from './schema-credential.ts'
import { resolveLimit } from './schema-limit.ts'
import { DEFAULT_WAYS, type ParsedRequirement, personRules } from './schema-require.ts'
import type { ParsedRoute, ParsedService } from './schema-routes.ts'

export function resolveService(name: string, service: ParsedService): ServiceConfig {
  const { url, credential, auth, callers, timeouts } = service
  return {
    url,
    credential: resolveCredential(credential, name),
    auth: auth ?? null,
    callers,
    timeouts: {
      connectSeconds: timeouts.connect,
      headersSeconds: timeouts.headers,
      idleBodySeconds: timeouts.idleBody,
      idleUpgradeSeconds: timeouts.idleUpgrade,
    },
  }
}

/** A route without a credential of its own has the very object of its service. */
export function resolveRoute(route: ParsedRoute, services: GatewayConfig['services'], loginRealm: string): RouteConfig {
  const service = services[route.service]
  if (service === undefined) throw new TypeError(`route ${route.path} names no service`)
  return {
    path: route.path,
    service: route.service,
    methods: route.methods ?? null,
    rewrite: route.rewrite ?? null,
    require: resolveRequirement(route.require, loginRealm),
    limit: resolveLimit(route.limit),
    credential:
      route.credential === undefined ? service.credential : resolveCredential(route.credential, route.service),
    page: route.page,
    upgrade: route.upgrade,
    timeoutSeconds: route.timeout ?? null,
  }
}

function resolveCredential(credential: ParsedCredential, service: string): Credential {
  return credential.kind === 'internal' ? { ...credential, audience: credential.audience ?? service } : credential
}

function resolveRequirement(required: ParsedRequirement, loginRealm: string): RouteRequirement {
  const rules = personRules(required)
  if (rules === undefined) return 'none'
  return {
    login: rules.login === 'optional' ? 'optional' : true,
    via: [...new Set(rules.via ?? DEFAULT_WAYS)],
    realms: [...new Set(rules.realms ?? [loginRealm])],
    roles: rules.roles ?? [],
    allRoles: rules.allRoles ?? [],
    clientRoles: rules.clientRoles ?? {},
    scopes: rules.scopes ?? [],
    groups: rules.groups ?? [],
    tenant: rules.tenant ?? false,
    claims: rules.claims ?? {},
    acr: rules.acr ?? [],
    maxAgeSeconds: rules.maxAge ?? null,
  }
}
