// The options of the endpoints of our own, from the configuration and the parts: for each realm people log in to, and
// for each second realm they log in to beside it.
import type { UserOptions } from './account/user.ts'
import type { GatewayConfig, RealmConfig, TenantConfig } from './config/gateway-config.ts'
import type { Frontends } from './http/return-to.ts'
import type { Events } from './kernel/events.ts'
import { createMac, type Mac } from './kernel/mac.ts'
import { createSealer, type KeyRing } from './kernel/seal.ts'
import { wait, waitLoosely } from './kernel/wait.ts'
import type { FinishLoginOptions } from './login/finish-login.ts'
import type { AllowedParameters, AllowedValues } from './login/login-parameters.ts'
import type { SecondLoginOptions } from './login/second-login.ts'
import { startLoginFor } from './login/start-login.ts'
import { createLoginDoors, type LoginDoor, type LoginDoors } from './login-doors.ts'
import type { LogoutOptions } from './logout/logout.ts'
import { tenantsOf } from './policy/tenant.ts'
import { callbackUrl, type Realms, realmSuffix } from './realms.ts'
import type { DoorEndpoints } from './routes.ts'
import type { SessionLifecycle } from './session/lifecycle.ts'
import { claimOf } from './session/session.ts'
import { type Cookies, createCookies } from './session/session-cookie.ts'
import type { SessionStore } from './session/session-store.ts'
import { withinRealm } from './session/within-realm.ts'
import type { Credentials } from './tokens/credential.ts'
import { endSecondLogins, type FindRealm } from './tokens/end-second-logins.ts'
import type { Refresher } from './tokens/refresh.ts'
import { storeSecondLogin } from './tokens/second-login.ts'

const LOGIN_WAIT_SECONDS = 10
const LOGOUT_REALM_SECONDS = 3

export interface EndpointParts {
  readonly config: GatewayConfig
  readonly ring: KeyRing
  readonly realms: Realms
  readonly sessions: SessionLifecycle
  readonly refresher: Refresher
  readonly credentials: Credentials
  readonly events: Events
  readonly store: SessionStore
}

/** The realms people log in to, by name. */
function loginRealmsOf({ realms }: GatewayConfig): readonly (readonly [string, RealmConfig])[] {
  return Object.entries(realms).filter(([, { obtain }]) => obtain === null)
}

export function otherOrigins({ publicUrl, frontends }: GatewayConfig): readonly string[] {
  return frontends.map(({ origin }) => origin).filter((origin) => origin !== publicUrl)
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
  const { config, ring, refresher, credentials } = parts
  const cookies = createRealmCookies(realm, config)
  const login = buildLoginOptions(realm, cookies, parts)
  const logoutMac = createMac(ring, 'logout-proof')
  const logout = buildLogoutOptions(login, logoutMac, parts)
  const { sessions } = login
  const loginUrl = config.publicUrl + login.loginPath
  const { logoutPath } = logout
  const origins = [config.publicUrl, ...otherOrigins(config)]
  const { claims, anonymous } = config.user
  const limits = config.session
  const tenantsOf = tenantReader(config.tenant)
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
    refresh: { sessions, cookies, refresher, loginUrl },
  }
}

function tenantReader(tenant: TenantConfig | null): UserOptions['tenantsOf'] {
  return tenant === null ? null : (session) => tenantsOf(claimOf(session, tenant.claim))
}

function buildLoginOptions(realm: string, cookies: Cookies, parts: EndpointParts): FinishLoginOptions {
  const { config, ring, realms, events, store } = parts
  return {
    sealer: createSealer(ring, 'login-attempt'),
    cookies,
    maxAttempts: config.login.maxAttempts,
    attemptSeconds: config.login.attemptSeconds,
    realm: realms.byName(realm),
    sessions: withinRealm(parts.sessions, realm),
    events,
    frontends: buildFrontends(config),
    parameters: allowedParameters(config),
    loginPath: config.endpoints.login + realmSuffix(realm, config),
    redirectUri: callbackUrl(realm, config),
    store,
    endSecondLogins: (session) => endSecondLogins(session, findRealm(realms)),
    wait,
    waitSeconds: LOGIN_WAIT_SECONDS,
  }
}

function buildLogoutOptions(
  login: FinishLoginOptions,
  logoutMac: Mac,
  { config, ring, realms, store }: EndpointParts,
): LogoutOptions {
  const { realm, cookies, sessions, events, frontends } = login
  const suffix = realmSuffix(realm.realm, config)
  const loggedOutPath = config.endpoints.loggedOut + suffix
  return {
    sealer: createSealer(ring, 'logout-ticket'),
    cookies,
    realm,
    sessions,
    store,
    events,
    frontends,
    logoutMac,
    logoutPath: config.endpoints.logout + suffix,
    loggedOutPath,
    postLogoutRedirectUri: config.publicUrl + loggedOutPath,
    endSecondLogins: (session) => endSecondLogins(session, findRealm(realms)),
    wait: waitLoosely,
    realmSeconds: LOGOUT_REALM_SECONDS,
  }
}

function findRealm(realms: Realms): FindRealm {
  return (name) => realms.all.find(({ realm }) => realm === name)
}

function buildFrontends(config: GatewayConfig): Frontends {
  const { login, callback, logout, loggedOut } = config.endpoints
  const behind = (paths: readonly string[], names: readonly string[]) =>
    paths.flatMap((path) => names.map((realm) => path + realmSuffix(realm, config)))
  return {
    ownOrigin: config.publicUrl,
    otherOrigins: otherOrigins(config),
    homes: new Map(config.frontends.map(({ origin, home }) => [origin, home])),
    // The login at a second realm is a place to return to: whoever has no session goes there by way of the first login.
    excludedPaths: [
      ...behind(
        [login, logout, loggedOut],
        loginRealmsOf(config).map(([realm]) => realm),
      ),
      ...behind([callback], Object.keys(config.realms)),
    ],
  }
}

/** What a route asks of people, their pages may ask of the realm. */
function allowedParameters({ login, routes }: GatewayConfig): AllowedParameters {
  const people = routes.flatMap(({ require }) => (require === 'none' ? [] : [require]))
  const ages = people.flatMap(({ maxAgeSeconds }) => (maxAgeSeconds === null ? [] : [String(maxAgeSeconds)]))
  return {
    ...login.parameters,
    acr_values: withValues(
      login.parameters.acr_values,
      people.flatMap(({ acr }) => acr),
    ),
    max_age: withValues(login.parameters.max_age, ages),
  }
}

function withValues(allowed: AllowedValues, more: readonly string[]): AllowedValues {
  return allowed === 'any' ? allowed : [...new Set([...allowed, ...more])]
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
