// One exchange between a client and an upstream, as undici tells it. Ends exactly once: answered, failed, or abandoned
// by the client, and in each case the upstream's connection is given back or closed.
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { completeHeaders } from '../http/answer-headers.ts'
import type { Exchange } from '../http/exchange.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { SessionEnd } from '../kernel/events.ts'
import type { LiveSession } from '../session/live-session.ts'
import { breakOff, endsEvent, flushWithFirstPiece, isEventStream, pairs } from './client-response.ts'
import { hasBody, RequestBody } from './request-body.ts'
import { filterResponseHeaders, filterTrailers } from './response-headers.ts'
import { sayEnded, type WatchSession, watchEnd } from './session-end.ts'
import type { Tunnel, TunnelEnd } from './tunnel.ts'
import { openTunnel, type UpgradeRules } from './upgrade.ts'
import { upstreamError } from './upstream-error.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>
type Controller = Dispatcher.DispatchController

/** What does not change between the requests of a route. */
export interface ForwardRules extends UpgradeRules {
  /** Until the answer begins, once the request has been sent. Waiting for a free connection counts. */
  readonly headersTimeoutSeconds: number
  /** Between two pieces of a body, in either direction. Does not apply to `text/event-stream`. */
  readonly idleBodySeconds: number
}

/**
 * Told once for each exchange that failed, never for a client that went away. While `exchange.response.headersSent` is
 * false it has to answer; otherwise the connection has been cut already.
 */
export type ForwardFailed = (exchange: Exchange, error: GatewayError) => void

/** Told once for each upgraded connection, when it is over. */
export type UpgradeClosed = (exchange: Exchange, by: TunnelEnd, seconds: number) => void

/** What does not change between the requests of a gateway. */
export interface ForwardingOptions {
  readonly failed: ForwardFailed
  readonly watch: WatchSession
  /** Every request of a session ends with it, and not those alone that stay open. */
  readonly cutsInFlight: boolean
  readonly opened: (tunnel: Tunnel) => void
  readonly closed: (tunnel: Tunnel, ...told: Parameters<UpgradeClosed>) => void
}

export class Forwarding implements Dispatcher.DispatchHandler {
  /** Null when the request has none. */
  readonly body: RequestBody | null
  readonly #exchange: Exchange
  readonly #rules: ForwardRules
  readonly #options: ForwardingOptions
  /** Null for a request of no session. */
  readonly #live: LiveSession | null
  #endWatch: (() => void) | null = null
  #tunnel: Tunnel | null = null
  #timer: NodeJS.Timeout
  #controller: Controller | null = null
  #phase: 'waiting' | 'streaming' | 'ended' = 'waiting'
  #isEventStream = false
  /** An event stream may end here: all events that have begun are complete. */
  #isBetweenEvents = false
  #canEndBetweenEvents = false
  #lastMoveAt: number

