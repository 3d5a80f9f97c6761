// One exchange between a client and an upstream, as undici tells it. Ends exactly once: answered, failed, or abandoned
// by the client, and in each case the upstream's connection is given back or closed.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { completeHeaders } from '../http/answer-headers.ts'
import type { Exchange } from '../http/exchange.ts'
import { GatewayError } from '../kernel/errors.ts'
import { hasBody, RequestBody } from './request-body.ts'
import { filterResponseHeaders, filterTrailers, type ResponseHeaderRules } from './response-headers.ts'
import { upstreamError } from './upstream-error.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>
type Controller = Dispatcher.DispatchController

/** What does not change between the requests of a route. */
export interface ForwardRules extends ResponseHeaderRules {
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

export class Forwarding implements Dispatcher.DispatchHandler {
  /** Null when the request has none. */
  readonly body: RequestBody | null
  readonly #exchange: Exchange
  readonly #rules: ForwardRules
  readonly #failed: ForwardFailed
  #timer: NodeJS.Timeout
  #controller: Controller | null = null
  #phase: 'waiting' | 'streaming' | 'ended' = 'waiting'
  #isEventStream = false
  #lastMoveAt: number

  constructor(exchange: Exchange, rules: ForwardRules, failed: ForwardFailed) {
    this.#exchange = exchange
    this.#rules = rules
    this.#failed = failed
    this.body = hasBody(exchange.message) ? new RequestBody(exchange.message) : null
    this.#lastMoveAt = performance.now()
    // One timer for every limit, untouched while pieces move: it looks at the time when it goes off.
    this.#timer = startTimer(this, Math.min(rules.headersTimeoutSeconds, rules.idleBodySeconds))
    exchange.response.on('close', () => this.#abandon())
  }

  onRequestStart(controller: Controller): void {
    // Thrown and not aborted: undici would close the connection, which has done nothing yet for this request.
    if (this.#phase === 'ended') throw new Error('ended before it began')
    this.#controller = controller
  }

  onBodySent(): void {
    this.#lastMoveAt = performance.now()
  }

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    // 1xx are between the upstream and us; node has answered `Expect: 100-continue` already.
    if (status < 200) return
    const { response } = this.#exchange
    response.writeHead(status, completeHeaders(response, filterResponseHeaders(headers, this.#rules)))
    this.#phase = 'streaming'
    this.#isEventStream = isEventStream(headers['content-type'])
    this.#lastMoveAt = performance.now()
    // Without a length the first piece may be long in coming, and the client may wait for the headers.
    if (headers['content-length'] === undefined) flushWithFirstPiece(response)
    if (response.writableNeedDrain) this.#pause(controller)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#phase === 'ended') return
    this.#lastMoveAt = performance.now()
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

  #fail(cause: unknown): void {
    if (this.#phase === 'ended') return
    this.#end()
    const error = upstreamError(cause)
    this.body?.destroy()
    this.#controller?.abort(error)
    if (this.#exchange.response.headersSent) cut(this.#exchange)
    this.#failed(this.#exchange, error)
  }

  #end(): void {
    this.#phase = 'ended'
    clearTimeout(this.#timer)
  }
}

function startTimer(forwarding: Forwarding, seconds: number): NodeJS.Timeout {
  return setTimeout(checkTime, Math.ceil(seconds * 1000), forwarding)
}

function checkTime(forwarding: Forwarding): void {
  forwarding.checkTime()
}

function isEventStream(contentType: string | string[] | undefined): boolean {
  return typeof contentType === 'string' && contentType.toLowerCase().startsWith('text/event-stream')
}

/** Sends the headers in this turn of the loop, in one packet with what follows in the same turn. */
function flushWithFirstPiece(response: ServerResponse): void {
  const { socket } = response
  if (socket === null) return
  socket.cork()
  process.nextTick(uncork, socket)
  response.flushHeaders()
}

function uncork(socket: Socket): void {
  socket.uncork()
}

/** A broken-off answer must not look like a complete one: HTTP/1.0 ends a body by closing the connection. */
function cut({ message, response }: Exchange): void {
  if (message.httpVersionMinor === 0) message.socket.resetAndDestroy()
  else response.destroy()
}

function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = []
  for (let at = 0; at < flat.length; at += 2) result.push([flat[at] ?? '', flat[at + 1] ?? ''])
  return result
}
