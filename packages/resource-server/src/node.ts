// The guard for node:http: `createServer(guard({ … }, (request, response) => … request.caller …))`.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BearerError } from './bearer-error.ts'
import type { Caller } from './caller.ts'
import type { Guard } from './guard.ts'
import type { GuardOptions } from './guard-options.ts'
import { authenticateIncoming, toGuard } from './incoming.ts'

/** A request that has passed the guard. */
export type GuardedRequest = IncomingMessage & { readonly caller: Caller }

/** Answers a `BearerError` as RFC 6750 says, with JSON; throws every other error again. */
export function answerBearerErrors(error: unknown, response: ServerResponse): void {
  if (!(error instanceof BearerError) || response.headersSent) throw error
  response.writeHead(error.status, { ...error.headers, 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(error.body))
}

/**
 * A request listener that is only reached with a caller, also for what the caller then lacks. Errors of the listener
 * that are no `BearerError` are its own: they reject. Throws `TypeError` as `createGuard`.
 */
export function guard(
  options: GuardOptions | Guard,
  listener: (request: GuardedRequest, response: ServerResponse) => void | Promise<void>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const service = toGuard(options)
  return async (request, response) => {
    try {
      const caller = await authenticateIncoming(service, request)
      await listener(Object.assign(request, { caller }), response)
    } catch (error) {
      answerBearerErrors(error, response)
    }
  }
}
