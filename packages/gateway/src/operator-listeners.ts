// The operator's listeners: one for everything, and one for the probes alone where they have been given their own.
import type { OperatorConfig } from './config/gateway-config.ts'
import { parseTarget } from './http/canonical-path.ts'
import { buildReply } from './http/reply.ts'
import { createHttpServer, type HttpLimits, type HttpServer, sendReply } from './http/server.ts'
import { GatewayError } from './kernel/errors.ts'
import { isLoopbackHost } from './kernel/loopback.ts'
import { type AnswerOperator, createOperator, operatorEndpoints, probeEndpoints } from './operator/endpoints.ts'
import { judgeExposure } from './operator/exposure.ts'
import type { ReadinessOptions } from './operator/health.ts'
import { loadOperatorToken } from './operator/operator-token.ts'

export interface OperatorOptions {
  readonly config: OperatorConfig
  readonly limits: HttpLimits
  readonly readiness: ReadinessOptions
  readonly renderMetrics: () => Promise<string>
}

export interface OperatorListeners {
  readonly address: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

/** Rejects with `ERR_CONFIG_INVALID` for what may not be exposed, and with `ERR_LISTEN_FAILED`. */
export async function openOperator(options: OperatorOptions): Promise<OperatorListeners> {
  const { config, readiness } = options
  const token = config.tokenFile === null ? null : loadOperatorToken(config.tokenFile)
  const endpoints = operatorEndpoints({ ...readiness, renderMetrics: options.renderMetrics })
  const exposure = judgeExposure(endpoints, {
    isLoopback: isLoopbackHost(config.listen.host),
    hasToken: token !== null,
  })
  if (exposure.kind === 'refused') {
    throw new GatewayError('ERR_CONFIG_INVALID', {
      because: `operator.listen is not loopback, and ${exposure.paths.join(', ')} needs operator.tokenFile there`,
    })
  }
  const servers: HttpServer[] = []
  const listen = async (at: OperatorConfig['listen'], answer: AnswerOperator) => {
    const server = createHttpServer({ listen: at, limits: options.limits, handler: serve(answer) })
    const address = await server.start()
    servers.push(server)
    return address
  }
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()))
  }
  try {
    const address = await listen(config.listen, createOperator(endpoints, token))
    if (config.probes !== null) await listen(config.probes, createOperator(probeEndpoints(readiness), null))
    return { address, close }
  } catch (error) {
    await close()
    throw error
  }
}

function serve(answer: AnswerOperator): Parameters<typeof createHttpServer>[0]['handler'] {
  return async (message, response) => {
    const target = parseTarget(message.url ?? '')
    if (target.kind === 'refused') {
      sendReply(response, buildReply(400))
      return
    }
    try {
      sendReply(response, await answer({ method: message.method ?? '', path: target.path, headers: message.headers }))
    } catch {
      sendReply(response, buildReply(500))
    }
  }
}
