// The way of a proxied request with everything but sessions: read, matched, judged, forwarded. Publishes itself under
// the loopback address it got.
import { decideHeaders } from '../../src/http/answer-headers.ts'
import type { Exchange } from '../../src/http/exchange.ts'
import { createRequestReader } from '../../src/http/read-request.ts'
import { buildProblem, type Reply } from '../../src/http/reply.ts'
import { createHttpServer, type HttpLimits, sendReply } from '../../src/http/server.ts'
import type { ErrorCode, GatewayError } from '../../src/kernel/errors.ts'
import { buildPreflightReply, judgeCors, type Preflight } from '../../src/policy/cors.ts'
import { judgeOrigin } from '../../src/policy/csrf.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import { createCookies } from '../../src/session/session-cookie.ts'
import { createForwarder, type ForwarderOptions, type ForwardRules } from '../../src/upstream/forward.ts'
import { createUpstreamHeaders } from '../../src/upstream/headers.ts'
import { compileRewrite } from '../../src/upstream/rewrite.ts'
import { compileRoutes, type RouteRule } from '../../src/upstream/route.ts'

export interface TestRoute extends Omit<RouteRule, 'limit'> {
  readonly rewrite?: string
}

export interface TestProxyOptions {
  readonly upstream: string
  readonly routes?: readonly TestRoute[]
  readonly trustedProxies?: readonly string[]
  /** Of front ends beside its own. */
  readonly otherOrigins?: readonly string[]
  /** Headers of an own decision about every answer, such as those of a rate limit. */
  readonly decided?: Reply['headers']
  readonly authorization?: string | null
  readonly limits?: Partial<HttpLimits>
  readonly rules?: Partial<ForwardRules>
  readonly maxConnections?: number
  readonly connectTimeoutSeconds?: number
  readonly ca?: readonly string[]
  /** On behalf of whom requests are made. Default: nobody. */
  readonly live?: LiveSession
  readonly sessionEnd?: Partial<Pick<ForwarderOptions, 'watch' | 'cutsInFlight'>>
}

export interface TestProxy {
  readonly port: number
  readonly url: string
  readonly host: string
  /** Requests whose answer has neither ended nor been given up. */
  readonly inFlight: number
  /** Forwardings that failed. */
  readonly failures: readonly GatewayError[]
  close(): Promise<void>
}

const EVERYTHING: TestRoute = { path: '/*', methods: null, require: 'none' }

export async function createTestProxy(options: TestProxyOptions): Promise<TestProxy> {
  const failures: GatewayError[] = []
  let handle: Parameters<typeof createHttpServer>[0]['handler'] = () => {}
  const server = createHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    limits: {
      maxHeaderBytes: 16_384,
      headersTimeoutSeconds: 10,
      keepAliveSeconds: 5,
      closeSeconds: 0.1,
      ...options.limits,
    },
    handler: (message, response) => handle(message, response),
    upgradeHandler: null,
  })
  const { port } = await server.start()
  const host = `127.0.0.1:${port}`
  const publicUrl = new URL(`http://${host}`)
  const cookies = createCookies({
    publicUrl: publicUrl.origin,
    prefix: '__Host-',
    name: 'doorman',
    realm: null,
    sameSite: 'Lax',
  })

  const answer = ({ request, response }: Pick<Exchange, 'request' | 'response'>, code: ErrorCode, headers = {}) => {
    sendReply(response, buildProblem(code, { requestId: request.id, headers: Object.entries<string>(headers) }))
  }
  const forwarder = createForwarder({
    origin: options.upstream,
    ca: options.ca ?? null,
    maxConnections: options.maxConnections ?? 64,
    connectTimeoutSeconds: options.connectTimeoutSeconds ?? 5,
    failed: (exchange, error) => {
      failures.push(error)
      if (!exchange.response.headersSent) answer(exchange, error.code)
    },
    watch: () => () => {},
    cutsInFlight: false,
    upgradeClosed: () => {},
    ...options.sessionEnd,
  })
  const rules: ForwardRules = {
    headersTimeoutSeconds: 10,
    idleBodySeconds: 10,
    idleUpgradeSeconds: 10,
    isPersonal: true,
    isOwnCookie: cookies.isOurs,
    ...options.rules,
  }
  const routes = (options.routes ?? [EVERYTHING]).map((route) => ({
    ...route,
    limit: null,
    rewriting: compileRewrite(route.path, route.rewrite ?? null),
  }))
  const table = compileRoutes(routes)
  const otherOrigins = options.otherOrigins ?? []
  const allowOf = ({ method }: Preflight, path: string): string | null => {
    const match = table.match(method, path)
    if (match.kind === 'method-not-allowed') return match.allow
    return match.kind === 'matched' ? (match.route.methods?.join(', ') ?? null) : null
  }
  const read = createRequestReader({ publicUrl, trustedProxies: options.trustedProxies ?? [] })
  const buildHeaders = createUpstreamHeaders({ publicUrl, isOwnCookie: cookies.isOurs })

  let inFlight = 0
  handle = (message, response) => {
    inFlight += 1
    response.on('close', () => {
      inFlight -= 1
    })
    const result = read(message)
    if (result.kind === 'redirect') {
      sendReply(response, { status: 303, headers: [['location', result.location]], body: '' })
      return
    }
    if (result.kind === 'refused') {
      sendReply(response, buildProblem(result.code, { requestId: result.requestId }))
      return
    }
    const { request, peer } = result
    const exchange: Exchange = { request, peer, message, response, upgrade: null }
    const cors = judgeCors(request, { ownOrigin: publicUrl.origin, otherOrigins })
    if (cors.kind === 'refused') return answer(exchange, 'ERR_POLICY_CORS', Object.fromEntries(cors.headers))
    if (cors.kind === 'preflight') return sendReply(response, buildPreflightReply(cors, allowOf(cors, request.path)))
    decideHeaders(response, [...cors.headers, ...(options.decided ?? [])])
    const match = table.match(request.method, request.path)
    if (match.kind === 'none') return answer(exchange, 'ERR_ROUTE_NOT_FOUND')
    if (match.kind === 'ambiguous') return answer(exchange, 'ERR_REQUEST_MALFORMED')
    if (match.kind === 'method-not-allowed')
      return answer(exchange, 'ERR_ROUTE_METHOD_NOT_ALLOWED', { allow: match.allow })
    const { route } = match
    if (route.require !== 'none') {
      const verdict = judgeOrigin(request, {
        ownOrigin: publicUrl.origin,
        frontends: otherOrigins,
        crossSiteFrontends: [],
      })
      if (verdict.kind === 'refused') return answer(exchange, 'ERR_POLICY_CSRF')
    }
    const target = route.rewriting(request.path) + request.search
    forwarder.forward(
      exchange,
      target,
      buildHeaders(exchange, options.authorization ?? null, null),
      rules,
      options.live ?? null,
    )
  }

  return {
    port,
    url: publicUrl.origin,
    host,
    get inFlight() {
      return inFlight
    },
    failures,
    async close() {
      await server.close()
      await forwarder.close()
    },
  }
}
