// The composition: one position, and everything an application is given of it.
import { headers } from 'next/headers.js'
import { cache } from 'react'
import type { RouteParameters } from './api-path.ts'
import { createBehind } from './behind/behind.ts'
import { createEmbedded } from './embedded/embedded.ts'
import { answerError, doormanError, errorOf } from './errors.ts'
import { createProxy, type ProxyFunction } from './optimistic-proxy.ts'
import type { DoormanOptions } from './options.ts'
import type { Position } from './position.ts'
import { outsideOfRender, untilRequested } from './render-scope.ts'
import type { ApiProxyOptions } from './requirement.ts'
import {
  type ApiHandlers,
  createApiHandlers,
  createHandlers,
  type HandleWithSession,
  type RouteHandler,
  type RouteOptions,
  wrapRoute,
} from './route-handlers.ts'
import { type DoormanSession, hasRole } from './session.ts'
import { turnAway } from './turn-away.ts'
import { type SignInOptions, type SignOutOptions, signInUrl, signOutUrl } from './urls.ts'

export interface RequireOptions {
  /** Path to come back to after the login. Default: the page that was asked for where `proxy` has told it, else `/`. */
  readonly returnTo?: string
}

export interface Doorman {
  /** For `app/auth/[...doorman]/route.ts`. `OPTIONS` only where front ends of other origins ask, as in `frontends`. */
  readonly handlers: ReturnType<typeof createHandlers>
  /** For `proxy.ts`. Authorizes nobody. */
  readonly proxy: ProxyFunction
  /**
   * For `app/api/NAME/[...path]/route.ts`: requests go to a service with its credential, streamed both ways. Throws a
   * `TypeError` for a rule that is none.
   */
  apiProxy(options: ApiProxyOptions): ApiHandlers
  /** A route handler that is only reached by whoever is logged in and has the role. */
  route<P = RouteParameters>(handler: HandleWithSession<P>, options?: RouteOptions): RouteHandler<P>
  /** Who is logged in, or null. Once a render. Throws a `DoormanError` of 503. */
  getSession(): Promise<DoormanSession | null>
  /** Who is logged in; a page or an action of nobody goes to the login, a fetch of a route handler gets 401. */
  requireSession(options?: RequireOptions): Promise<DoormanSession>
  /** As `requireSession`; 403 without one of the realm roles. */
  requireRole(role: string | readonly string[], options?: RequireOptions): Promise<DoormanSession>
  /**
   * The token a service is sent on behalf of whoever is logged in. Never let it reach the browser. Nobody is turned away
   * as by `requireSession`; for everything else throws a `DoormanError`, and a `TypeError` for a service that is sent
   * none or, embedded, is not configured. Behind a gateway it is the gateway that does not know it: 502, and a log line.
   */
  getToken(service: string): Promise<string>
  /**
   * `fetch` of a path of a service with its token, without a cache and without following redirects. 401, 403, 502 and
   * 503 are problem documents. Throws a `TypeError` for a service that is not configured, a path that leaves it and an
   * `init` that makes no sense, and the reason of `init.signal` once that has aborted.
   */
  fetchService(service: string, path: string, init?: RequestInit): Promise<Response>
  signInUrl(options?: SignInOptions): string
  signOutUrl(options?: SignOutOptions): string
}

/**
 * Doorman for an application of Next.js, behind a gateway or with one inside. Nothing is read or opened before the first
 * request; what is wrong with the options is thrown then, as a `TypeError`.
 */
export function createDoorman(options: DoormanOptions): Doorman {
  const position: Position = 'config' in options ? createEmbedded(options) : createBehind(options)
  const getSession = cache(async () => {
    const incoming = await headers()
    return outsideOfRender(() => position.findSession(incoming))
  })

  async function requireSession({ returnTo }: RequireOptions = {}): Promise<DoormanSession> {
    return (await getSession()) ?? turnAway(await headers(), returnTo)
  }

  return {
    handlers: createHandlers(position),
    proxy: createProxy(position),
    apiProxy: (api) => createApiHandlers(position, api),
    route: (handler, route = {}) => wrapRoute(position, handler, route),
    getSession,
    requireSession,
    async requireRole(role, require) {
      const session = await requireSession(require)
      if (hasRole(session, role)) return session
      throw doormanError('forbidden')
    },
    async getToken(service) {
      const incoming = await headers()
      await untilRequested()
      return getToken(position, incoming, service)
    },
    async fetchService(service, path, init = {}) {
      const incoming = await headers()
      await untilRequested()
      return position.callService(incoming, service, path, init).catch(answerError)
    },
    signInUrl,
    signOutUrl,
  }
}

async function getToken(position: Position, incoming: Headers, service: string): Promise<string> {
  const answer = await position.obtainToken(incoming, service)
  if (answer.kind === 'refused') {
    const error = await errorOf(answer.response)
    // Not at every 401: whoever lacks a second login would come back from this one at once.
    if (error.code === 'login_required') turnAway(incoming, undefined)
    throw error
  }
  if (answer.token !== null) return answer.token
  throw new TypeError(`getToken: service ${service} is sent no token; give it a credential in services.${service}`)
}
