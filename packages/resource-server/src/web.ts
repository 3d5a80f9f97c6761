// The guard for everything that speaks in web requests and responses: route handlers, Bun, Deno.
import { BearerError } from './bearer-error.ts'
import type { Caller } from './caller.ts'
import type { Guard } from './guard.ts'
import type { GuardOptions } from './guard-options.ts'
import { refuseTokenInQuery, toGuard } from './incoming.ts'

/** Who sends this request. Rejects with `BearerError`. */
export async function authenticate(guard: Guard, request: Request): Promise<Caller> {
  refuseTokenInQuery(request.url)
  return guard.authenticate(request.headers.get('authorization') ?? undefined)
}

/** The answer to a `BearerError`; throws every other error again. */
export function handle(error: unknown): Response {
  if (error instanceof BearerError) return error.getResponse()
  throw error
}

/**
 * A handler that is only reached with a caller, also for what the caller then lacks. What a framework passes beside the
 * request comes after the caller. Throws `TypeError` as `createGuard`.
 */
export function guard<Rest extends readonly unknown[]>(
  options: GuardOptions | Guard,
  handler: (request: Request, caller: Caller, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const service = toGuard(options)
  return async (request, ...rest) => {
    try {
      return await handler(request, await authenticate(service, request), ...rest)
    } catch (error) {
      return handle(error)
    }
  }
}
