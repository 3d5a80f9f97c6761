// What comes in by the public listener: read once, judged by its origin, and sent to an endpoint of ours or through a
// route.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answers } from './answers.ts'
import type { DoorRoute } from './door-routes.ts'
import type { RefuseForged } from './forgery-guard.ts'
import { decideHeaders } from './http/answer-headers.ts'
import { createEventStreams } from './http/event-stream.ts'
import type { Exchange } from './http/exchange.ts'
import { createFormReader } from './http/read-form.ts'
import type { ReadResult, RequestReader } from './http/read-request.ts'
import { buildRedirect } from './http/reply.ts'
import { sendReply } from './http/server.ts'
import type { UpgradeRequest } from './http/upgrade.ts'
import type { Limiter } from './limiters.ts'
import type { Passage } from './passage.ts'
import { buildPreflightReply, type CorsRules, judgeCors, type Preflight } from './policy/cors.ts'
import { ANONYMOUS } from './policy/principal.ts'
import type { Endpoint } from './routes.ts'
import type { RouteMatch, RouteTable } from './upstream/route.ts'

export interface FrontDoorOptions {
  readonly readRequest: RequestReader
  readonly corsRules: CorsRules
  /** Over every request, before it is known whose it is; null for none. */
  readonly limiter: Limiter | null
  readonly endpoints: ReadonlyMap<string, Endpoint>
  readonly routes: RouteTable<DoorRoute>
  readonly passage: Passage
  readonly refuseForged: RefuseForged
  readonly answers: Answers
}

export interface FrontDoor {
  /** Answers every message itself; never throws. */
  readonly handle: (message: IncomingMessage, response: ServerResponse, upgrade: UpgradeRequest | null) => void
  /** Ends what would keep the server from closing. */
  readonly endStreams: () => void
}

/** What logs and metrics call requests that no route and no endpoint owns. */
const NO_ROUTE = 'none'
const FORM_LIMITS = { maxBytes: 16_384, seconds: 10 }

export function createFrontDoor(options: FrontDoorOptions): FrontDoor {
  const { endpoints, routes, limiter } = options
  const { tellWhenAnswered, refuse, fail } = options.answers
  const eventStreams = createEventStreams()

  function handle(message: IncomingMessage, response: ServerResponse, upgrade: UpgradeRequest | null): void {
    const startedAt = performance.now()
    const read = options.readRequest(message)
    if (read.kind !== 'request') {
      answerUnread(read, message, response, startedAt)
      return
    }
    const exchange: Exchange = { request: read.request, peer: read.peer, message, response, upgrade }
    try {
      answer(exchange, startedAt)
    } catch (error) {
      fail(exchange, error)
    }
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

  function answer(exchange: Exchange, startedAt: number): void {
    const { request, response } = exchange
    const cors = judgeCors(request, options.corsRules)
    if (cors.kind === 'actual') {
      if (cors.headers.length > 0) decideHeaders(response, cors.headers)
      answerRequest(exchange, startedAt)
      return
    }
    tellWhenAnswered(request, response, 'preflight', startedAt)
    if (cors.kind === 'preflight') {
      sendReply(response, buildPreflightReply(cors, allowedMethods(request.path, cors)))
      return
    }
    refuse(request, response, 'ERR_POLICY_CORS', { because: cors.because }, { headers: cors.headers })
  }

  /** As in `Allow`; null where nothing owns the path. */
  function allowedMethods(path: string, { method }: Preflight): string | null {
    const endpoint = endpoints.get(path)
    if (endpoint !== undefined) return endpoint.methods.join(', ')
    const match = routes.match(method, path)
    if (match.kind === 'method-not-allowed') return match.allow
    return match.kind === 'matched' ? (match.route.methods?.join(', ') ?? null) : null
  }

  function answerRequest(exchange: Exchange, startedAt: number): void {
    const endpoint = endpoints.get(exchange.request.path)
    if (endpoint === undefined) {
      answerRoute(exchange, startedAt)
      return
    }
    tellWhenAnswered(exchange.request, exchange.response, endpoint.name, startedAt)
    if (endpoint.countsInLimit) limit(exchange, () => answerEndpoint(exchange, endpoint))
    else answerEndpoint(exchange, endpoint)
  }

  function limit(exchange: Exchange, pass: () => void): void {
    if (limiter === null) pass()
    else limiter(exchange, ANONYMOUS, null, pass)
  }

  function answerRoute(exchange: Exchange, startedAt: number): void {
    const { request, response } = exchange
    const match = routes.match(request.method, request.path)
    tellWhenAnswered(request, response, 'route' in match ? (match.route?.path ?? NO_ROUTE) : NO_ROUTE, startedAt)
    limit(exchange, () => goThrough(exchange, match))
  }

  function goThrough(exchange: Exchange, match: RouteMatch<DoorRoute>): void {
    const { request, response } = exchange
    switch (match.kind) {
      case 'matched':
        if (!refusesUpgrade(exchange, match.route.upgrade)) options.passage(exchange, match.route)
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

  /** True once it has been refused. `protocols`: those that are spoken there. */
  function refusesUpgrade({ request, response, upgrade }: Exchange, protocols: readonly string[]): boolean {
    if (upgrade === null) return false
    const { protocol } = upgrade
    if (protocol !== null && protocols.includes(protocol)) return false
    refuse(request, response, 'ERR_UPGRADE_REFUSED', { because: protocol === null ? 'not one protocol' : protocol }, {})
    return true
  }

  function answerEndpoint(exchange: Exchange, endpoint: Endpoint): void {
    const { request, response } = exchange
    if (refusesUpgrade(exchange, [])) return
    if (!endpoint.methods.includes(request.method)) {
      const allow = [['allow', endpoint.methods.join(', ')]] as const
      refuse(request, response, 'ERR_ROUTE_METHOD_NOT_ALLOWED', {}, { headers: allow })
      return
    }
    if (endpoint.guardsForgery && request.method !== 'GET' && options.refuseForged(exchange)) return
    const readForm = createFormReader(exchange.message, FORM_LIMITS)
    const reply = () => {
      endpoint
        .answer(request, readForm)
        .then((made) => ('kind' in made ? eventStreams.send(response, made) : sendReply(response, made)))
        .catch((error: unknown) => fail(exchange, error))
    }
    if (endpoint.limiter === null) reply()
    else endpoint.limiter(exchange, ANONYMOUS, null, reply)
  }

  return { handle, endStreams: eventStreams.close }
}
