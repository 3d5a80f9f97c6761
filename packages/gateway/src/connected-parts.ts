// What a gateway consists of whether it listens or not: the log, the store, the parts, what they do regularly, and the order
// in which all of it closes.
import type { GatewayConfig } from './config/gateway-config.ts'
import type { HttpLimits } from './http/server.ts'
import { isGatewayError } from './kernel/errors.ts'
import type { Events } from './kernel/events.ts'
import { type Clock, systemClock } from './kernel/time.ts'
import { createLog } from './observability/log.ts'
import type { LogLevel } from './observability/log-lines.ts'
import { openRing } from './open-ring.ts'
import { openStore, readAuthorities, tellOfStore } from './open-store.ts'
import { createParts, type Parts } from './parts.ts'
import type { SessionStore } from './session/session-store.ts'
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

export interface Closing {
  /** What is added later closes earlier. */
  add(close: () => Promise<void>): void
  closeAll(): Promise<void>
}

export interface ConnectedParts {
  readonly store: SessionStore
  readonly parts: Parts
  /** Begins what goes on by itself, once there is nothing left that could fail to open. */
  start(): Promise<void>
}

export const HTTP_LIMITS: HttpLimits = {
  maxHeaderBytes: 32_768,
  headersTimeoutSeconds: 30,
  keepAliveSeconds: 65,
  closeSeconds: 20,
}

const SWEEP = { everySeconds: 60, pieceRecords: 500, pauseSeconds: 0.02 }
/** How often open sessions are looked at for limits. */
const TICK_SECONDS = 1

/** What has been opened is closed again when the rest of it cannot be. */
export async function openAll<Opened>(open: (closing: Closing) => Promise<Opened>): Promise<Opened> {
  const closings: (() => Promise<void>)[] = []
  const closing: Closing = {
    add: (close) => void closings.push(close),
    async closeAll() {
      for (const close of closings.splice(0).reverse()) await close()
    },
  }
  try {
    return await open(closing)
  } catch (error) {
    await closing.closeAll()
    throw error
  }
}

export async function connectParts(
  config: GatewayConfig,
  options: GatewayOptions & { readonly events: Events },
  closing: Closing,
): Promise<ConnectedParts> {
  const { events, clock = systemClock } = options
  startLog(options, closing)
  const ring = openRing(config, clock)
  const ca = readAuthorities(config)
  const opened = await openStore(config, { ca, clock, tell: (state) => tellOfStore(state, events) })
  const store = observeStore(opened.store, events)
  closing.add(() => store.close())
  closing.add(sweepRegularly(store, { ...SWEEP, events }))
  const { counters } = opened
  const parts = createParts({ config, onRefused: options.onRefused ?? (() => {}), ca, events, ring, store, counters })
  closeParts(parts, closing)
  return { store, parts, start: () => start(parts, closing) }
}

function startLog(
  { events, logLevel, logDestination }: GatewayOptions & { readonly events: Events },
  closing: Closing,
) {
  const log = createLog({ level: logLevel ?? 'info', destination: logDestination ?? 1 })
  const unsubscribe = events.subscribe(log.listener)
  closing.add(async () => {
    unsubscribe()
    await log.close()
  })
}

/** The last one closes first. */
function closeParts(parts: Parts, closing: Closing): void {
  closing.add(async () => {
    await Promise.all(parts.realms.all.map((realm) => realm.close()))
  })
  closing.add(() => parts.sessions.close())
  closing.add(parts.realmEndings.close)
  closing.add(parts.backchannel.close)
  closing.add(() => parts.refresher.drain())
  closing.add(() => parts.credentials.drain())
  closing.add(tickRegularly(parts.watches))
  closing.add(parts.background.close)
  closing.add(async () => {
    for (const forwarder of parts.forwarders.values()) await forwarder.close()
  })
}

function tickRegularly(watches: SessionWatches): () => Promise<void> {
  const timer = setInterval(watches.tick, TICK_SECONDS * 1000)
  timer.unref()
  return async () => {
    clearInterval(timer)
    watches.close()
  }
}

async function start(parts: Parts, closing: Closing): Promise<void> {
  for (const realm of parts.realms.all) realm.start()
  parts.background.start()
  parts.realmEndings.start()
  await startSigning(parts, closing)
}

/** A store that is down does not keep the gateway from starting: it goes on looking for its keys. */
async function startSigning({ signingKeys }: Parts, closing: Closing): Promise<void> {
  if (signingKeys === null) return
  closing.add(() => signingKeys.close())
  await signingKeys.start().catch((error: unknown) => {
    if (!isGatewayError(error, 'ERR_STORE_UNAVAILABLE')) throw error
  })
}
