// What a request is told that does not reach a service, and what everybody else is told about it.
import type { ServerResponse } from 'node:http'
import type { Exchange } from './http/exchange.ts'
import { buildErrorReply, type ErrorExtras } from './http/pages.ts'
import type { GatewayRequest } from './http/request.ts'
import { sendReply } from './http/server.ts'
import { ERRORS, type ErrorCode, type ErrorDetail, GatewayError, isGatewayError } from './kernel/errors.ts'
import type { Events } from './kernel/events.ts'

/** For what is down: most of it is back before a person has read the page. */
const RETRY_AFTER_SECONDS = 2

export interface Answers {
  /** Emits `request.answered` once the answer is over. `route`: its path pattern, or the endpoint's name. */
  tellWhenAnswered(
    request: Pick<GatewayRequest, 'id' | 'method' | 'clientAddress'>,
    response: ServerResponse,
    route: string,
    startedAt: number,
  ): void
  refuse(
    request: Pick<GatewayRequest, 'id' | 'headers'>,
    response: ServerResponse,
    code: ErrorCode,
    detail: ErrorDetail,
    extras: Omit<ErrorExtras, 'requestId'>,
  ): void
  /** At once for a value, later for a promise of one; whatever goes wrong later is answered. */
  proceed<T extends object>(exchange: Exchange, value: T | Promise<T>, go: (value: T) => void): void
  /** An error somebody threw. Says nothing to a client that has its answer, or a part of it. */
  fail(exchange: Exchange, error: unknown): void
}

export function createAnswers(events: Events): Answers {
  const fail: Answers['fail'] = ({ request, response }, error) => {
    const { code, detail, cause } = isGatewayError(error) ? error : new GatewayError('ERR_INTERNAL', {}, error)
    events.emit({ kind: 'request.failed', requestId: request.id, code, detail, cause })
    if (response.headersSent || response.destroyed) return
    sendReply(response, buildErrorReply(request, code, { requestId: request.id, ...retryOf(code) }))
  }
  return {
    fail,
    proceed(exchange, value, go) {
      if (value instanceof Promise) value.then(go).catch((error: unknown) => fail(exchange, error))
      else go(value)
    },
    tellWhenAnswered(request, response, route, startedAt) {
      response.once('close', () => {
        events.emit({
          kind: 'request.answered',
          requestId: request.id,
          method: request.method,
          route,
          status: response.statusCode,
          seconds: (performance.now() - startedAt) / 1000,
          clientAddress: request.clientAddress,
        })
      })
    },
    refuse(request, response, code, detail, extras) {
      events.emit({ kind: 'request.failed', requestId: request.id, code, detail })
      sendReply(response, buildErrorReply(request, code, { requestId: request.id, ...retryOf(code), ...extras }))
    },
  }
}

/** When to come again, beside a code of 503. */
export function retryOf(code: ErrorCode): Pick<ErrorExtras, 'retryAfterSeconds'> {
  return ERRORS[code].status === 503 ? { retryAfterSeconds: RETRY_AFTER_SECONDS } : {}
}
