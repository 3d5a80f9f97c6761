// The gateway with listeners of its own: connected parts, a public listener and the operator's. Decides nothing itself.
import type { GatewayConfig } from './config/gateway-config.ts'
import { type Closing, connectParts, type GatewayOptions, HTTP_LIMITS, openAll } from './connected-parts.ts'
import { createExplainer } from './explain/explainer.ts'
import { createHttpServer } from './http/server.ts'
import { createEvents, type Events } from './kernel/events.ts'
import { createMetrics } from './observability/metrics.ts'
import { openOperator } from './operator-listeners.ts'
import { loginRealmsOf } from './realms.ts'
import { createSessionAdministration } from './session/session-administration.ts'

export type { GatewayOptions } from './connected-parts.ts'

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

/**
 * Starts a gateway. A realm that is down does not keep it from starting.
 *
 * Rejects with `ERR_CONFIG_INVALID`, `ERR_STORE_REFUSED`, `ERR_STORE_UNAVAILABLE` or `ERR_LISTEN_FAILED`.
 */
export async function openGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  return openAll((closing) => connect(config, options, closing))
}

async function connect(config: GatewayConfig, options: GatewayOptions, closing: Closing): Promise<Gateway> {
  const events = createEvents()
  const metrics = createMetrics()
  const unsubscribe = events.subscribe(metrics.listener)
  closing.add(async () => unsubscribe())
  const { store, parts, start } = await connectParts(config, { ...options, events }, closing)

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
  closing.add(() => operator.close())
  await start()
  const publicAddress = await server.start()
  closing.add(async () => {
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
      await closing.closeAll()
    },
  }
}
