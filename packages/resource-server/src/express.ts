// The guard for Express 5: `app.use(guard({ … }))`, then `request.caller`.
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { BearerError } from './bearer-error.ts'
import type { Caller } from './caller.ts'
import type { Guard } from './guard.ts'
import type { GuardOptions } from './guard-options.ts'
import { authenticateIncoming, toGuard } from './incoming.ts'

declare global {
  namespace Express {
    interface Request {
      /** Who is calling; there behind `guard`. */
      caller: Caller
    }
  }
}

/**
 * An error handler that answers a `BearerError` as RFC 6750 says, with JSON. Without it Express answers with the same
 * status and challenge, as a page.
 */
export const answerBearerErrors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (!(error instanceof BearerError) || response.headersSent) {
    next(error)
    return
  }
  response.status(error.status).set(error.headers).json(error.body)
}

/** Lets a request through with its `caller`, or answers it. Throws `TypeError` as `createGuard`. */
export function guard(options: GuardOptions | Guard): RequestHandler {
  const service = toGuard(options)
  return async (request, response, next) => {
    try {
      request.caller = await authenticateIncoming(service, request)
    } catch (error) {
      await answerBearerErrors(error, request, response, next)
      return
    }
    next()
  }
}
