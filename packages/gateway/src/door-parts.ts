// The front door, connected to all that a request passes on its way.
import { createAdmission } from './admission.ts'
import type { Answers } from './answers.ts'
import { createBearerVerifier } from './bearer-verifier.ts'
import type { GatewayConfig, RouteConfig } from './config/gateway-config.ts'
import { createDoorRoutes, withoutPaths } from './door-routes.ts'
import { createForgeryGuard } from './forgery-guard.ts'
import { createFrontDoor, type FrontDoor, type FrontDoorOptions } from './front-door.ts'
import { createRequestReader } from './http/read-request.ts'
import type { CreateLimiter } from './limiters.ts'
import { type SecondLoginOptions, startSecondLoginFor } from './login/second-login.ts'
import type { LoginDoors } from './login-doors.ts'
import { otherOrigins } from './login-options.ts'
import { addAliases } from './old-paths.ts'
import type { Door } from './own-endpoints.ts'
import { createPassage } from './passage.ts'
import type { Realms } from './realms.ts'
import type { Endpoint } from './routes.ts'
import { createSendUpstream } from './send-upstream.ts'
import type { SessionLifecycle } from './session/lifecycle.ts'
import type { Credentials } from './tokens/credential.ts'
import { createTurnAway, type SecondLoginDoor } from './turn-away.ts'
import type { Forwarder } from './upstream/forward.ts'
import { createUpstreamHeaders } from './upstream/headers.ts'

export interface DoorGround {
  readonly config: GatewayConfig
  readonly realms: Realms
  readonly doors: LoginDoors<Door>
  readonly secondLogins: readonly SecondLoginOptions[]
  /** By path. */
  readonly endpoints: ReadonlyMap<string, Endpoint>
  readonly sessions: Pick<SessionLifecycle, 'now'>
  readonly credentials: Credentials
  /** By the service's name. */
  readonly forwarders: ReadonlyMap<string, Forwarder>
  readonly answers: Answers
  readonly createLimiter: CreateLimiter
}

export interface DoorParts {
  readonly door: FrontDoor
  /** Another front door, to these routes alone: it answers at none of our own paths. */
  readonly openDoor: (routes: readonly RouteConfig[]) => FrontDoor
}

export function createDoorParts(ground: DoorGround): DoorParts {
  const { config, realms, doors, secondLogins, endpoints, sessions, credentials, forwarders } = ground
  const { answers, createLimiter } = ground
  const { isOurs } = doors.byRealm(config.loginRealm).cookies
  const refuseForged = createForgeryGuard(config, answers)
  const limiter = config.limit === null ? null : createLimiter(config.limit, 'all')
  const challengeRealm = new URL(config.publicUrl).host
  const turnAway = createTurnAway({ secondLogins: secondLoginDoors(secondLogins, config), challengeRealm, answers })
  const buildHeaders = createUpstreamHeaders({ publicUrl: new URL(config.publicUrl), isOwnCookie: isOurs })
  const admission = createAdmission({
    challengeRealm,
    tenantRules: config.tenant,
    limiter: config.limit?.by === 'ip' ? null : limiter,
    sendUpstream: createSendUpstream({ doors, credentials, buildHeaders, challengeRealm, turnAway, answers }),
    turnAway,
    now: sessions.now,
  })
  const passage = createPassage({
    doors,
    refuseForged,
    verifyBearer: createBearerVerifier(
      doors.all.map(({ realm, settings }) => ({ settings, party: realms.byName(realm) })),
      sessions.now,
    ),
    sessionCookies: doors.all.map(({ cookies }) => cookies.sessionName),
    challengeRealm,
    credentials,
    turnAway,
    admission,
    answers,
  })
  const doorGround = {
    readRequest: createRequestReader({ publicUrl: new URL(config.publicUrl), trustedProxies: config.trustedProxies }),
    corsRules: { ownOrigin: config.publicUrl, otherOrigins: otherOrigins(config) },
    limiter: config.limit?.by === 'ip' ? limiter : null,
    passage,
    refuseForged,
    answers,
  }
  const routeParts = { config, forwarders, isOwnCookie: isOurs, createLimiter }
  const ownPaths = addAliases(endpoints, config)
  const createDoor = (own: FrontDoorOptions['endpoints'], routes: FrontDoorOptions['routes']) =>
    createFrontDoor({ ...doorGround, endpoints: own, routes })
  return {
    door: createDoor(ownPaths, createDoorRoutes(config.routes, routeParts)),
    openDoor: (routes) => createDoor(new Map(), withoutPaths(ownPaths, createDoorRoutes(routes, routeParts))),
  }
}

function secondLoginDoors(
  secondLogins: readonly SecondLoginOptions[],
  { publicUrl }: GatewayConfig,
): ReadonlyMap<string, SecondLoginDoor> {
  return new Map(
    secondLogins.map((second) => [
      second.realm.realm,
      {
        loginUrl: publicUrl + second.loginPath,
        startFor: (request, live, returnTo) => startSecondLoginFor(request, live, returnTo, second),
      },
    ]),
  )
}
