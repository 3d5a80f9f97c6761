// A route that does not stand in the file: read by the same schema, and held against the rest of the configuration.
import { GatewayError } from '../kernel/errors.ts'
import { findCredentialContradictions } from './credential-contradictions.ts'
import type { Draft, RealmDraft, ServiceDraft } from './draft.ts'
import type { GatewayConfig, RouteConfig } from './gateway-config.ts'
import { type Finding, formatPath } from './problems.ts'
import { findRequirementContradictions } from './requirement-contradictions.ts'
import { resolveRoute } from './resolve-routes.ts'
import { findRouteContradictions } from './route-contradictions.ts'
import { describeIssue, expectedText } from './schema-issues.ts'
import { type ParsedRoute, routeItem } from './schema-routes.ts'

/** `raw`: as it would stand in `routes`. Throws `ERR_CONFIG_INVALID` with each problem in `detail.problems`, one a line. */
export function parseRoute(raw: unknown, config: GatewayConfig): RouteConfig {
  const { data, error } = routeItem.safeParse(raw, { error: expectedText })
  if (data === undefined) {
    throw invalid((error?.issues ?? []).flatMap((issue) => describeIssue(issue, { raw, schema: routeItem })))
  }
  const draft = draftOf(config, data)
  const findings = [
    ...findRouteContradictions(draft),
    ...findRequirementContradictions(draft),
    ...findCredentialContradictions(draft),
  ]
  if (findings.length > 0) throw invalid(findings)
  return resolveRoute(data, config.services, config.loginRealm)
}

/** As much of the configuration as says something about a route. */
function draftOf({ tenant, realms, services }: GatewayConfig, route: ParsedRoute): Draft {
  const stated = { tenant, realms }
  return {
    sections: tenant === null ? {} : { tenant: { claim: tenant.claim, pathSegment: tenant.pathSegment ?? undefined } },
    routes: [route],
    realms: new Map(
      Object.entries(realms).map(([name, { obtain }]) => [name, (obtain === null ? {} : { obtain }) as RealmDraft]),
    ),
    services: new Map(Object.entries(services).map(([name, { credential }]) => [name, { credential } as ServiceDraft])),
    states: (path) => (path.reduce<unknown>((value, part) => Object(value)[part], stated) ?? null) !== null,
  }
}

function invalid(findings: readonly Finding[]): GatewayError {
  const problems = findings.map(({ path, message, suggestion }) => {
    const subject = path.length === 0 ? message : `${formatPath(path)}: ${message}`
    return suggestion === null ? subject : `${subject}; ${suggestion}`
  })
  return new GatewayError('ERR_CONFIG_INVALID', { problems: problems.join('\n') })
}
