// What a gateway consists of, constructed from the configuration and connected.
import { existsSync } from 'node:fs'
import { createAnswers } from './answers.ts'
import { type BackchannelEndpoint, createBackchannelEndpoint } from './backchannel-endpoint.ts'
import { createBearerVerifier } from './bearer-verifier.ts'
import type { GatewayConfig, LimitConfig, RouteConfig } from './config/gateway-config.ts'
import { createDoorRoutes, createForwarders, withoutPaths } from './door-routes.ts'
import { createForgeryGuard } from './forgery-guard.ts'
import { createFrontDoor, type FrontDoor, type FrontDoorOptions } from './front-door.ts'
import { createRequestReader } from './http/read-request.ts'
import type { Events, SessionEnd } from './kernel/events.ts'
import { createSealer, type KeyRing } from './kernel/seal.ts'
import type { Clock } from './kernel/time.ts'
import { createLimiters } from './limiters.ts'
import { type SecondLoginOptions, startSecondLoginFor } from './login/second-login.ts'
import type { LoginDoors } from './login-doors.ts'
import { findRealm, otherOrigins } from './login-options.ts'
import { createRealmEndings, type RealmEndings } from './logout/realm-endings.ts'
import { addAliases } from './old-paths.ts'
import { createDoors, createSecondLogins, type Door } from './own-endpoints.ts'
import { createPassage } from './passage.ts'
import type { CounterPlace } from './policy/rate-limit.ts'
import { createRealms, type Realms } from './realms.ts'
import { buildEndpoints } from './routes.ts'
import { createSendUpstream } from './send-upstream.ts'
import { createSessionLifecycle, type SessionLifecycle } from './session/lifecycle.ts'
import type { SessionStore } from './session/session-store.ts'
import { createSessionWatches, type SessionWatches } from './session/session-watch.ts'
import { createFileKeyRing, createTextKeyRing, joinKeyRings } from './stores/key-ring.ts'
import { createTokenEndpoints } from './token-endpoints.ts'
import { createTokenParts, usesInternalTokens } from './token-parts.ts'
import type { BackgroundRenewal } from './tokens/background-renewal.ts'
import type { Credentials } from './tokens/credential.ts'
import { endSecondLogins } from './tokens/end-second-logins.ts'
import type { Refresher } from './tokens/refresh.ts'
import type { SigningKeys } from './tokens/signing-keys.ts'
import { createTurnAway, type SecondLoginDoor } from './turn-away.ts'
import type { Forwarder } from './upstream/forward.ts'
import { createUpstreamHeaders } from './upstream/headers.ts'

export interface Parts {
  readonly door: FrontDoor
  /** Another front door, to these routes alone: it answers at none of our own paths. */
  readonly openDoor: (routes: readonly RouteConfig[]) => FrontDoor
  readonly doors: LoginDoors<Door>
  readonly realms: Realms
  /** Of all realms. */
  readonly sessions: SessionLifecycle
  /** Over sessions that have something open. */
  readonly watches: SessionWatches
  readonly realmEndings: RealmEndings
  readonly backchannel: BackchannelEndpoint
  readonly refresher: Refresher
  readonly credentials: Credentials
  readonly background: BackgroundRenewal
  /** Null where nothing asks for internal tokens. */
  readonly signingKeys: SigningKeys | null
  readonly forwarders: ReadonlyMap<string, Forwarder>
}

/** By these somebody is sent away: who has the realm's session would be let in again at once. */
const ENDS_AT_REALM: readonly SessionEnd[] = ['user-elsewhere', 'administrator', 'max-per-user']
export const REALM_ENDINGS = { maxEndings: 1000, patienceSeconds: 1, busySeconds: 5, quietSeconds: 30 }

/** Sessions read at the same time after a word that may concern any of them. */
const CONCURRENT_READS = 32

export interface Ground {
  readonly config: GatewayConfig
  /** Called when a realm turns out to be one this gateway must not run on. */
  readonly onRefused: (because: string) => void
  /** PEM certificates of authorities to trust beside Node's own. */
  readonly ca: readonly string[]
  readonly events: Events
  readonly ring: KeyRing
  readonly store: SessionStore
  /** Where processes count requests together; null for none. */
  readonly counters: CounterPlace | null
}

