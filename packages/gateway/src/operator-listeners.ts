// The operator's listeners: one for everything, and one for the probes alone where they have been given their own.
import type { OperatorConfig } from './config/gateway-config.ts'
import { parseTarget } from './http/canonical-path.ts'
import { readText, type TextLimits } from './http/read-text.ts'
import { buildReply } from './http/reply.ts'
import { createHttpServer, type HttpLimits, type HttpServer, sendReply } from './http/server.ts'
import { type AnswerOperator, createOperator, operatorEndpoints, probeEndpoints } from './operator/endpoints.ts'
import type { ExplainOptions } from './operator/explain.ts'
import type { ReadinessOptions } from './operator/health.ts'
import { loadOperatorToken } from './operator/operator-token.ts'
import type { SessionAdministration } from './session/session-administration.ts'

/** Of a question with the claims of somebody who has many roles. */
const BODY_LIMITS: TextLimits = { maxBytes: 131_072, seconds: 10 }

export interface OperatorOptions {
  readonly config: OperatorConfig
  readonly limits: HttpLimits
  readonly readiness: ReadinessOptions
  readonly renderMetrics: () => Promise<string>
  readonly explaining: ExplainOptions
  readonly administration: SessionAdministration
}

export interface OperatorListeners {
  readonly address: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

/** Rejects with `ERR_CONFIG_INVALID` for a token file that cannot be used, and with `ERR_LISTEN_FAILED`. */
export async function openOperator(options: OperatorOptions): Promise<OperatorListeners> {
  const { config, readiness, administration, renderMetrics } = options
  const token = config.tokenFile === null ? null : loadOperatorToken(config.tokenFile)
  const endpoints = operatorEndpoints({ ...readiness, ...options.explaining, renderMetrics, administration })
  const servers: HttpServer[] = []
  const listen = async (at: OperatorConfig['listen'], answer: AnswerOperator) => {
    const server = createHttpServer({
      listen: at,
      limits: options.limits,
      handler: serve(answer),
      upgradeHandler: null,
    })
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
      const { method = '', headers, socket } = message
      const clientAddress = socket.remoteAddress ?? ''
      const readBody = async () => {
        const read = await readText(message, BODY_LIMITS)
        return read.kind === 'text' ? read.text : undefined
      }
      const query = new URLSearchParams(target.search)
      sendReply(response, await answer({ method, path: target.path, query, headers, clientAddress, readBody }))
    } catch {
      sendReply(response, buildReply(500))
    }
  }
}