  constructor(exchange: Exchange, rules: ForwardRules, live: LiveSession | null, options: ForwardingOptions) {
    this.#exchange = exchange
    this.#rules = rules
    this.#options = options
    this.#live = live
    this.body = hasBody(exchange.message) ? new RequestBody(exchange.message) : null
    this.#lastMoveAt = performance.now()
    // One timer for every limit, untouched while pieces move: it looks at the time when it goes off.
    this.#timer = startTimer(this, Math.min(rules.headersTimeoutSeconds, rules.idleBodySeconds))
    exchange.response.on('close', () => this.#abandon())
    if (exchange.upgrade !== null || options.cutsInFlight) this.#watch(exchange.upgrade !== null)
  }

  onRequestStart(controller: Controller): void {
    // Thrown and not aborted: undici would close the connection, which has done nothing yet for this request.
    if (this.#phase === 'ended') throw new Error('ended before it began')
    this.#controller = controller
  }

  onBodySent(): void {
    this.#lastMoveAt = performance.now()
  }

  onRequestUpgrade(_controller: Controller, _status: number, headers: Headers, upstream: Duplex): void {
    // undici has let go of this connection; it closes it when this throws.
    this.#controller = null
    upstream.on('error', ignore)
    if (this.#phase === 'ended') {
      upstream.destroy()
      return
    }
    const startedAt = performance.now()
    const tunnel = openTunnel(this.#exchange, upstream, headers, this.#rules, (by) => {
      this.#endWatch?.()
      this.#options.closed(tunnel, this.#exchange, by, (performance.now() - startedAt) / 1000)
    })
    this.#phase = 'ended'
    clearTimeout(this.#timer)
    this.#tunnel = tunnel
    this.#options.opened(tunnel)
  }

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    // 1xx are between the upstream and us; node has answered `Expect: 100-continue` already.
    if (status < 200) return
    const { response } = this.#exchange
    response.writeHead(status, completeHeaders(response, filterResponseHeaders(headers, this.#rules)))
    this.#phase = 'streaming'
    this.#isEventStream = isEventStream(headers['content-type'])
    if (this.#isEventStream) this.#beginEvents(headers)
    this.#lastMoveAt = performance.now()
    // Without a length the first piece may be long in coming, and the client may wait for the headers.
    if (headers['content-length'] === undefined) flushWithFirstPiece(response)
    if (response.writableNeedDrain) this.#pause(controller)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#phase === 'ended') return
    this.#lastMoveAt = performance.now()
    if (this.#isEventStream) this.#isBetweenEvents = this.#canEndBetweenEvents && endsEvent(chunk)
    if (!this.#exchange.response.write(chunk)) this.#pause(controller)
  }

  onResponseEnd(_controller: Controller, trailers: Headers): void {
    if (this.#phase === 'ended') return
    this.#end()
    const { response } = this.#exchange
    const filtered = filterTrailers(trailers, this.#rules)
    if (filtered.length > 0) response.addTrailers(pairs(filtered))
    response.end()
  }

  onResponseError(_controller: Controller | null, cause: unknown): void {
    this.#fail(cause)
  }

  /** The timer went off: the limit has been reached, or is looked at again when it can have been. */
  checkTime(): void {
    if (this.#phase === 'ended') return
    const limitSeconds = this.#limitSeconds()
    if (limitSeconds === Number.POSITIVE_INFINITY) return
    const idleSeconds = (performance.now() - this.#lastMoveAt) / 1000
    if (idleSeconds < limitSeconds) this.#timer = startTimer(this, limitSeconds - idleSeconds)
    else this.#fail(this.#timeout())
  }

  #limitSeconds(): number {
    if (this.#phase === 'streaming') {
      return this.#isEventStream ? Number.POSITIVE_INFINITY : this.#rules.idleBodySeconds
    }
    return this.#isSending() ? this.#rules.idleBodySeconds : this.#rules.headersTimeoutSeconds
  }

  #timeout(): GatewayError {
    const isClientSilent = this.#phase === 'waiting' && this.#isSending() && !this.#exchange.message.isPaused()
    return new GatewayError(isClientSilent ? 'ERR_REQUEST_TIMEOUT' : 'ERR_UPSTREAM_TIMEOUT', { because: this.#phase })
  }

  #isSending(): boolean {
    return this.body !== null && this.#controller !== null && !this.body.readableEnded
  }

  #pause(controller: Controller): void {
    controller.pause()
    this.#exchange.response.once('drain', () => {
      this.#lastMoveAt = performance.now()
      controller.resume()
    })
  }

  /** The client went away before the answer was complete. */
  #abandon(): void {
    if (this.#phase === 'ended') return
    this.#end()
    this.body?.destroy()
    this.#controller?.abort(new Error('the client went away'))
  }

  #beginEvents(headers: Headers): void {
    this.#watch(true)
    this.#canEndBetweenEvents = headers['content-length'] === undefined && headers['content-encoding'] === undefined
  }

  /** `usesTokens`: it may stay open for longer than the person's token lives. */
  #watch(usesTokens: boolean): void {
    if (this.#live === null) return
    this.#endWatch?.()
    this.#endWatch = watchEnd(this.#options.watch, this.#live, usesTokens, (by) => this.#endWithSession(by))
  }

  #endWithSession(by: SessionEnd | null): void {
    if (this.#tunnel !== null) {
      this.#tunnel.end(sayEnded(by))
      return
    }
    const { response } = this.#exchange
    const isComplete = this.#isBetweenEvents && response.writableLength === 0
    const error = new GatewayError('ERR_SESSION_REVOKED', { because: by ?? 'gone' })
    if (this.#phase !== 'streaming' || !isComplete) {
      this.#fail(error)
      return
    }
    this.#end()
    this.#controller?.abort(error)
    response.end()
  }

  #fail(cause: unknown): void {
    if (this.#phase === 'ended') return
    this.#end()
    const error = upstreamError(cause)
    this.body?.destroy()
    this.#controller?.abort(error)
    if (this.#exchange.response.headersSent) breakOff(this.#exchange)
    this.#options.failed(this.#exchange, error)
  }

  #end(): void {
    this.#phase = 'ended'
    clearTimeout(this.#timer)
    this.#endWatch?.()
  }
}

function startTimer(forwarding: Forwarding, seconds: number): NodeJS.Timeout {
  return setTimeout(checkTime, Math.ceil(seconds * 1000), forwarding)
}

function checkTime(forwarding: Forwarding): void {
  forwarding.checkTime()
}

function ignore(): void {}
