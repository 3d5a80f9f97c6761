// The composition root: constructs every part from the configuration and connects them. Decides nothing itself.
import type { GatewayConfig } from './config/gateway-config.ts'
import { createHttpServer, type HttpLimits } from './http/server.ts'
import { isGatewayError } from './kernel/errors.ts'
import { createEvents, type Events } from './kernel/events.ts'
import { type Clock, systemClock } from './kernel/time.ts'
import { createLog } from './observability/log.ts'
import type { LogLevel } from './observability/log-lines.ts'
import { createMetrics } from './observability/metrics.ts'
import { openStore, readAuthorities, tellOfStore } from './open-store.ts'
import { createExplainer } from './operator-explain.ts'
import { openOperator } from './operator-listeners.ts'
import { createParts, createRing, type Parts } from './parts.ts'
import { loginRealmsOf } from './realms.ts'
import { createSessionAdministration } from './session/session-administration.ts'
import type { SessionWatches } from './session/session-watch.ts'
import { observeStore } from './stores/observed.ts'
import { sweepRegularly } from './stores/sweep.ts'

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

const SWEEP_EVERY_SECONDS = 60
const SWEEP_PIECE_RECORDS = 500
const SWEEP_PAUSE_SECONDS = 0.02
/** How often open sessions are looked at for limits. */
const TICK_SECONDS = 1

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
  const ca = readAuthorities(config)
  const opened = await openStore(config, { ca, clock, tell: (state) => tellOfStore(state, events) })
  const store = observeStore(opened.store, events)
  closing.push(() => store.close())
  closing.push(
    sweepRegularly(store, {
      everySeconds: SWEEP_EVERY_SECONDS,
      pieceRecords: SWEEP_PIECE_RECORDS,
      pauseSeconds: SWEEP_PAUSE_SECONDS,
      events,
    }),
  )
  const parts = createParts({
    config,
    onRefused: options.onRefused ?? (() => {}),
    ca,
    events,
    ring,
    store,
    counters: opened.counters,
  })
  closing.push(async () => {
    await Promise.all(parts.realms.all.map((realm) => realm.close()))
  })
  closing.push(() => parts.sessions.close())
  closing.push(parts.realmEndings.close)
  closing.push(parts.backchannel.close)
  closing.push(() => parts.refresher.drain())
  closing.push(() => parts.credentials.drain())
  closing.push(tickRegularly(parts.watches))
  closing.push(parts.background.close)
  closing.push(async () => {
    for (const forwarder of parts.forwarders.values()) await forwarder.close()
  })

  const { handle } = parts.door
  const server = createHttpServer({
    listen: config.listen,
    limits: HTTP_LIMITS,
    handler: (message, response) => handle(message, response, null),
    upgradeHandler: handle,
  })
  let isStopping = false
  const operator = await openOperator({
    config: config.operator,
    limits: HTTP_LIMITS,
    readiness: { realms: parts.realms.all, store, isStopping: () => isStopping },
    renderMetrics: metrics.render,
    explaining: { explain: createExplainer({ config, sessions: parts.sessions, now: parts.sessions.now }), events },
    administration: createSessionAdministration({
      lifecycle: parts.sessions,
      store,
      issuers: loginRealmsOf(config).map(([, { issuer }]) => issuer),
      limits: config.session,
    }),
  })
  closing.push(() => operator.close())
  for (const realm of parts.realms.all) realm.start()
  parts.background.start()
  parts.realmEndings.start()
  await startSigning(parts, closing)
  const publicAddress = await server.start()
  closing.push(async () => {
    const closed = server.close()
    // Nothing new comes in: now what would stay open is told to go.
    parts.door.endStreams()
    for (const forwarder of parts.forwarders.values()) forwarder.endUpgraded()
    await closed
  })
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

function tickRegularly(watches: SessionWatches): () => Promise<void> {
  const timer = setInterval(watches.tick, TICK_SECONDS * 1000)
  timer.unref()
  return async () => {
    clearInterval(timer)
    watches.close()
  }
}

/** A store that is down does not keep the gateway from starting: it goes on looking for its keys. */
async function startSigning({ signingKeys }: Parts, closing: (() => Promise<void>)[]): Promise<void> {
  if (signingKeys === null) return
  closing.push(() => signingKeys.close())
  await signingKeys.start().catch((error: unknown) => {
    if (!isGatewayError(error, 'ERR_STORE_UNAVAILABLE')) throw error
  })
}
