// What the operator's listeners answer, as one table. Everything else there is a 404.
import { buildReply, type Reply } from '../http/reply.ts'
import { answerExplain, type ExplainOptions } from './explain.ts'
import { buildHealth, checkReadiness, type ReadinessOptions } from './health.ts'
import { type MetricsOptions, serveMetrics } from './metrics.ts'
import type { OperatorRequest } from './operator-request.ts'
import { isAuthorized } from './operator-token.ts'
import { endSessions, listSessions, type OperatorSessionsOptions } from './sessions.ts'

export interface OperatorEndpoint {
  readonly path: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** `anyone`; `metrics`: anyone, unless a token is configured; `token`: nobody without it, wherever it listens. */
  readonly access: 'anyone' | 'metrics' | 'token'
  readonly answer: (request: OperatorRequest) => Reply | Promise<Reply>
}

export function probeEndpoints(options: ReadinessOptions): readonly OperatorEndpoint[] {
  return [
    { path: '/healthz', method: 'GET', access: 'anyone', answer: buildHealth },
    { path: '/readyz', method: 'GET', access: 'anyone', answer: () => checkReadiness(options) },
  ]
}

export function operatorEndpoints(
  options: ReadinessOptions & MetricsOptions & ExplainOptions & OperatorSessionsOptions,
): readonly OperatorEndpoint[] {
  return [
    ...probeEndpoints(options),
    { path: '/metrics', method: 'GET', access: 'metrics', answer: () => serveMetrics(options) },
    { path: '/explain', method: 'POST', access: 'token', answer: (request) => answerExplain(request, options) },
    { path: '/sessions', method: 'GET', access: 'token', answer: (request) => listSessions(request, options) },
    { path: '/sessions', method: 'DELETE', access: 'token', answer: (request) => endSessions(request, options) },
  ]
}

export type AnswerOperator = (request: OperatorRequest) => Reply | Promise<Reply>

/** `token` is the bearer token that all but the probes ask for; null: there is none, and nothing that needs one. */
export function createOperator(endpoints: readonly OperatorEndpoint[], token: string | null): AnswerOperator {
  const offered = endpoints.filter(({ access }) => token !== null || access !== 'token')
  return (request) => {
    const here = offered.filter(({ path }) => path === request.path)
    const isOpen = here.some(({ access }) => access === 'anyone')
    if (token !== null && !isOpen && !isAuthorized(request, token)) {
      return buildReply(401, '', [['www-authenticate', 'Bearer realm="operator"']])
    }
    if (here.length === 0) return buildReply(404)
    const endpoint = here.find(({ method }) => method === (request.method === 'HEAD' ? 'GET' : request.method))
    if (endpoint !== undefined) return endpoint.answer(request)
    const allow = here.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    return buildReply(405, '', [['allow', allow.join(', ')]])
  }
}
