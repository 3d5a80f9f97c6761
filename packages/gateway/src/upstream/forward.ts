// One upstream: its connections, and requests sent over them and streamed back, each side at the pace of the other.
// Never retries and never follows a redirect.
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { Pool } from 'undici'
import type { Exchange } from '../http/exchange.ts'
import type { LiveSession } from '../session/live-session.ts'
import { type ForwardFailed, Forwarding, type ForwardRules, type UpgradeClosed } from './forwarding.ts'
import type { WatchSession } from './session-end.ts'
import { CLOSING, type Tunnel } from './tunnel.ts'

export type { ForwardFailed, ForwardRules } from './forwarding.ts'

export interface ForwarderOptions {
  /** Scheme, host and port. */
  readonly origin: string
  /** PEM certificates of authorities to trust beside Node's own; null for none. */
  readonly ca: readonly string[] | null
  readonly maxConnections: number
  readonly connectTimeoutSeconds: number
  readonly failed: ForwardFailed
  /** What is open on behalf of a session hears by it that the session has ended. */
  readonly watch: WatchSession
  /** Requests on their way end with their session, too. */
  readonly cutsInFlight: boolean
  readonly upgradeClosed: UpgradeClosed
}

export interface Forwarder {
  /**
   * Returns at once; the answer, or `failed`, comes when it comes. `target` is the path and query, encoded, and begins
   * with exactly one `/`; `headers` are names and values in turn. `live`: the session it is made on behalf of; null for
   * none.
   */
  forward(exchange: Exchange, target: string, headers: string[], rules: ForwardRules, live: LiveSession | null): void
  /** Ends upgraded connections, now and from now on. */
  endUpgraded(): void
  /** Resolves when the requests in flight are done. Upgraded connections go on. */
  close(): Promise<void>
}

export function createForwarder(options: ForwarderOptions): Forwarder {
  const pool = new Pool(options.origin, {
    connections: options.maxConnections,
    pipelining: 1,
    allowH2: false,
    // A forwarding keeps its own time: undici's body timeout cannot be lifted once an event stream turns up.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: options.connectTimeoutSeconds * 1000,
      ...(options.ca === null ? {} : { secureContext: createTrust(options.ca) }),
    },
  })
  const tunnels = new Set<Tunnel>()
  let isEnding = false
  const forwarding = {
    ...options,
    opened(tunnel: Tunnel) {
      tunnels.add(tunnel)
      if (isEnding) tunnel.end(CLOSING)
    },
    closed(tunnel: Tunnel, ...told: Parameters<UpgradeClosed>) {
      tunnels.delete(tunnel)
      options.upgradeClosed(...told)
    },
  }
  return {
    forward(exchange, target, headers, rules, live) {
      if (exchange.response.destroyed) return
      const handler = new Forwarding(exchange, rules, live, forwarding)
      const { method } = exchange.request
      const upgrade = exchange.upgrade === null ? null : exchange.upgrade.protocol
      pool.dispatch({ path: target, method, headers, body: handler.body, upgrade }, handler)
    },
    endUpgraded() {
      isEnding = true
      for (const tunnel of tunnels) tunnel.end(CLOSING)
    },
    close: () => pool.close(),
  }
}

/** Parsed once and not for each connection. Node takes given authorities instead of its own, so both are given. */
function createTrust(ca: readonly string[]): SecureContext {
  return createSecureContext({ ca: [...getCACertificates('default'), ...ca] })
}
