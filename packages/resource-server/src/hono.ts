// The guard for Hono: `app.use(guard({ … }))`, then `c.get('caller')`. An error of `caller.requireRole()` needs nothing
// more: Hono asks a thrown error for its answer.
import type { MiddlewareHandler } from 'hono'
import { BearerError } from './bearer-error.ts'
import type { Caller } from './caller.ts'
import type { Guard } from './guard.ts'
import type { GuardOptions } from './guard-options.ts'
import { toGuard } from './incoming.ts'
import { authenticate } from './web.ts'

declare module 'hono' {
  interface ContextVariableMap {
    /** Who is calling; there behind `guard`. */
    caller: Caller
  }
}

/** Lets a request through with its `caller`, or answers it. Throws `TypeError` as `createGuard`. */
export function guard(options: GuardOptions | Guard): MiddlewareHandler {
  const service = toGuard(options)
  return async (context, next) => {
    try {
      context.set('caller', await authenticate(service, context.req.raw))
    } catch (error) {
      if (error instanceof BearerError) return error.getResponse()
      throw error
    }
    return await next()
  }
}
