// The guard for Fastify 5: `app.register(guard({ … }))`, then `request.caller` in this scope and those below it.
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { BearerError } from './bearer-error.ts'
import type { Caller } from './caller.ts'
import type { Guard } from './guard.ts'
import type { GuardOptions } from './guard-options.ts'
import { authenticateIncoming, toGuard } from './incoming.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; there behind `guard`. */
    caller: Caller
  }
}

/**
 * For `setErrorHandler`: answers a `BearerError` as RFC 6750 says, with JSON, and leaves every other error to Fastify.
 * Without it Fastify answers with the same status, challenge and message in its own JSON.
 */
export function answerBearerErrors(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!(error instanceof BearerError)) throw error
  return reply.code(error.status).headers(error.headers).send(error.body)
}

/** Lets requests through with their `caller`, or answers them. Throws `TypeError` as `createGuard`. */
export function guard(options: GuardOptions | Guard): FastifyPluginAsync {
  const service = toGuard(options)
  const plugin: FastifyPluginAsync = async (app) => {
    if (!app.hasRequestDecorator('caller')) app.decorateRequest('caller')
    app.addHook('onRequest', async (request, reply) => {
      try {
        request.caller = await authenticateIncoming(service, request.raw)
      } catch (error) {
        return answerBearerErrors(error, request, reply)
      }
    })
  }
  // Otherwise the hook would stand in a scope of its own and guard nothing: Fastify's plugin documentation.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}
