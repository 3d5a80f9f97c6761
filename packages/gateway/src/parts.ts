// What a gateway consists of, constructed from the configuration and connected.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createAnswers } from './answers.ts'
import type { GatewayConfig } from './config/gateway-config.ts'
import { createDoorRoutes, createForwarders } from './door-routes.ts'
import { createFrontDoor, type FrontDoor } from './front-door.ts'
import { createRequestReader } from './http/read-request.ts'
import { GatewayError } from './kernel/errors.ts'
import type { Events } from './kernel/events.ts'
import { isLoopbackHost } from './kernel/loopback.ts'
import { createSealer, type KeyRing } from './kernel/seal.ts'
import type { Clock } from './kernel/time.ts'
import { wait } from './kernel/wait.ts'
import { startLoginFor } from './login/start-login.ts'
import { buildLoginOptions, createEndpoints, otherOrigins } from './own-endpoints.ts'
import { createRelyingParty } from './realm/create-relying-party.ts'
import type { RelyingParty } from './realm/relying-party.ts'
import { createSessionLifecycle } from './session/lifecycle.ts'
import { createCookies } from './session/session-cookie.ts'
import type { SessionStore } from './session/session-store.ts'
import { createFileKeyRing, createTextKeyRing, joinKeyRings } from './stores/key-ring.ts'
import { createCredentials } from './tokens/credential.ts'
import { createRefresher, type Refresher } from './tokens/refresh.ts'
import type { Forwarder } from './upstream/forward.ts'
import { createUpstreamHeaders } from './upstream/headers.ts'

const SESSION_CACHE_SECONDS = 30
const REFRESH_LEASE_SECONDS = 10
const REFRESH_LIMIT_SECONDS = 60
const REFRESH_COOLDOWN_SECONDS = 1
const METADATA_SECONDS = 300
const KEY_SET_COOLDOWN_SECONDS = 10
const REALM_RETRY_MIN_SECONDS = 1
const REALM_RETRY_MAX_SECONDS = 30

export interface Parts {
  readonly door: FrontDoor
  readonly relyingParty: RelyingParty
  readonly refresher: Refresher
  readonly forwarders: ReadonlyMap<string, Forwarder>
}

export interface Ground {
  readonly config: GatewayConfig
  /** Called when the realm turns out to be one this gateway must not run on. */
  readonly onRefused: (because: string) => void
  readonly clock: Clock
  readonly events: Events
  readonly ring: KeyRing
  readonly store: SessionStore
}

export function createParts({ config, onRefused, clock, events, ring, store }: Ground): Parts {
  const cookies = createCookies({ publicUrl: config.publicUrl, ...config.cookies })
  const ca = config.tls.ca.map((file) => readFileSync(file, 'utf8'))
  const relyingParty = createRealm(config, onRefused, ca, clock, events)
  const sessions = createSessionLifecycle({
    store,
    sealer: createSealer(ring, 'session'),
    limits: config.session,
    refreshMarginSeconds: config.refresh.marginSeconds,
    cachedSessions: config.session.cachedSessions,
    cacheSeconds: SESSION_CACHE_SECONDS,
    events,
  })
  const refresher = createRefresher({
    store,
    lifecycle: sessions,
    relyingParty: () => relyingParty,
    events,
    owner: randomUUID(),
    leaseSeconds: REFRESH_LEASE_SECONDS,
    limitSeconds: REFRESH_LIMIT_SECONDS,
    cooldownSeconds: REFRESH_COOLDOWN_SECONDS,
    wait,
  })
  const credentials = createCredentials({ refresher, now: sessions.now, waitSeconds: config.refresh.waitSeconds })
  const login = buildLoginOptions({ config, ring, cookies, relyingParty, sessions, events, store })
  const endpoints = createEndpoints({ config, ring, cookies, sessions, refresher, credentials, login })
  const answers = createAnswers(events)
  const forwarders = createForwarders(config, ca, answers.fail)
  const door = createFrontDoor({
    readRequest: createRequestReader({ publicUrl: new URL(config.publicUrl), trustedProxies: config.trustedProxies }),
    endpoints,
    routes: createDoorRoutes(config, forwarders, cookies),
    originRules: { ownOrigin: config.publicUrl, frontends: otherOrigins(config) },
    cookies,
    sessions,
    credentials,
    buildHeaders: createUpstreamHeaders({ publicUrl: new URL(config.publicUrl), isOwnCookie: cookies.isOurs }),
    startLoginFor: (request, returnTo) => startLoginFor(request, returnTo, login),
    loginUrl: config.publicUrl + config.endpoints.login,
    answers,
  })
  return { door, relyingParty, refresher, forwarders }
}

export function createRing({ keys, session }: GatewayConfig, clock: Clock): KeyRing {
  const { store } = session
  // A ring that was lost must not be replaced in silence: every session of the store would be unreadable.
  const isFirstStart = store.kind === 'memory' || !existsSync(store.path)
  const createWhenAbsent = isFirstStart && keys.length === 1
  return joinKeyRings(
    keys.map((source) =>
      source.kind === 'text'
        ? createTextKeyRing(source.keys)
        : createFileKeyRing({ path: source.path, createWhenAbsent, clock }),
    ),
  )
}

function createRealm(
  config: GatewayConfig,
  onRefused: Ground['onRefused'],
  ca: readonly string[],
  clock: Clock,
  events: Events,
): RelyingParty {
  const [entry] = Object.entries(config.realms)
  if (entry === undefined) throw new GatewayError('ERR_CONFIG_INVALID', { because: 'no realm' })
  const [realm, settings] = entry
  const { clientAuth } = settings
  return createRelyingParty({
    realm,
    issuer: settings.issuer,
    backchannelUrl: settings.backchannelUrl,
    clientId: settings.clientId,
    clientAuth: clientAuth.kind === 'secret' ? clientAuth : { ...clientAuth, key: clientAuth.privateKey },
    redirectUri: config.publicUrl + config.endpoints.callback,
    isLoginRealm: settings.obtain === null || settings.obtain.kind === 'login',
    scopes: settings.scopes,
    introspects: settings.introspect,
    idTokenAlgorithms: settings.idTokenAlgorithms,
    timeoutSeconds: settings.timeoutSeconds,
    clockToleranceSeconds: settings.clockSkewSeconds,
    metadataSeconds: METADATA_SECONDS,
    keySetCooldownSeconds: KEY_SET_COOLDOWN_SECONDS,
    retryMinSeconds: REALM_RETRY_MIN_SECONDS,
    retryMaxSeconds: REALM_RETRY_MAX_SECONDS,
    allowsDevRealm: isLoopbackHost(new URL(config.publicUrl).hostname),
    onDevRealmRefused: () => onRefused(`${settings.issuer} is a development realm, and publicUrl is public`),
    ca,
    environment: process.env,
    events,
    clock,
  })
}
