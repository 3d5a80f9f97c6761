// The way of one request through a route, as far as it is about who is calling. For a warm session nothing here waits:
// every step that has its answer at hand goes on at once, and only one that has to ask returns a promise.
import type { Admission } from './admission.ts'
import type { Answers } from './answers.ts'
import type { DoorRoute } from './door-routes.ts'
import type { RefuseForged } from './forgery-guard.ts'
import { decideHeaders } from './http/answer-headers.ts'
import type { Exchange } from './http/exchange.ts'
import { ERRORS, type ErrorCode } from './kernel/errors.ts'
import type { LoginDoor, LoginDoors } from './login-doors.ts'
import { type BearerErrorCode, type BearerVerdict, readBearer } from './policy/bearer.ts'
import { isSafeMethod } from './policy/csrf.ts'
import { ANONYMOUS, sessionPrincipal } from './policy/principal.ts'
import { refuseCredential } from './policy/refusal.ts'
import type { PersonRequirement } from './policy/requirement.ts'
import type { SessionLookup } from './session/lifecycle.ts'
import { readSessionId } from './session/session-cookie.ts'
import type { Credentials } from './tokens/credential.ts'
import type { Freshness } from './tokens/freshness.ts'
import type { TurnAway } from './turn-away.ts'

export interface PassageOptions {
  readonly doors: LoginDoors<LoginDoor>
  readonly refuseForged: RefuseForged
  readonly verifyBearer: (token: string) => Promise<BearerVerdict>
  /** Names of the cookies that open sessions. */
  readonly sessionCookies: readonly string[]
  /** The name of the protection space in challenges. */
  readonly challengeRealm: string
  readonly credentials: Pick<Credentials, 'freshen'>
  readonly turnAway: TurnAway
  readonly admission: Admission
  readonly answers: Answers
}

/** Answers every request itself; never throws. */
export type Passage = (exchange: Exchange, route: DoorRoute) => void

const LIMITS = ['idle', 'absolute', 'realm']
/** By what they say of themself, strangers and known people are answered differently at one address. */
const VARY = [['vary', 'Cookie, Authorization']] as const

export function createPassage(options: PassageOptions): Passage {
  const { credentials, turnAway, admission } = options
  const { proceed } = options.answers

  function enter(exchange: Exchange, route: DoorRoute): void {
    const { require } = route
    if (require === 'none') {
      admission.pass(exchange, route, ANONYMOUS, null)
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
      admission.pass(exchange, route, ANONYMOUS, null)
    } else {
      admission.deny(exchange, route, ANONYMOUS, { kind: 'deny', needs: 'via', because: 'no bearer token' }, null)
    }
    return false
  }

  function enterWithBearer(exchange: Exchange, route: DoorRoute, verdict: BearerVerdict): void {
    if (verdict.kind === 'refused') refuseBearer(exchange, verdict.code, verdict.because)
    else admission.judge(exchange, route, verdict.principal, null)
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
    if (isOptional) admission.pass(exchange, route, ANONYMOUS, null)
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
      admission.judge(exchange, route, sessionPrincipal(freshness.live, door.clientId), door)
      return
    }
    const { code, retryAfterSeconds } = freshness
    const because = 'the realm refused its tokens'
    if (code === 'ERR_TOKEN_REFRESH_REJECTED') goOnWithoutSession(exchange, route, door, code, because)
    else if (ERRORS[code].retry === 'login') turnAway.toLogin(exchange, route, door, code, because)
    else turnAway.refuse(exchange, { code, because: 'no fresh tokens', challenge: null }, { retryAfterSeconds })
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
