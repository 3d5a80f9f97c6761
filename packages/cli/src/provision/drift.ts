// "doorman drift": what in the realms is not as the file wants it, by name; once, or again and again.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ListenAddress } from '@doorman/gateway'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError, isCoded } from '../failure.ts'
import { formatJson } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { createDriftMetrics, type DriftMetrics } from './drift-metrics.ts'
import { describeState, driftDocument, hasDrift } from './drift-state.ts'
import { createDriftWatch } from './drift-watch.ts'
import { openGround } from './ground.ts'
import { checkGround } from './plan-ground.ts'

export interface DriftOptions {
  readonly file: string
  readonly json: boolean
  /** Seconds between two comparisons; null: once. */
  readonly watchSeconds: number | null
  /** Where metrics are served while watching; null: nowhere. */
  readonly listen: ListenAddress | null
}

export async function drift(options: DriftOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const { watchSeconds } = options
  return watchSeconds === null ? compareOnce(options, terminal, env) : watch(options, watchSeconds, terminal, env)
}

async function compareOnce({ file, json }: DriftOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const ground = await openGround({ file, onCall: () => undefined }, terminal, env)
  if (ground === undefined) return EXIT_CODE.configuration
  const realms = await checkGround(ground)
  if (json) terminal.print(formatJson({ realms: realms.map(driftDocument) }, 2))
  else for (const realm of realms) for (const line of describeState(realm)) terminal.print(`${realm.name}: ${line}`)
  if (realms.some(({ kind }) => kind === 'failed')) return EXIT_CODE.failure
  return realms.some(hasDrift) ? EXIT_CODE.changes : EXIT_CODE.ok
}

async function watch(
  { file, json, listen }: DriftOptions,
  seconds: number,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
  const metrics = createDriftMetrics()
  const close = listen === null ? () => undefined : await serveMetrics(listen, metrics, terminal)
  try {
    const watching = createDriftWatch({ file, json, metrics }, terminal, env)
    return await watching.run(seconds, ending.signal)
  } finally {
    close()
  }
}

async function serveMetrics(
  { host, port }: ListenAddress,
  metrics: DriftMetrics,
  terminal: Terminal,
): Promise<() => void> {
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.render())
  }).listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const because = isCoded(error) ? error.code : String(error)
    throw new CommandError(`cannot listen on ${host}:${port} (${because}); say another --listen`)
  }
  const address = server.address()
  const actual = typeof address === 'object' && address !== null ? address.port : port
  terminal.tell(`metrics are on http://${host}:${actual}/metrics`)
  return () => {
    server.close()
    server.closeAllConnections()
  }
}
