// What the operator's listeners answer, as one table. Everything else there is a 404.
import { buildReply, type Reply } from '../http/reply.ts'
import type { GatewayRequest } from '../http/request.ts'
import { buildHealth, checkReadiness, type ReadinessOptions } from './health.ts'
import { type MetricsOptions, serveMetrics } from './metrics.ts'
import { isAuthorized } from './operator-token.ts'

export interface OperatorEndpoint {
  readonly path: string
  /** `anyone`; `metrics`: anyone, unless a token is configured; `token`: off loopback nobody without one. */
  readonly access: 'anyone' | 'metrics' | 'token'
  readonly answer: () => Reply | Promise<Reply>
}

export function probeEndpoints(options: ReadinessOptions): readonly OperatorEndpoint[] {
  return [
    { path: '/healthz', access: 'anyone', answer: buildHealth },
    { path: '/readyz', access: 'anyone', answer: () => checkReadiness(options) },
  ]
}

export function operatorEndpoints(options: ReadinessOptions & MetricsOptions): readonly OperatorEndpoint[] {
  return [...probeEndpoints(options), { path: '/metrics', access: 'metrics', answer: () => serveMetrics(options) }]
}

export type AnswerOperator = (request: Pick<GatewayRequest, 'method' | 'path' | 'headers'>) => Reply | Promise<Reply>

/** `token` is the bearer token that all but the probes ask for; null asks for none. */
export function createOperator(endpoints: readonly OperatorEndpoint[], token: string | null): AnswerOperator {
  return (request) => {
    const endpoint = endpoints.find(({ path }) => path === request.path)
    if (token !== null && endpoint?.access !== 'anyone' && !isAuthorized(request, token)) {
      return buildReply(401, '', [['www-authenticate', 'Bearer realm="operator"']])
    }
    if (endpoint === undefined) return buildReply(404)
    if (request.method !== 'GET' && request.method !== 'HEAD') return buildReply(405, '', [['allow', 'GET, HEAD']])
    return endpoint.answer()
  }
}
