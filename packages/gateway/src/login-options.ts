// The options of a login at a realm, be it the first or a second one, from the configuration and the parts.
import type { AliasTarget, GatewayConfig, TenantConfig } from './config/gateway-config.ts'
import type { Frontends } from './http/return-to.ts'
import type { Events } from './kernel/events.ts'
import { createSealer, type KeyRing } from './kernel/seal.ts'
import { wait } from './kernel/wait.ts'
import type { FinishLoginOptions } from './login/finish-attempt.ts'
import type { AllowedParameters, AllowedValues } from './login/login-parameters.ts'
import { tenantsOf } from './policy/tenant.ts'
import { callbackUrl, loginRealmsOf, type Realms, realmSuffix } from './realms.ts'
import type { SessionLifecycle } from './session/lifecycle.ts'
import { claimOf } from './session/session.ts'
import type { Cookies } from './session/session-cookie.ts'
import type { SessionStore } from './session/session-store.ts'
import { withinRealm } from './session/within-realm.ts'
import { endSecondLogins, type FindRealm } from './tokens/end-second-logins.ts'

const LOGIN_WAIT_SECONDS = 10

export interface LoginParts {
  readonly config: GatewayConfig
  readonly ring: KeyRing
  readonly realms: Realms
  readonly sessions: SessionLifecycle
  readonly events: Events
  readonly store: SessionStore
}

export function buildLoginOptions(realm: string, cookies: Cookies, parts: LoginParts): FinishLoginOptions {
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
    appendsSid: config.login.appendSid,
    parameters: allowedParameters(config),
    loginPath: config.endpoints.login + realmSuffix(realm, config),
    redirectUri: callbackUrl(realm, config),
    store,
    endSecondLogins: (session) => endSecondLogins(session, findRealm(realms)),
    keptAddress: config.session.clientAddress,
    afterLimit: config.session.afterLimit,
    maxPerUser: config.session.maxPerUser,
    tenantsOf: tenantReader(config.tenant),
    wait,
    waitSeconds: LOGIN_WAIT_SECONDS,
  }
}

function tenantReader(tenant: TenantConfig | null): FinishLoginOptions['tenantsOf'] {
  return tenant === null ? null : (person) => tenantsOf(claimOf(person, tenant.claim))
}

export function findRealm(realms: Realms): FindRealm {
  return (name) => realms.all.find(({ realm }) => realm === name)
}

export function otherOrigins({ publicUrl, frontends }: GatewayConfig): readonly string[] {
  return frontends.map(({ origin }) => origin).filter((origin) => origin !== publicUrl)
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
      ...config.aliases.filter(({ target }) => leadsNowhere(target)).map(({ path }) => path),
    ],
  }
}

function leadsNowhere(target: AliasTarget): boolean {
  return target.kind === 'endpoint' && (target.endpoint === 'login' || target.endpoint === 'logout')
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
