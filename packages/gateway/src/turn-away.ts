// What somebody gets who may not pass, or not yet: a page goes to log in and comes back, everything else is told why
// and where to.
import type { Answers } from './answers.ts'
import type { DoorRoute } from './door-routes.ts'
import type { Exchange } from './http/exchange.ts'
import { isNavigation } from './http/navigation.ts'
import type { ErrorExtras } from './http/pages.ts'
import type { Reply } from './http/reply.ts'
import type { GatewayRequest } from './http/request.ts'
import { sendReply } from './http/server.ts'
import type { ErrorCode } from './kernel/errors.ts'
import type { LoginWish } from './login/login-wish.ts'
import type { LoginDoor } from './login-doors.ts'
import { askForBearer } from './policy/challenge.ts'
import type { Denial } from './policy/requirement.ts'
import type { LiveSession } from './session/live-session.ts'

type StepUp = Denial & { readonly needs: 'step-up' }

export interface Refused {
  readonly code: ErrorCode
  /** For the log. */
  readonly because: string
  /** A value of `WWW-Authenticate`; null for none. */
  readonly challenge: string | null
}

/** A navigation to a page goes to log in. */
type GuardedRoute = Pick<DoorRoute, 'isPage' | 'require'>

export interface TurnAway {
  toLogin(exchange: Exchange, route: GuardedRoute, door: LoginDoor, code: ErrorCode, because: string): void
  toStepUp(exchange: Exchange, route: GuardedRoute, door: LoginDoor, stepUp: StepUp, refused: Refused): void
  /** To the login at a second realm, by its local name. */
  toSecondLogin(exchange: Exchange, route: GuardedRoute, realm: string, live: LiveSession): void
  refuse(exchange: Exchange, refused: Refused, extras: Pick<ErrorExtras, 'tenants' | 'retryAfterSeconds'>): void
}

/** A second realm that people log in to beside their own. */
export interface SecondLoginDoor {
  /** Absolute. */
  readonly loginUrl: string
  readonly startFor: (request: GatewayRequest, live: LiveSession, returnTo: string) => Promise<Reply>
}

export interface TurnAwayOptions {
  /** By the second realm's local name. */
  readonly secondLogins: ReadonlyMap<string, SecondLoginDoor>
  /** The name of the protection space in challenges. */
  readonly challengeRealm: string
  readonly answers: Answers
}

export function createTurnAway({ secondLogins, challengeRealm, answers }: TurnAwayOptions): TurnAway {
  function send(exchange: Exchange, reply: Promise<Reply>): void {
    reply.then(
      (started) => sendReply(exchange.response, started),
      (error: unknown) => answers.fail(exchange, error),
    )
  }

  function refuse(
    { request, response }: Exchange,
    { code, because, challenge }: Refused,
    extras: Omit<ErrorExtras, 'requestId'>,
  ): void {
    answers.refuse(request, response, code, { because }, challenge === null ? extras : { ...extras, challenge })
  }

  return {
    refuse,
    toLogin(exchange, { isPage, require }, door, code, because) {
      const { request } = exchange
      if (isPage && isPageRequest(request)) {
        send(exchange, door.startLoginFor(request, placeOf(request), {}))
        return
      }
      const takesBearer = require !== 'none' && require.via.includes('bearer')
      const challenge = takesBearer ? askForBearer(challengeRealm) : null
      refuse(exchange, { code, because, challenge }, { loginUrl: door.loginUrl })
    },
    toStepUp(exchange, { isPage }, door, stepUp, refused) {
      const { request } = exchange
      const parameters = stepUpParameters(stepUp)
      if (isPage && isPageRequest(request)) send(exchange, door.startLoginFor(request, placeOf(request), parameters))
      else refuse(exchange, refused, { loginUrl: `${door.loginUrl}?${new URLSearchParams(parameters)}` })
    },
    toSecondLogin(exchange, { isPage }, realm, live) {
      const { request } = exchange
      const door = secondLogins.get(realm)
      if (door === undefined) throw new TypeError(`nobody logs in to realm ${realm}`)
      if (isPage && isPageRequest(request)) send(exchange, door.startFor(request, live, placeOf(request)))
      else {
        const refused = { code: 'ERR_SECOND_LOGIN_REQUIRED', because: `no login at ${realm}`, challenge: null } as const
        refuse(exchange, refused, { loginUrl: door.loginUrl })
      }
    },
  }
}

function isPageRequest(request: GatewayRequest): boolean {
  return request.method === 'GET' && isNavigation(request)
}

function placeOf(request: GatewayRequest): string {
  return request.path + request.search
}

/** What the realm is asked for; the answer is judged in the token, because a browser could change it on the way. */
function stepUpParameters({ acrValues, maxAgeSeconds }: StepUp): LoginWish['parameters'] {
  return {
    ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(' ') }),
    ...(maxAgeSeconds === null ? {} : { max_age: String(maxAgeSeconds) }),
  }
}
