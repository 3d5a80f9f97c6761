// Whether somebody who is known may go on: for which tenant, by the rules of the route, within its limits. Then the request
// is sent.
import type { DoorRoute } from './door-routes.ts'
import type { Exchange } from './http/exchange.ts'
import type { Limiter } from './limiters.ts'
import type { LoginDoor } from './login-doors.ts'
import { decide } from './policy/access-policy.ts'
import type { KnownPrincipal, Principal } from './policy/principal.ts'
import { refuseAccess } from './policy/refusal.ts'
import type { Denial } from './policy/requirement.ts'
import { decideTenant, TENANT_REFUSALS, type TenantRules } from './policy/tenant.ts'
import type { SendUpstream } from './send-upstream.ts'
import type { TurnAway } from './turn-away.ts'

export interface AdmissionOptions {
  /** The name of the protection space in challenges. */
  readonly challengeRealm: string
  readonly tenantRules: TenantRules | null
  /** Over all routes; null for none. */
  readonly limiter: Limiter | null
  readonly sendUpstream: SendUpstream
  readonly turnAway: TurnAway
  readonly now: () => number
}

/** Each answers the request, or sends it on. */
export interface Admission {
  /** `door`: where to log in again; null for who came with a bearer token. */
  judge(exchange: Exchange, route: DoorRoute, principal: KnownPrincipal, door: LoginDoor | null): void
  /** Within the limits, whoever it is. */
  pass(exchange: Exchange, route: DoorRoute, principal: Principal, tenant: string | null): void
  deny(exchange: Exchange, route: DoorRoute, principal: Principal, denial: Denial, door: LoginDoor | null): void
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { challengeRealm, tenantRules, limiter, sendUpstream, turnAway, now } = options

  function judge(exchange: Exchange, route: DoorRoute, principal: KnownPrincipal, door: LoginDoor | null): void {
    const tenancy = decideTenant({
      rules: tenantRules,
      isRequired: route.require !== 'none' && route.require.tenant,
      principal,
      header: exchange.request.headers['x-tenant'],
      path: exchange.request.path,
    })
    if (tenancy.kind === 'ambiguous' || tenancy.kind === 'forbidden') {
      const refused = { code: TENANT_REFUSALS[tenancy.kind], because: 'names no tenant of theirs', challenge: null }
      turnAway.refuse(exchange, refused, tenancy.kind === 'ambiguous' ? { tenants: tenancy.tenants } : {})
      return
    }
    const tenant = tenancy.kind === 'decided' ? tenancy.tenant : null
    const decision = decide(route.access, principal, { now: now(), tenant })
    if (decision.kind === 'allow') pass(exchange, route, principal, tenant)
    else deny(exchange, route, principal, decision, door)
  }

  function deny(
    exchange: Exchange,
    route: DoorRoute,
    principal: Principal,
    denial: Denial,
    door: LoginDoor | null,
  ): void {
    const via = route.require === 'none' ? [] : route.require.via
    const refused = { ...refuseAccess(denial, { via, principal, challengeRealm }), because: denial.because }
    if (denial.needs === 'step-up' && door !== null) turnAway.toStepUp(exchange, route, door, denial, refused)
    else turnAway.refuse(exchange, refused, {})
  }

  function pass(exchange: Exchange, route: DoorRoute, principal: Principal, tenant: string | null): void {
    const send = () => sendUpstream(exchange, route, principal, tenant)
    const passRoute = () => (route.limiter === null ? send() : route.limiter(exchange, principal, tenant, send))
    if (limiter === null) passRoute()
    else limiter(exchange, principal, tenant, passRoute)
  }

  return { judge, pass, deny }
}
