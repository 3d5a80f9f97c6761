// The way of one request: understood once, decided, answered. For a warm session nothing here waits: every step that
// has its answer at hand returns it, and only one that has to ask returns a promise.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answers } from './answers.ts'
import type { Exchange } from './http/exchange.ts'
import { isNavigation } from './http/navigation.ts'
import type { ReadResult, RequestReader } from './http/read-request.ts'
import { buildRedirect, type Reply } from './http/reply.ts'
import type { GatewayRequest } from './http/request.ts'
import { sendReply } from './http/server.ts'
import { ERRORS, type ErrorCode } from './kernel/errors.ts'
import { decide } from './policy/access-policy.ts'
import { judgeOrigin, type OriginRules } from './policy/csrf.ts'
import { sessionPrincipal } from './policy/principal.ts'
import type { Endpoint } from './routes.ts'
import type { SessionLifecycle, SessionLookup } from './session/lifecycle.ts'
import type { LiveSession } from './session/live-session.ts'
import { type Cookies, readSessionId } from './session/session-cookie.ts'
import type { CredentialKind, Credentials, Freshness } from './tokens/credential.ts'
import type { Forwarder, ForwardRules } from './upstream/forward.ts'
import type { BuildUpstreamHeaders } from './upstream/headers.ts'
import type { Rewriting } from './upstream/rewrite.ts'
import type { RouteRule, RouteTable } from './upstream/route.ts'

/** A route of the configuration with everything that can be worked out once. */
export interface DoorRoute extends RouteRule {
  readonly credential: CredentialKind
  /** A navigation without a session starts a login. */
  readonly isPage: boolean
  readonly rewrite: Rewriting
  readonly forwarder: Forwarder
  readonly forwardRules: ForwardRules
}

export interface FrontDoorOptions {
  readonly readRequest: RequestReader
  readonly endpoints: ReadonlyMap<string, Endpoint>
  readonly routes: RouteTable<DoorRoute>
  readonly originRules: OriginRules
  readonly cookies: Cookies
  readonly sessions: SessionLifecycle
  readonly credentials: Credentials
  readonly buildHeaders: BuildUpstreamHeaders
  readonly startLoginFor: (request: GatewayRequest, returnTo: string) => Promise<Reply>
  /** Absolute: front ends of other origins read it too. */
  readonly loginUrl: string
  readonly answers: Answers
}

export interface FrontDoor {
  /** Answers every message itself; never throws. */
  readonly handle: (message: IncomingMessage, response: ServerResponse) => void
}

/** What logs and metrics call requests that no route and no endpoint owns. */
const NO_ROUTE = 'none'
const LIMITS = ['idle', 'absolute', 'realm']

