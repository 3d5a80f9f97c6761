// The composition root: constructs every part from the configuration and connects them. Decides nothing itself.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { isLoopbackHost } from './config/addresses.ts'
import type { GatewayConfig } from './config/gateway-config.ts'
import { createFrontDoor, type DoorRoute, type FrontDoor } from './front-door.ts'
import { createRequestReader } from './http/read-request.ts'
import type { Frontends } from './http/return-to.ts'
import { createHttpServer, type HttpLimits } from './http/server.ts'
import { GatewayError } from './kernel/errors.ts'
import { createEvents, type Events } from './kernel/events.ts'
import { createMac } from './kernel/mac.ts'
import { createSealer, type KeyRing } from './kernel/seal.ts'
import { type Clock, systemClock } from './kernel/time.ts'
import { startLoginFor } from './login/start-login.ts'
import { createLog } from './observability/log.ts'
import type { LogLevel } from './observability/log-lines.ts'
import { createMetrics } from './observability/metrics.ts'
import { openOperator } from './operator-listeners.ts'
import { createRelyingParty } from './realm/create-relying-party.ts'
import type { RelyingParty } from './realm/relying-party.ts'
import { buildEndpoints, type Endpoint } from './routes.ts'
import { createSessionLifecycle, type SessionLifecycle } from './session/lifecycle.ts'
import { type Cookies, createCookies } from './session/session-cookie.ts'
import type { SessionStore } from './session/session-store.ts'
import { createFileKeyRing, createTextKeyRing, joinKeyRings } from './stores/key-ring.ts'
import { createMemoryStore } from './stores/memory.ts'
import { observeStore } from './stores/observed.ts'
import { openSqliteStore } from './stores/sqlite.ts'
import { createCredentials } from './tokens/credential.ts'
import { createRefresher, type Refresher } from './tokens/refresh.ts'
import { createForwarder, type Forwarder } from './upstream/forward.ts'
import { createUpstreamHeaders } from './upstream/headers.ts'
import { compileRewrite } from './upstream/rewrite.ts'
import { compileRoutes } from './upstream/route.ts'

export interface GatewayOptions {
  /** Default `info`. */
  readonly logLevel?: LogLevel
  /** The file descriptor of the log; default 1, standard output. */
  readonly logDestination?: number
  /** Called when the realm turns out to be one this gateway must not run on. Default: nothing; logins stay refused. */
  readonly onRefused?: (because: string) => void
  /** For tests. Default: the system's. */
  readonly clock?: Clock
}

export interface Gateway {
  readonly publicAddress: Address
  readonly operatorAddress: Address
  /** Subscribes to what happens. */
  readonly events: Events
  /** Takes no more requests, lets those in flight and every refresh finish, and closes the store. */
  close(): Promise<void>
}

export interface Address {
  readonly host: string
  readonly port: number
}

const POLL_MILLISECONDS = 100
const STORE_BUSY_MILLISECONDS = 2000
const SWEEP_EVERY_SECONDS = 60
const SWEEP_RECORDS = 500
const SESSION_CACHE_SECONDS = 30
const REFRESH_LEASE_SECONDS = 10
const REFRESH_LIMIT_SECONDS = 60
const REFRESH_COOLDOWN_SECONDS = 1
const METADATA_SECONDS = 300
const KEY_SET_COOLDOWN_SECONDS = 10
const REALM_RETRY_MIN_SECONDS = 1
const REALM_RETRY_MAX_SECONDS = 30
const LOGIN_WAIT_SECONDS = 10
const LOGOUT_REALM_SECONDS = 3
const UPSTREAM_MAX_CONNECTIONS = 256

const HTTP_LIMITS: HttpLimits = {
  maxHeaderBytes: 32_768,
  headersTimeoutSeconds: 30,
  keepAliveSeconds: 65,
  closeSeconds: 20,
}

/**
 * Starts a gateway. A realm that is down does not keep it from starting.
 *
 * Rejects with `ERR_CONFIG_INVALID`, `ERR_STORE_REFUSED`, `ERR_STORE_UNAVAILABLE` or `ERR_LISTEN_FAILED`.
 */
