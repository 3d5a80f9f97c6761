// The way of one request through a route: who is calling, for which tenant, and whether they may. For a warm session
// nothing here waits: every step that has its answer at hand goes on at once, and only one that has to ask
// returns a promise.
import type { Answers } from './answers.ts'
import type { DoorRoute } from './door-routes.ts'
import type { RefuseForged } from './forgery-guard.ts'
import { decideHeaders } from './http/answer-headers.ts'
import type { Exchange } from './http/exchange.ts'
import { ERRORS, type ErrorCode } from './kernel/errors.ts'
import type { Limiter } from './limiters.ts'
import type { LoginDoor, LoginDoors } from './login-doors.ts'
import { decide } from './policy/access-policy.ts'
import { type BearerErrorCode, type BearerVerdict, readBearer } from './policy/bearer.ts'
import { isSafeMethod } from './policy/csrf.ts'
import { ANONYMOUS, type KnownPrincipal, type Principal, sessionPrincipal } from './policy/principal.ts'
import { refuseAccess, refuseCredential } from './policy/refusal.ts'
import type { Denial, PersonRequirement } from './policy/requirement.ts'
import { decideTenant, TENANT_REFUSALS, type TenantRules } from './policy/tenant.ts'
import type { SendUpstream } from './send-upstream.ts'
import type { SessionLookup } from './session/lifecycle.ts'
import { readSessionId } from './session/session-cookie.ts'
import type { Credentials, Freshness } from './tokens/credential.ts'
import type { TurnAway } from './turn-away.ts'

export interface PassageOptions {
  readonly doors: LoginDoors<LoginDoor>
  readonly refuseForged: RefuseForged
  readonly verifyBearer: (token: string) => Promise<BearerVerdict>
  /** Names of the cookies that open sessions. */
  readonly sessionCookies: readonly string[]
  /** The name of the protection space in challenges. */
  readonly challengeRealm: string
  readonly tenantRules: TenantRules | null
  /** Over all routes; null for none. */
  readonly limiter: Limiter | null
  readonly credentials: Pick<Credentials, 'freshen'>
  readonly sendUpstream: SendUpstream
  readonly turnAway: TurnAway
  readonly now: () => number
  readonly answers: Answers
}

/** Answers every request itself; never throws. */
export type Passage = (exchange: Exchange, route: DoorRoute) => void

const LIMITS = ['idle', 'absolute', 'realm']
/** By what they say of themself, strangers and known people are answered differently at one address. */
const VARY = [['vary', 'Cookie, Authorization']] as const