export function createFrontDoor(options: FrontDoorOptions): FrontDoor {
  const { endpoints, routes, sessions, credentials } = options
  const { tellWhenAnswered, refuse, fail } = options.answers

  function handle(message: IncomingMessage, response: ServerResponse): void {
    const startedAt = performance.now()
    const read = options.readRequest(message)
    if (read.kind !== 'request') {
      answerUnread(read, message, response, startedAt)
      return
    }
    const { request } = read
    const exchange: Exchange = { request, peer: read.peer, message, response }
    const endpoint = endpoints.get(request.path)
    if (endpoint === undefined) {
      answerRoute(exchange, startedAt)
      return
    }
    tellWhenAnswered(request, response, endpoint.name, startedAt)
    void answerEndpoint(exchange, endpoint)
  }

  function answerUnread(
    read: Exclude<ReadResult, { readonly kind: 'request' }>,
    message: IncomingMessage,
    response: ServerResponse,
    startedAt: number,
  ): void {
    const id = read.requestId
    const clientAddress = message.socket.remoteAddress ?? ''
    tellWhenAnswered({ id, method: read.method, clientAddress }, response, NO_ROUTE, startedAt)
    if (read.kind === 'redirect') sendReply(response, buildRedirect(read.location))
    else refuse({ id, headers: message.headers }, response, read.code, { because: read.because }, {})
  }

  function answerRoute(exchange: Exchange, startedAt: number): void {
    const { request, response } = exchange
    const match = routes.match(request.method, request.path)
    tellWhenAnswered(request, response, 'route' in match ? (match.route?.path ?? NO_ROUTE) : NO_ROUTE, startedAt)
    switch (match.kind) {
      case 'matched':
        enter(exchange, match.route)
        return
      case 'method-not-allowed':
        refuse(request, response, 'ERR_ROUTE_METHOD_NOT_ALLOWED', {}, { headers: [['allow', match.allow]] })
        return
      case 'ambiguous':
        refuse(request, response, 'ERR_REQUEST_MALFORMED', { because: 'read differently by others' }, {})
        return
      case 'none':
        refuse(request, response, 'ERR_ROUTE_NOT_FOUND', {}, {})
        return
    }
  }

  async function answerEndpoint(exchange: Exchange, endpoint: Endpoint): Promise<void> {
    const { request, response } = exchange
    if (!endpoint.methods.includes(request.method)) {
      const allow = [['allow', endpoint.methods.join(', ')]] as const
      refuse(request, response, 'ERR_ROUTE_METHOD_NOT_ALLOWED', {}, { headers: allow })
      return
    }
    if (request.method !== 'GET' && isForged(exchange)) return
    try {
      sendReply(response, await endpoint.answer(request))
    } catch (error) {
      fail(exchange, error)
    }
  }

  function enter(exchange: Exchange, route: DoorRoute): void {
    if (route.require === 'none') {
      pass(exchange, route, null)
      return
    }
    if (isForged(exchange)) return
    const lookup = options.sessions.find(readSessionId(exchange.request, options.cookies))
    if ('kind' in lookup) {
      enterWith(exchange, route, lookup)
      return
    }
    lookup.then(
      (found) => enterWith(exchange, route, found),
      (error: unknown) => fail(exchange, error),
    )
  }

  function enterWith(exchange: Exchange, route: DoorRoute, lookup: SessionLookup): void {
    if (lookup.kind === 'none') {
      askToLogIn(exchange, route, LIMITS.includes(lookup.because) ? 'ERR_SESSION_EXPIRED' : 'ERR_SESSION_REQUIRED')
      return
    }
    sessions.use(lookup.live)
    const freshness = credentials.freshen(lookup.live)
    if ('kind' in freshness) {
      enterFresh(exchange, route, freshness)
      return
    }
    freshness.then(
      (fresh) => enterFresh(exchange, route, fresh),
      (error: unknown) => fail(exchange, error),
    )
  }

  function enterFresh(exchange: Exchange, route: DoorRoute, freshness: Freshness): void {
    const { request, response } = exchange
    if (freshness.kind === 'refused') {
      const { code, retryAfterSeconds } = freshness
      if (ERRORS[code].retry === 'login') {
        askToLogIn(exchange, route, code)
        return
      }
      refuse(request, response, code, {}, { retryAfterSeconds })
      return
    }
    const decision = decide(route.require, sessionPrincipal(freshness.live))
    if (decision.kind === 'deny') {
      refuse(request, response, 'ERR_POLICY_FORBIDDEN', { because: decision.because }, {})
      return
    }
    pass(exchange, route, freshness.live)
  }

  function pass(exchange: Exchange, route: DoorRoute, live: LiveSession | null): void {
    const { request } = exchange
    const authorization = live !== null && route.credential === 'accessToken' ? live.authorization : null
    const target = route.rewrite(request.path) + request.search
    route.forwarder.forward(exchange, target, options.buildHeaders(exchange, authorization), route.forwardRules)
  }

  /** A person who wanted a page goes to log in and comes back to it; everything else gets a 401 that says where. */
  function askToLogIn(exchange: Exchange, route: DoorRoute, code: ErrorCode): void {
    const { request, response } = exchange
    if (!route.isPage || request.method !== 'GET' || !isNavigation(request)) {
      refuse(request, response, code, {}, { loginUrl: options.loginUrl })
      return
    }
    options.startLoginFor(request, request.path + request.search).then(
      (reply) => sendReply(response, reply),
      (error: unknown) => fail(exchange, error),
    )
  }

  function isForged({ request, response }: Exchange): boolean {
    const verdict = judgeOrigin(request, options.originRules)
    if (verdict.kind === 'accepted') return false
    refuse(request, response, 'ERR_POLICY_CSRF', { because: verdict.because }, {})
    return true
  }

  return { handle }
}
