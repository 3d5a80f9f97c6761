// Requests of pages that go on to a service with its credential, streamed both ways.
import { rewritePath } from '../api-path.ts'
import type { ForwardApi, Position } from '../position.ts'
import { buildProblem } from '../problem.ts'
import type { ApiProxyOptions, ApiRequirement } from '../requirement.ts'
import { type DoormanSession, hasRole } from '../session.ts'
import { buildServiceHeaders } from './headers.ts'
import { sendRequest } from './http-client.ts'

/** RFC 9110, section 9.2.2. */
const IDEMPOTENT: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']

interface ForwardParts extends Pick<Position, 'findSession' | 'obtainToken'> {
  readonly origin: () => string
  /** Throws a `TypeError` when the service is not configured. */
  readonly serviceUrl: () => URL
}

export function createForwardApi(options: ApiProxyOptions, parts: ForwardParts): ForwardApi {
  const { service, rewrite = null, require = {} } = options
  return async (request, base) => {
    const session = await parts.findSession(request.headers)
    const refusal = judge(session, require, parts.origin)
    if (refusal !== null) return refusal
    const answer = session === null ? null : await parts.obtainToken(request.headers, service)
    if (answer?.kind === 'refused') return answer.response
    const { pathname, search } = new URL(request.url)
    const url = new URL(parts.serviceUrl())
    // As properties: a path that begins with `//` would name another host.
    url.pathname = rewritePath(pathname, base, rewrite)
    url.search = search
    return forward(request, url, answer?.token ?? null, session?.tenant ?? null)
  }
}

function judge(session: DoormanSession | null, require: ApiRequirement, origin: () => string): Response | null {
  const { login, roles, tenant = false } = require
  if (session === null) return login === 'optional' ? null : buildProblem('login_required', origin())
  if (tenant && session.tenant === null) return buildProblem('tenant_required')
  return roles === undefined || hasRole(session, roles) ? null : buildProblem('forbidden')
}

async function forward(request: Request, url: URL, token: string | null, tenant: string | null): Promise<Response> {
  const { method, body, signal, headers } = request
  const isRepeatable = IDEMPOTENT.includes(method) && body === null
  const sent = buildServiceHeaders(headers, token, tenant)
  try {
    return await sendRequest({ url, method, headers: sent, body, isRepeatable, signal })
  } catch (error) {
    if (signal.aborted) throw error
    return buildProblem('upstream_unreachable')
  }
}
