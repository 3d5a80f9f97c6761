// One upstream: its connections, and requests sent over them and streamed back, each side at the pace of the other.
// Never retries and never follows a redirect.
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { Pool } from 'undici'
import type { Exchange } from '../http/exchange.ts'
import { type ForwardFailed, Forwarding, type ForwardRules } from './forwarding.ts'

export type { ForwardFailed, ForwardRules } from './forwarding.ts'

export interface ForwarderOptions {
  /** Scheme, host and port. */
  readonly origin: string
  /** PEM certificates of authorities to trust beside Node's own; null for none. */
  readonly ca: readonly string[] | null
  readonly maxConnections: number
  readonly connectTimeoutSeconds: number
  readonly failed: ForwardFailed
}

export interface Forwarder {
  /**
   * Returns at once; the answer, or `failed`, comes when it comes. `target` is the path and query, encoded, and begins
   * with exactly one `/`; `headers` are names and values in turn.
   */
  forward(exchange: Exchange, target: string, headers: string[], rules: ForwardRules): void
  /** Resolves when the requests in flight are done. */
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
  return {
    forward(exchange, target, headers, rules) {
      if (exchange.response.destroyed) return
      const forwarding = new Forwarding(exchange, rules, options.failed)
      const { method } = exchange.request
      pool.dispatch({ path: target, method, headers, body: forwarding.body }, forwarding)
    },
    close: () => pool.close(),
  }
}

/** Parsed once and not for each connection. Node takes given authorities instead of its own, so both are given. */
function createTrust(ca: readonly string[]): SecureContext {
  return createSecureContext({ ca: [...getCACertificates('default'), ...ca] })
}
