// The end of a request's way: the credential its service receives, and the request itself. A credential that cannot be
// had never becomes none.
import type { Answers } from './answers.ts'
import type { DoorRoute } from './door-routes.ts'
import type { Exchange } from './http/exchange.ts'
import { ERRORS } from './kernel/errors.ts'
import type { LoginDoor, LoginDoors } from './login-doors.ts'
import type { Principal, SessionPrincipal } from './policy/principal.ts'
import { refuseCredential } from './policy/refusal.ts'
import { readSessionId } from './session/session-cookie.ts'
import type { Credentials } from './tokens/credential.ts'
import type { Obtained, Refusal } from './tokens/obtained.ts'
import type { TurnAway } from './turn-away.ts'
import { beneficiaryOf, credentialFor } from './upstream/beneficiary.ts'
import type { BuildUpstreamHeaders } from './upstream/headers.ts'

export interface SendUpstreamOptions {
  readonly doors: LoginDoors<LoginDoor>
  readonly credentials: Pick<Credentials, 'obtain'>
  readonly buildHeaders: BuildUpstreamHeaders
  /** The name of the protection space in challenges. */
  readonly challengeRealm: string
  readonly turnAway: TurnAway
  readonly answers: Answers
}

/** For who may pass. Answers the request itself. */
export type SendUpstream = (exchange: Exchange, route: DoorRoute, principal: Principal, tenant: string | null) => void

export function createSendUpstream(options: SendUpstreamOptions): SendUpstream {
  const { credentials, turnAway } = options
  const { proceed } = options.answers

  function sendCredential(exchange: Exchange, route: DoorRoute, principal: Principal, tenant: string | null): void {
    const who = principal.kind === 'anonymous' ? null : beneficiaryOf(principal)
    const obtained = credentials.obtain(credentialFor(route, principal), who, tenant)
    const send = (credential: Obtained) => pass(exchange, route, principal, tenant, credential)
    if (principal.kind === 'session' && obtained instanceof Promise) {
      proceed(exchange, obtained, (credential) => passUnlessEnded(exchange, route, principal, () => send(credential)))
    } else proceed(exchange, obtained, send)
  }

  /** A realm can take seconds to answer: whoever has logged out meanwhile is not spoken for any more. */
  function passUnlessEnded(exchange: Exchange, route: DoorRoute, { realm }: SessionPrincipal, pass: () => void): void {
    const door = options.doors.byRealm(realm)
    const lookup = door.sessions.find(readSessionId(exchange.request, door.cookies))
    proceed(exchange, lookup, (found) => {
      if (found.kind === 'active') {
        pass()
        return
      }
      const code = found.kind === 'lost' ? 'ERR_SESSION_LOST' : 'ERR_SESSION_REQUIRED'
      turnAway.toLogin(exchange, route, door, code, 'ended while its credential was obtained')
    })
  }

  function pass(
    exchange: Exchange,
    route: DoorRoute,
    principal: Principal,
    tenant: string | null,
    credential: Obtained,
  ): void {
    const { request } = exchange
    switch (credential.kind) {
      case 'obtained': {
        const headers = options.buildHeaders(exchange, credential.authorization, tenant)
        const path = route.rewrite(request.path) + request.search
        const live = principal.kind === 'session' ? principal.live : null
        route.forwarder.forward(exchange, path, headers, route.forwardRules, live)
        return
      }
      case 'second-login':
        if (principal.kind !== 'session') throw new TypeError('a second login belongs to a session')
        turnAway.toSecondLogin(exchange, route, credential.realm, principal.live)
        return
      case 'refused':
        refuseWithoutCredential(exchange, route, principal, credential)
    }
  }

  /** A credential that cannot be had never becomes none. */
  function refuseWithoutCredential(exchange: Exchange, route: DoorRoute, principal: Principal, refusal: Refusal): void {
    const { code, because, retryAfterSeconds } = refusal
    if (ERRORS[code].retry === 'login' && principal.kind === 'session') {
      turnAway.toLogin(exchange, route, options.doors.byRealm(principal.realm), code, because)
      return
    }
    const challenge = code === 'ERR_BEARER_INVALID' ? refuseCredential(code, options.challengeRealm).challenge : null
    turnAway.refuse(exchange, { code, because, challenge }, retryAfterSeconds === 0 ? {} : { retryAfterSeconds })
  }

  return sendCredential
}
