import { buildReply, type Reply } from '../http/reply.ts'

export interface MetricsOptions {
  /** The text format of Prometheus. */
  readonly renderMetrics: () => Promise<string>
}

export async function serveMetrics(options: MetricsOptions): Promise<Reply> {
  return buildReply(200, await options.renderMetrics(), [['content-type', 'text/plain; version=0.0.4; charset=utf-8']])
}