export function createPassage(options: PassageOptions): Passage {
  const { credentials, turnAway, now } = options
  const { proceed } = options.answers

  function enter(exchange: Exchange, route: DoorRoute): void {
    const { require } = route
    if (require === 'none') {
      limit(exchange, route, ANONYMOUS, null)
      return
    }
    if (require.login === 'optional') decideHeaders(exchange.response, VARY)
    if (require.via.includes('bearer') && !goesOnWithoutBearer(exchange, route, require)) return
    const door = options.doors.ofRequest(exchange.request)
    const sessionId = readSessionId(exchange.request, door.cookies)
    if (mayBeForged(exchange, require, sessionId) && options.refuseForged(exchange)) return
    const lookup = door.sessions.find(sessionId)
    proceed(exchange, lookup, (found) => enterWith(exchange, route, door, found))
  }

  /** False once somebody with a bearer token, or without what this route takes, is on their way or answered. */
  function goesOnWithoutBearer(exchange: Exchange, route: DoorRoute, { via, login }: PersonRequirement): boolean {
    const { request, message } = exchange
    const { sessionCookies } = options
    const bearer = readBearer({ request, rawHeaders: message.rawHeaders, sessionCookies })
    if (bearer.kind === 'none' && via.includes('session')) return true
    if (bearer.kind === 'token') {
      proceed(exchange, options.verifyBearer(bearer.token), (verdict) => enterWithBearer(exchange, route, verdict))
    } else if (bearer.kind === 'malformed') {
      refuseBearer(exchange, 'ERR_BEARER_MALFORMED', bearer.because)
    } else if (login === 'optional') {
      limit(exchange, route, ANONYMOUS, null)
    } else {
      deny(exchange, route, ANONYMOUS, { kind: 'deny', needs: 'via', because: 'no bearer token' }, null)
    }
    return false
  }

  function enterWithBearer(exchange: Exchange, route: DoorRoute, verdict: BearerVerdict): void {
    if (verdict.kind === 'refused') refuseBearer(exchange, verdict.code, verdict.because)
    else authorise(exchange, route, verdict.principal, null)
  }

  function refuseBearer(exchange: Exchange, code: BearerErrorCode, because: string): void {
    const { challenge } = refuseCredential(code, options.challengeRealm)
    turnAway.refuse(exchange, { code, because, challenge }, {})
  }

  function enterWith(exchange: Exchange, route: DoorRoute, door: LoginDoor, lookup: SessionLookup): void {
    if (lookup.kind === 'none') {
      const { because } = lookup
      const code = LIMITS.includes(because) ? 'ERR_SESSION_EXPIRED' : 'ERR_SESSION_REQUIRED'
      // One that cannot be read is still one.
      if (because === 'unreadable') turnAway.toLogin(exchange, route, door, code, because)
      else goOnWithoutSession(exchange, route, door, code, because)
      return
    }
    if (lookup.kind === 'lost') {
      turnAway.toLogin(exchange, route, door, 'ERR_SESSION_LOST', 'its tokens are lost')
      return
    }
    door.sessions.use(lookup.live)
    const freshness = credentials.freshen(lookup.live)
    const enterNow = (fresh: Freshness) => enterFresh(exchange, route, door, fresh)
    if ('kind' in freshness) enterNow(freshness)
    else proceed(exchange, freshness, (fresh) => enterUnlessEnded(exchange, route, door, fresh))
  }

  /** Where nobody has to be logged in, who has no session goes on as nobody. */
  function goOnWithoutSession(
    exchange: Exchange,
    route: DoorRoute,
    door: LoginDoor,
    code: ErrorCode,
    because: string,
  ): void {
    const isOptional = route.require !== 'none' && route.require.login === 'optional'
    if (isOptional) limit(exchange, route, ANONYMOUS, null)
    else turnAway.toLogin(exchange, route, door, code, because)
  }

  /** A realm can take seconds to say nothing: whoever has logged out meanwhile goes no further on tokens that live. */
  function enterUnlessEnded(exchange: Exchange, route: DoorRoute, door: LoginDoor, freshness: Freshness): void {
    if (freshness.kind === 'refused') {
      enterFresh(exchange, route, door, freshness)
      return
    }
    const lookup = door.sessions.find(readSessionId(exchange.request, door.cookies))
    proceed(exchange, lookup, (found) => {
      if (found.kind === 'active') enterFresh(exchange, route, door, freshness)
      else enterWith(exchange, route, door, found)
    })
  }

  function enterFresh(exchange: Exchange, route: DoorRoute, door: LoginDoor, freshness: Freshness): void {
    if (freshness.kind === 'fresh') {
      authorise(exchange, route, sessionPrincipal(freshness.live, door.clientId), door)
      return
    }
    const { code, retryAfterSeconds } = freshness
    const because = 'the realm refused its tokens'
    if (code === 'ERR_TOKEN_REFRESH_REJECTED') goOnWithoutSession(exchange, route, door, code, because)
    else if (ERRORS[code].retry === 'login') turnAway.toLogin(exchange, route, door, code, because)
    else turnAway.refuse(exchange, { code, because: 'no fresh tokens', challenge: null }, { retryAfterSeconds })
  }

  /** `door`: where to log in again; null for who came with a bearer token. */
  function authorise(exchange: Exchange, route: DoorRoute, principal: KnownPrincipal, door: LoginDoor | null): void {
    const tenancy = decideTenant({
      rules: options.tenantRules,
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
    if (decision.kind === 'allow') limit(exchange, route, principal, tenant)
    else deny(exchange, route, principal, decision, door)
  }

  function deny(
    exchange: Exchange,
    route: DoorRoute,
    principal: Principal,
    denial: Denial,
    door: LoginDoor | null,
  ): void {
    const { challengeRealm } = options
    const via = route.require === 'none' ? [] : route.require.via
    const refused = { ...refuseAccess(denial, { via, principal, challengeRealm }), because: denial.because }
    if (denial.needs === 'step-up' && door !== null) turnAway.toStepUp(exchange, route, door, denial, refused)
    else turnAway.refuse(exchange, refused, {})
  }

  function limit(exchange: Exchange, route: DoorRoute, principal: Principal, tenant: string | null): void {
    const pass = () => options.sendUpstream(exchange, route, principal, tenant)
    const passRoute = () => (route.limiter === null ? pass() : route.limiter(exchange, principal, tenant, pass))
    if (options.limiter === null) passRoute()
    else options.limiter(exchange, principal, tenant, passRoute)
  }

  return enter
}

/**
 * Public pages may be linked and shown anywhere: who brings no session, to a route that asks for none, can be made to
 * do nothing by what only reads.
 */
function mayBeForged(
  { request, upgrade }: Exchange,
  { login }: PersonRequirement,
  sessionId: string | undefined,
): boolean {
  return login !== 'optional' || sessionId !== undefined || upgrade !== null || !isSafeMethod(request.method)
}
