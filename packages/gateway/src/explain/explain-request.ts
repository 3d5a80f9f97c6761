// Why a request would be let through or not, worked out from the configuration alone: no realm, no store, nothing sent.
// Goes by the very functions the front door goes by.
import type { GatewayConfig, LimitConfig, RouteConfig } from '../config/gateway-config.ts'
import { isReserved, ownerOf } from '../config/own-paths.ts'
import { parseTarget } from '../http/canonical-path.ts'
import { ERRORS, type ErrorCode } from '../kernel/errors.ts'
import { compileRequirement, decide, explainRules } from '../policy/access-policy.ts'
import { ANONYMOUS, type Principal } from '../policy/principal.ts'
import { refuseAccess } from '../policy/refusal.ts'
import type { Decision } from '../policy/requirement.ts'
import { decideTenant, TENANT_REFUSALS, type TenantDecision } from '../policy/tenant.ts'
import { compileRewrite } from '../upstream/rewrite.ts'
import { compileRoutes } from '../upstream/route.ts'
import { explainCredential, explainHeaders } from './explain-forward.ts'
import type { ExplainQuestion } from './explain-question.ts'
import type { CallerFinding, Explanation, LimitFinding, RouteFinding, Verdict } from './explanation.ts'
import { maskExplanation } from './mask-explanation.ts'
import { notesOn } from './notes.ts'

export interface ExplainOptions {
  /** Says of claims only what shape they have. */
  readonly maskValues: boolean
}

export function explainRequest(
  config: GatewayConfig,
  question: ExplainQuestion,
  { maskValues }: ExplainOptions,
): Explanation {
  const explanation = explain(config, question)
  return maskValues ? maskExplanation(explanation) : explanation
}

function explain(config: GatewayConfig, question: ExplainQuestion): Explanation {
  const target = parseTarget(question.path)
  if (target.kind === 'refused') {
    const { because } = target
    return unrouted(question, { kind: 'malformed', because }, deny('ERR_REQUEST_MALFORMED', because))
  }
  const asked = { ...question, path: target.path }
  const explanation = explainPath(config, asked)
  if (target.search === '') return explanation
  return { ...explanation, notes: ['the query was left out: it decides nothing', ...explanation.notes] }
}

function explainPath(config: GatewayConfig, question: ExplainQuestion): Explanation {
  const { method, path } = question
  if (isEndpoint(path, config)) return unrouted(question, { kind: 'endpoint', path }, { kind: 'own' })
  if (isReserved(path)) return notFound(question)
  const match = compileRoutes(config.routes).match(method, path)
  switch (match.kind) {
    case 'matched':
      return explainRoute(config, question, match.route)
    case 'method-not-allowed': {
      const route: RouteFinding = { kind: match.kind, path: match.route.path, allow: match.allow }
      return unrouted(question, route, deny('ERR_ROUTE_METHOD_NOT_ALLOWED', `only ${match.allow}`))
    }
    case 'ambiguous': {
      const route: RouteFinding = { kind: match.kind, path: match.route?.path ?? null }
      return unrouted(question, route, deny('ERR_REQUEST_MALFORMED', 'read differently by others'))
    }
    case 'none':
      return notFound(question)
  }
}

function explainRoute(config: GatewayConfig, question: ExplainQuestion, route: RouteConfig): Explanation {
  const { path, now, headers } = question
  const principal = whoCounts(route, question.principal)
  const requirement = compileRequirement(route.require)
  const tenancy = decideTenant({ ...tenantQuestion(config, question), principal, isRequired: asksForTenant(route) })
  const tenant = tenancy.kind === 'decided' ? tenancy.tenant : null
  const facts = { now, tenant }
  const decision = decide(requirement, principal, facts)
  const forwarding = { config, route, principal, tenant, headers, now }
  const verdict = judge(route, principal, tenancy, decision)
  return {
    ...unrouted(question, describeRoute(config, route, path), verdict),
    rules: explainRules(requirement, principal, facts),
    tenant: tenancy,
    limits: [...describeLimit('gateway', config.limit), ...describeLimit('route', route.limit)],
    credential: explainCredential(forwarding),
    headers: explainHeaders(forwarding),
    notes: notesOn(config, { ...question, principal }, route, decision),
  }
}

const NO_TENANT: TenantDecision = { kind: 'none' }

/** Where nobody has to be known, proof of a kind that the route does not take is not looked at. */
function whoCounts({ require }: RouteConfig, principal: Principal): Principal {
  if (require === 'none' || principal.kind === 'anonymous') return ANONYMOUS
  return require.login === 'optional' && !require.via.includes(principal.kind) ? ANONYMOUS : principal
}

function tenantQuestion(config: GatewayConfig, { headers, path }: ExplainQuestion) {
  return { rules: config.tenant, header: headers['x-tenant'], path }
}

function asksForTenant({ require }: RouteConfig): boolean {
  return require !== 'none' && require.tenant
}

function judge(route: RouteConfig, principal: Principal, tenancy: TenantDecision, decision: Decision): Verdict {
  if (tenancy.kind === 'ambiguous' || tenancy.kind === 'forbidden') {
    return deny(TENANT_REFUSALS[tenancy.kind], 'names no tenant of theirs')
  }
  if (decision.kind === 'allow') return decision
  const via = route.require === 'none' ? [] : route.require.via
  return deny(refuseAccess(decision, { via, principal, challengeRealm: '' }).code, decision.because)
}

function deny(code: ErrorCode, because: string): Verdict {
  const { status, wire } = ERRORS[code]
  return { kind: 'deny', code, status, wire, because }
}

function describeRoute(config: GatewayConfig, route: RouteConfig, path: string): RouteFinding {
  const origin = config.services[route.service]?.url ?? ''
  const upstream = origin + compileRewrite(route.path, route.rewrite)(path)
  return { kind: 'route', path: route.path, methods: route.methods, service: route.service, upstream }
}

function describeLimit(of: LimitFinding['of'], limit: LimitConfig | null): readonly LimitFinding[] {
  return limit === null ? [] : [{ of, ...limit }]
}

function isEndpoint(path: string, { endpoints, aliases }: GatewayConfig): boolean {
  const further = aliases.map((alias) => alias.path)
  return ownerOf(path, endpoints, further) !== undefined
}

function notFound(question: ExplainQuestion): Explanation {
  return unrouted(question, { kind: 'none' }, deny('ERR_ROUTE_NOT_FOUND', 'no route owns this path'))
}

function unrouted({ method, path, principal }: ExplainQuestion, route: RouteFinding, decision: Verdict): Explanation {
  const nothing = { rules: [], tenant: NO_TENANT, limits: [], credential: null, headers: null, notes: [] }
  return { method, path, route, caller: describeCaller(principal), decision, ...nothing }
}

function describeCaller(principal: Principal): CallerFinding {
  if (principal.kind === 'anonymous') return { kind: 'anonymous', realm: null, subject: null }
  return { kind: principal.kind, realm: principal.realm, subject: principal.subject }
}
