// The explanations of a running gateway: as `doorman explain` gives them, and for sessions that live in it.
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { EpochSeconds } from '../kernel/time.ts'
import type { AskedCaller, AskedRequest, Explained } from '../operator/explain.ts'
import { ANONYMOUS, type Principal, sessionPrincipal } from '../policy/principal.ts'
import type { SessionLifecycle } from '../session/lifecycle.ts'
import { principalOfClaims } from './claimed-caller.ts'
import { explainRequest } from './explain-request.ts'
import type { RouteFinding } from './explanation.ts'

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
    const found = await findPrincipal(caller, options)
    if (found === undefined) return { kind: 'no-session' }
    const { principal, notes } = found
    const headers = tenant === null ? {} : { 'x-tenant': tenant }
    const question = { method, path, principal, headers, now: now() }
    const explained = explainRequest(config, question, { maskValues: !showsClaims })
    const explanation = { ...explained, notes: [...notes, ...explained.notes] }
    return { kind: 'explained', explanation, route: nameRoute(explanation.route) }
  }
}

interface Found {
  readonly principal: Principal
  readonly notes: readonly string[]
}

const LOST_NOTE =
  "the tokens of this session are lost, so that it opens nothing: a page is sent to the realm, which takes the person's session there for a login"

async function findPrincipal(caller: AskedCaller, options: ExplainerOptions): Promise<Found | undefined> {
  const { config, sessions } = options
  if (caller.kind === 'nobody') return { principal: ANONYMOUS, notes: [] }
  if (caller.kind === 'claims') return { principal: principalOfClaims(caller, config), notes: [] }
  const found = await sessions.findByHandle(caller.handle)
  if (found.kind === 'none') return undefined
  if (found.kind === 'lost') return { principal: ANONYMOUS, notes: [LOST_NOTE] }
  const { live } = found
  return { principal: sessionPrincipal(live, config.realms[live.session.realm]?.clientId ?? ''), notes: [] }
}

function nameRoute(route: RouteFinding): string {
  return route.kind === 'route' || route.kind === 'method-not-allowed' ? route.path : route.kind
}
