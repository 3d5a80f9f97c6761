// The options of the endpoints of our own, from the configuration and the parts: for each realm people log in to, and
// for each second realm they log in to beside it.
import { createTabEvents } from './account/tab-events.ts'
import type { GatewayConfig, RealmConfig } from './config/gateway-config.ts'
import { createGetJudge } from './forgery-guard.ts'
import { createMac } from './kernel/mac.ts'
import type { SecondLoginOptions } from './login/second-login.ts'
import { startLoginFor } from './login/start-login.ts'
import { createLoginDoors, type LoginDoor, type LoginDoors } from './login-doors.ts'
import { buildLoginOptions, otherOrigins } from './login-options.ts'
import { logOutPage } from './logout/logout.ts'
import { buildLogoutOptions, type LogoutParts } from './logout-options.ts'
import { loginRealmsOf } from './realms.ts'
import type { DoorEndpoints } from './routes.ts'
import { type Cookies, createCookies } from './session/session-cookie.ts'
import type { Credentials } from './tokens/credential.ts'
import type { Refresher } from './tokens/refresh.ts'
import { storeSecondLogin } from './tokens/second-login.ts'

export interface EndpointParts extends LogoutParts {
  readonly refresher: Refresher
  readonly credentials: Credentials
}

function createRealmCookies(realm: string, config: GatewayConfig): Cookies {
  const isCrossSite = config.frontends.some((frontend) => frontend.realm === realm && frontend.isCrossSite)
  return createCookies({
    publicUrl: config.publicUrl,
    ...config.cookies,
    realm: realm === config.loginRealm ? null : realm,
    sameSite: isCrossSite ? 'None' : 'Lax',
  })
}

/** What a realm people log in to has of its own. */
export interface Door extends DoorEndpoints, LoginDoor {
  readonly settings: RealmConfig
}

export function createDoors(parts: EndpointParts): LoginDoors<Door> {
  const { publicUrl, frontends } = parts.config
  const doors = loginRealmsOf(parts.config).map(([realm, settings]) => buildDoor(realm, settings, parts))
  return createLoginDoors(doors, publicUrl, frontends)
}

function buildDoor(realm: string, settings: RealmConfig, parts: EndpointParts): Door {
  const { config, ring, refresher, credentials, watches } = parts
  const cookies = createRealmCookies(realm, config)
  const login = buildLoginOptions(realm, cookies, parts)
  const logoutMac = createMac(ring, 'logout-proof')
  const logout = buildLogoutOptions(login, logoutMac, parts)
  const { sessions, tenantsOf } = login
  const loginUrl = config.publicUrl + login.loginPath
  const { logoutPath } = logout
  const origins = [config.publicUrl, ...otherOrigins(config)]
  const { claims, anonymous } = config.user
  const limits = config.session
  return {
    realm,
    settings,
    clientId: settings.clientId,
    cookies,
    sessions,
    loginUrl,
    startLoginFor: (request, returnTo, parameters) => startLoginFor(request, returnTo, parameters, login),
    login,
    logout,
    loggedOut: logout,
    user: {
      sessions,
      cookies,
      credentials,
      limits,
      claims,
      anonymous,
      origins,
      tenantsOf,
      logoutMac,
      loginUrl,
      logoutPath,
    },
    refresh: {
      sessions,
      cookies,
      refresher,
      loginUrl,
      frontends: login.frontends,
      judgeGet: createGetJudge(config),
    },
    events: createTabEvents({ sessions, watches, cookies, limits, origins, loginUrl, everySecond }),
    mySessions: {
      sessions,
      cookies,
      origins,
      loginUrl,
      path: config.endpoints.sessions,
      logOut: (request, live) => logOutPage(request, live, logout),
    },
  }
}

function everySecond(act: () => void): () => void {
  const timer = setInterval(act, 1000).unref()
  return () => clearInterval(timer)
}

/** For each second realm people log in to beside their own. */
export function createSecondLogins(doors: LoginDoors<Door>, parts: EndpointParts): readonly SecondLoginOptions[] {
  return Object.entries(parts.config.realms).flatMap(([realm, { obtain }]) =>
    obtain?.kind === 'login' ? [buildSecondLogin(realm, obtain.identityProvider, doors, parts)] : [],
  )
}

function buildSecondLogin(
  realm: string,
  identityProvider: string | null,
  doors: LoginDoors<Door>,
  parts: EndpointParts,
): SecondLoginOptions {
  const { config, sessions } = parts
  return {
    ...buildLoginOptions(realm, doors.byRealm(config.loginRealm).cookies, parts),
    sessions,
    identityProvider,
    loginRealmOf: (returnTo) => doors.ofReturnTo(returnTo).realm,
    sessionCookiesOf: (loginRealm) => doors.byRealm(loginRealm).cookies,
    firstLoginPathOf: (loginRealm) => doors.byRealm(loginRealm).login.loginPath,
    refreshMarginSeconds: config.refresh.marginSeconds,
    keep: (live, name, login) => storeSecondLogin(live, name, login, sessions),
  }
}