export async function openGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const closing: (() => Promise<void>)[] = []
  const closeAll = async () => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    return await connect(config, options, closing, closeAll)
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function connect(
  config: GatewayConfig,
  options: GatewayOptions,
  closing: (() => Promise<void>)[],
  closeAll: () => Promise<void>,
): Promise<Gateway> {
  const clock = options.clock ?? systemClock
  const events = createEvents()
  const log = createLog({ level: options.logLevel ?? 'info', destination: options.logDestination ?? 1 })
  const metrics = createMetrics()
  const unsubscribe = [events.subscribe(log.listener), events.subscribe(metrics.listener)]
  closing.push(async () => {
    for (const end of unsubscribe) end()
    await log.close()
  })

  const ring = createRing(config, clock)
  const store = observeStore(await openStore(config, clock), events)
  closing.push(() => store.close(), sweepStore(store, events))
  const parts = createParts({ config, options, clock, events, ring, store })
  closing.push(() => parts.relyingParty.close())
  closing.push(() => parts.refresher.drain())
  closing.push(async () => {
    for (const forwarder of parts.forwarders.values()) await forwarder.close()
  })

  const server = createHttpServer({ listen: config.listen, limits: HTTP_LIMITS, handler: parts.door.handle })
  let isStopping = false
  const operator = await openOperator({
    config: config.operator,
    limits: HTTP_LIMITS,
    readiness: { realms: [parts.relyingParty], store, isStopping: () => isStopping },
    renderMetrics: metrics.render,
  })
  closing.push(() => operator.close())
  parts.relyingParty.start()
  const publicAddress = await server.start()
  closing.push(() => server.close())
  return {
    publicAddress,
    operatorAddress: operator.address,
    events,
    async close() {
      isStopping = true
      await closeAll()
    },
  }
}

async function openStore({ session }: GatewayConfig, clock: Clock): Promise<SessionStore> {
  if (session.store.kind === 'memory') return createMemoryStore({ clock })
  const { path } = session.store
  return openSqliteStore({ path, clock, pollMillis: POLL_MILLISECONDS, busyMillis: STORE_BUSY_MILLISECONDS })
}

/** Returns the function that ends the sweeping. */
function sweepStore(store: SessionStore, events: Events): () => Promise<void> {
  const timer = setInterval(() => {
    store.sweep(SWEEP_RECORDS).catch((cause: unknown) => {
      events.emit({ kind: 'store.failed', operation: 'sweep', cause })
    })
  }, SWEEP_EVERY_SECONDS * 1000).unref()
  return async () => clearInterval(timer)
}

interface Parts {
  readonly door: FrontDoor
  readonly relyingParty: RelyingParty
  readonly refresher: Refresher
  readonly forwarders: ReadonlyMap<string, Forwarder>
}

interface Ground {
  readonly config: GatewayConfig
  readonly options: GatewayOptions
  readonly clock: Clock
  readonly events: Events
  readonly ring: KeyRing
  readonly store: SessionStore
}

function createParts({ config, options, clock, events, ring, store }: Ground): Parts {
  const cookies = createCookies({ publicUrl: config.publicUrl, ...config.cookies })
  const ca = config.tls.ca.map((file) => readFileSync(file, 'utf8'))
  const relyingParty = createRealm(config, options, ca, clock, events)
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
  const failed: FrontDoor['answerFailed'] = (exchange, error) => door.answerFailed(exchange, error)
  const forwarders = createForwarders(config, ca, failed)
  const door = createFrontDoor({
    readRequest: createRequestReader({ publicUrl: new URL(config.publicUrl), trustedProxies: config.trustedProxies }),
    endpoints,
    routes: compileRoutes(config.routes.map((route) => buildDoorRoute(route, config, forwarders, cookies))),
    originRules: { ownOrigin: config.publicUrl, frontends: otherOrigins(config) },
    cookies,
    sessions,
    credentials,
    buildHeaders: createUpstreamHeaders({ publicUrl: new URL(config.publicUrl), isOwnCookie: cookies.isOurs }),
    startLoginFor: (request, returnTo) => startLoginFor(request, returnTo, login),
    loginUrl: config.publicUrl + config.endpoints.login,
    events,
  })
  return { door, relyingParty, refresher, forwarders }
}

