// The options of the endpoints of our own, from the configuration and the parts.
import type { GatewayConfig } from './config/gateway-config.ts'
import type { Frontends } from './http/return-to.ts'
import type { Events } from './kernel/events.ts'
import { createMac } from './kernel/mac.ts'
import { createSealer, type KeyRing } from './kernel/seal.ts'
import { wait, waitLoosely } from './kernel/wait.ts'
import type { RelyingParty } from './realm/relying-party.ts'
import { buildEndpoints, type Endpoint } from './routes.ts'
import type { SessionLifecycle } from './session/lifecycle.ts'
import type { Cookies } from './session/session-cookie.ts'
import type { SessionStore } from './session/session-store.ts'
import type { createCredentials } from './tokens/credential.ts'
import type { Refresher } from './tokens/refresh.ts'

const LOGIN_WAIT_SECONDS = 10
const LOGOUT_REALM_SECONDS = 3

export interface LoginParts {
  readonly config: GatewayConfig
  readonly ring: KeyRing
  readonly cookies: Cookies
  readonly relyingParty: RelyingParty
  readonly sessions: SessionLifecycle
  readonly events: Events
  readonly store: SessionStore
}

export function buildLoginOptions(parts: LoginParts) {
  const { config, ring, cookies, relyingParty, sessions, events, store } = parts
  const { endpoints } = config
  const frontends: Frontends = {
    ownOrigin: config.publicUrl,
    otherOrigins: otherOrigins(config),
    excludedPaths: [endpoints.login, endpoints.callback, endpoints.logout, endpoints.loggedOut],
  }
  return {
    sealer: createSealer(ring, 'login-attempt'),
    cookies,
    maxAttempts: config.login.maxAttempts,
    attemptSeconds: config.login.attemptSeconds,
    realm: relyingParty,
    sessions,
    events,
    frontends,
    parameters: config.login.parameters,
    loginPath: endpoints.login,
    redirectUri: config.publicUrl + endpoints.callback,
    store,
    wait,
    waitSeconds: LOGIN_WAIT_SECONDS,
  }
}

export interface EndpointParts {
  readonly config: GatewayConfig
  readonly ring: KeyRing
  readonly cookies: Cookies
  readonly sessions: SessionLifecycle
  readonly refresher: Refresher
  readonly credentials: ReturnType<typeof createCredentials>
  readonly login: ReturnType<typeof buildLoginOptions>
}

export function createEndpoints(parts: EndpointParts): ReadonlyMap<string, Endpoint> {
  const { config, ring, cookies, sessions, refresher, credentials, login } = parts
  const { endpoints: paths, publicUrl } = config
  const logoutMac = createMac(ring, 'logout-proof')
  const ticket = { sealer: createSealer(ring, 'logout-ticket'), cookies }
  const loginUrl = publicUrl + paths.login
  const logoutOptions = {
    ...ticket,
    realm: login.realm,
    sessions,
    store: login.store,
    events: login.events,
    frontends: login.frontends,
    logoutMac,
    logoutPath: paths.logout,
    loggedOutPath: paths.loggedOut,
    postLogoutRedirectUri: publicUrl + paths.loggedOut,
    wait: waitLoosely,
    realmSeconds: LOGOUT_REALM_SECONDS,
  }
  return buildEndpoints({
    paths,
    login,
    logout: logoutOptions,
    loggedOut: logoutOptions,
    user: {
      sessions,
      cookies,
      credentials,
      limits: config.session,
      claims: config.user.claims,
      anonymous: config.user.anonymous,
      origins: [publicUrl, ...otherOrigins(config)],
      logoutMac,
      loginUrl,
      logoutPath: paths.logout,
    },
    refresh: { sessions, cookies, refresher, loginUrl },
  })
}

export function otherOrigins({ publicUrl, frontends }: GatewayConfig): readonly string[] {
  return frontends.map(({ origin }) => origin).filter((origin) => origin !== publicUrl)
}
