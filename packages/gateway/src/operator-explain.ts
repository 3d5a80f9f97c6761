// The explanations of a running gateway: as `doorman explain` gives them, and for sessions that live in it.
import type { GatewayConfig } from './config/gateway-config.ts'
import { explainRequest } from './explain.ts'
import { principalOfClaims } from './explain-caller.ts'
import type { RouteFinding } from './explanation.ts'
import type { EpochSeconds } from './kernel/time.ts'
import type { AskedCaller, AskedRequest, Explained } from './operator/explain.ts'
import { ANONYMOUS, type Principal, sessionPrincipal } from './policy/principal.ts'
import type { SessionLifecycle } from './session/lifecycle.ts'

export interface ExplainerOptions {
  readonly config: GatewayConfig
  /** Of all realms. */
  readonly sessions: Pick<SessionLifecycle, 'findByHandle'>
  readonly now: () => EpochSeconds
}

/** Rejects with `ERR_STORE_UNAVAILABLE` where a session is asked about. */
export function createExplainer(options: ExplainerOptions): (asked: AskedRequest) => Promise<Explained> {
  const { config, now } = options
  return async ({ method, path, caller, tenant, showsClaims }) => {
    const principal = await findPrincipal(caller, options)
    if (principal === undefined) return { kind: 'no-session' }
    const headers = tenant === null ? {} : { 'x-tenant': tenant }
    const question = { method, path, principal, headers, now: now() }
    const explanation = explainRequest(config, question, { maskValues: !showsClaims })
    return { kind: 'explained', explanation, route: nameRoute(explanation.route) }
  }
}

async function findPrincipal(caller: AskedCaller, options: ExplainerOptions): Promise<Principal | undefined> {
  const { config, sessions } = options
  if (caller.kind === 'nobody') return ANONYMOUS
  if (caller.kind === 'claims') return principalOfClaims(caller, config)
  const found = await sessions.findByHandle(caller.handle)
  if (found.kind === 'none') return undefined
  return sessionPrincipal(found.live, config.realms[found.live.session.realm]?.clientId ?? '')
}

function nameRoute(route: RouteFinding): string {
  return route.kind === 'route' || route.kind === 'method-not-allowed' ? route.path : route.kind
}
