// Route handlers of the application: with a session, or answered for it.
import { connection, type NextRequest } from 'next/server.js'
import { baseOf, type RouteParameters } from './api-path.ts'
import { answerError } from './errors.ts'
import type { Position } from './position.ts'
import { buildProblem } from './problem.ts'
import { type ApiProxyOptions, checkApiOptions } from './requirement.ts'
import { type DoormanSession, hasRole } from './session.ts'
import { askForPlain, unpack } from './unpack.ts'

interface RouteContext<P> {
  readonly params: Promise<P>
}

export interface SessionContext<P> extends RouteContext<P> {
  readonly session: DoormanSession
}

export interface RouteOptions {
  /** Realm roles, one of which is enough. Default: whoever is logged in. */
  readonly role?: string | readonly string[]
}

export type RouteHandler<P> = (request: NextRequest, context: RouteContext<P>) => Promise<Response>

/** One function for every method. */
export type ApiHandlers = Readonly<
  Record<'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS', RouteHandler<RouteParameters>>
>

export type HandleWithSession<P> = (request: NextRequest, context: SessionContext<P>) => Response | Promise<Response>

/** 401, 403 and 503 are problem documents; whatever else is thrown goes on to Next. */
export function wrapRoute<P>(
  position: Position,
  handler: HandleWithSession<P>,
  { role }: RouteOptions,
): RouteHandler<P> {
  return async (request, context) => {
    await connection()
    try {
      const session = await position.findSession(request.headers)
      if (session === null) return buildProblem('login_required', await position.publicUrl())
      if (await position.isForged(request)) return buildProblem('csrf')
      if (role !== undefined && !hasRole(session, role)) return buildProblem('forbidden')
      return await handler(request, { params: context.params, session })
    } catch (error) {
      return answerError(error)
    }
  }
}

export function createApiHandlers(position: Position, options: ApiProxyOptions): ApiHandlers {
  checkApiOptions(options)
  const forward = position.createApi(options)
  const handler: RouteHandler<RouteParameters> = async (request, { params }) => {
    await connection()
    try {
      return unpack(await forward(askForPlain(request), baseOf(new URL(request.url).pathname, await params)))
    } catch (error) {
      return answerError(error)
    }
  }
  return {
    GET: handler,
    HEAD: handler,
    POST: handler,
    PUT: handler,
    PATCH: handler,
    DELETE: handler,
    OPTIONS: handler,
  }
}

export function createHandlers(position: Position) {
  const handler = async (request: NextRequest): Promise<Response> => {
    await connection()
    return position.handle(request).then(unpack, answerError)
  }
  return { GET: handler, POST: handler, DELETE: handler, OPTIONS: handler }
}