export function createParts({ config, onRefused, ca, events, ring, store, counters }: Ground): Parts {
  // One clock for all instants of a session: that of a machine may be wrong.
  const realms = createRealms({ config, onRefused, ca, clock: store.now, events })
  const sessions = createSessionLifecycle({
    store,
    sealer: createSealer(ring, 'session'),
    limits: config.session,
    refreshMarginSeconds: config.refresh.marginSeconds,
    cachedSessions: config.session.cachedSessions,
    cacheSeconds: config.session.cacheSeconds,
    staleSeconds: config.session.staleSeconds,
    verifySeconds: config.session.verifySeconds,
    events,
    onEnded(session, by) {
      // Where a person ends one, their browser waits for it; what takes its place keeps them.
      if (by === 'user' || by === 'new-login' || by === 'other-login' || by === 'healed') return
      if (ENDS_AT_REALM.includes(by)) void realmEndings.end(session, 'final')
      else void endSecondLogins(session, findRealm(realms))
    },
  })
  const realmEndings = createRealmEndings({
    store,
    sealer: createSealer(ring, 'realm-endings'),
    sessions,
    findRealm: findRealm(realms),
    events,
    ...REALM_ENDINGS,
  })
  const watches = createSessionWatches({
    store,
    lifecycle: sessions,
    limits: config.session,
    cacheSeconds: config.session.cacheSeconds,
    concurrentReads: CONCURRENT_READS,
  })
  const { refresher, credentials, signingKeys, background } = createTokenParts({
    config,
    events,
    ring,
    store,
    sessions,
    watches,
    realms,
  })
  const answers = createAnswers(events)
  const createLimiter = createLimiters({ answers, events, counters })
  const limiterOf = (limit: LimitConfig | null, name: string) => (limit === null ? null : createLimiter(limit, name))
  const forwarders = createForwarders({ config, ca, watches, events, failed: answers.fail })
  const ground = { config, ring, realms, sessions, watches, realmEndings, refresher, credentials, events, store }
  const doors = createDoors(ground)
  const secondLogins = createSecondLogins(doors, ground)
  const ownDoor = doors.byRealm(config.loginRealm)
  const backchannel = createBackchannelEndpoint({
    config,
    realms,
    sessions,
    store,
    endings: realmEndings,
    events,
    tellEnded: watches.tellEnded,
    createLimiter,
  })
  const endpoints = buildEndpoints({
    paths: config.endpoints,
    alsoGet: config.alsoGet,
    doors,
    loginRealm: config.loginRealm,
    secondLogins,
    loginLimiter: limiterOf(config.login.limit, 'login'),
    issuer: usesInternalTokens(config)
      ? { keys: signingKeys, issuer: config.publicUrl, jwksUrl: config.publicUrl + config.endpoints.jwks }
      : null,
    tokenEndpoints: createTokenEndpoints({
      config,
      doors,
      signingKeys,
      sessions,
      credentials,
      store,
      events,
      createLimiter,
    }),
    backchannelLogout: backchannel.entry,
  })
  const { isOurs } = ownDoor.cookies
  const refuseForged = createForgeryGuard(config, answers)
  const limiter = limiterOf(config.limit, 'all')
  const challengeRealm = new URL(config.publicUrl).host
  const turnAway = createTurnAway({ secondLogins: secondLoginDoors(secondLogins, config), challengeRealm, answers })
  const buildHeaders = createUpstreamHeaders({ publicUrl: new URL(config.publicUrl), isOwnCookie: isOurs })
  const passage = createPassage({
    doors,
    refuseForged,
    verifyBearer: createBearerVerifier(
      doors.all.map(({ realm, settings }) => ({ settings, party: realms.byName(realm) })),
      sessions.now,
    ),
    sessionCookies: doors.all.map(({ cookies }) => cookies.sessionName),
    challengeRealm,
    tenantRules: config.tenant,
    limiter: config.limit?.by === 'ip' ? null : limiter,
    credentials,
    sendUpstream: createSendUpstream({ doors, credentials, buildHeaders, challengeRealm, turnAway, answers }),
    turnAway,
    now: sessions.now,
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
    doors,
    realms,
    sessions,
    watches,
    realmEndings,
    backchannel,
    refresher,
    credentials,
    background,
    signingKeys: usesInternalTokens(config) ? signingKeys : null,
    forwarders,
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

export function createRing({ keys, session }: GatewayConfig, clock: Clock): KeyRing {
  const { store } = session
  // A ring that was lost must not be replaced in silence: every session of the store would be unreadable.
  const isFirstStart = store.kind === 'memory' || (store.kind === 'sqlite' && !existsSync(store.path))
  const createWhenAbsent = isFirstStart && keys.length === 1
  return joinKeyRings(
    keys.map((source) =>
      source.kind === 'text'
        ? createTextKeyRing(source.keys)
        : createFileKeyRing({ path: source.path, createWhenAbsent, clock }),
    ),
  )
}