function wait(seconds: number): Promise<void> {
  return pause(seconds * 1000)
}

/** For a limit that nobody waits out once the work is done: it does not keep a stopping process alive. */
function waitLoosely(seconds: number): Promise<void> {
  return pause(seconds * 1000, undefined, { ref: false })
}

function createRing({ keys, session }: GatewayConfig, clock: Clock): KeyRing {
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
  options: GatewayOptions,
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
    scopes: settings.scopes,
    idTokenAlgorithms: settings.idTokenAlgorithms,
    timeoutSeconds: settings.timeoutSeconds,
    clockToleranceSeconds: settings.clockSkewSeconds,
    metadataSeconds: METADATA_SECONDS,
    keySetCooldownSeconds: KEY_SET_COOLDOWN_SECONDS,
    retryMinSeconds: REALM_RETRY_MIN_SECONDS,
    retryMaxSeconds: REALM_RETRY_MAX_SECONDS,
    allowsDevRealm: isLoopbackHost(new URL(config.publicUrl).hostname),
    onDevRealmRefused: () => options.onRefused?.(`${settings.issuer} is a development realm, and publicUrl is public`),
    ca,
    environment: process.env,
    events,
    clock,
  })
}

interface LoginParts {
  readonly config: GatewayConfig
  readonly ring: KeyRing
  readonly cookies: Cookies
  readonly relyingParty: RelyingParty
  readonly sessions: SessionLifecycle
  readonly events: Events
  readonly store: SessionStore
}

function buildLoginOptions(parts: LoginParts) {
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

interface EndpointParts {
  readonly config: GatewayConfig
  readonly ring: KeyRing
  readonly cookies: Cookies
  readonly sessions: SessionLifecycle
  readonly refresher: Refresher
  readonly credentials: ReturnType<typeof createCredentials>
  readonly login: ReturnType<typeof buildLoginOptions>
}

function createEndpoints(parts: EndpointParts): ReadonlyMap<string, Endpoint> {
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
      loginPath: loginUrl,
      logoutPath: paths.logout,
    },
    refresh: { sessions, cookies, refresher, loginPath: loginUrl },
  })
}

function otherOrigins({ publicUrl, frontends }: GatewayConfig): readonly string[] {
  return frontends.map(({ origin }) => origin).filter((origin) => origin !== publicUrl)
}

function createForwarders(
  config: GatewayConfig,
  ca: readonly string[],
  failed: FrontDoor['answerFailed'],
): ReadonlyMap<string, Forwarder> {
  return new Map(
    Object.entries(config.services).map(([name, service]) => [
      name,
      createForwarder({
        origin: service.url,
        ca: ca.length === 0 ? null : ca,
        maxConnections: UPSTREAM_MAX_CONNECTIONS,
        connectTimeoutSeconds: service.timeouts.connectSeconds,
        failed,
      }),
    ]),
  )
}

function buildDoorRoute(
  route: GatewayConfig['routes'][number],
  config: GatewayConfig,
  forwarders: ReadonlyMap<string, Forwarder>,
  cookies: Cookies,
): DoorRoute {
  const service = config.services[route.service]
  const forwarder = forwarders.get(route.service)
  if (service === undefined || forwarder === undefined) throw new TypeError(`no service ${route.service}`)
  return {
    path: route.path,
    methods: route.methods,
    require: route.require,
    credential: route.credential,
    isPage: route.page,
    rewrite: compileRewrite(route.path, route.rewrite),
    forwarder,
    forwardRules: {
      headersTimeoutSeconds: route.timeoutSeconds ?? service.timeouts.headersSeconds,
      idleBodySeconds: service.timeouts.idleBodySeconds,
      isPersonal: route.require !== 'none',
      isOwnCookie: cookies.isOurs,
    },
  }
}
