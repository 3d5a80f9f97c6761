// "doorman start": the gateway until a signal ends it.
import {
  formatListenAddress,
  type GatewayConfig,
  isLoopbackHost,
  type ListenAddress,
  type LogLevel,
  openGateway,
} from '@doorman/gateway'
import { requireConfig } from '../configuration.ts'
import { type Environment, readEnvironment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError, isCoded } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

export async function start(file: string, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const written = requireConfig(file, terminal, env)
  const settings = readEnvironment(env)
  if (settings.kind === 'invalid') for (const problem of settings.problems) terminal.tell(problem)
  if (written === undefined || settings.kind === 'invalid') return EXIT_CODE.configuration
  const config = { ...written, listen: settings.listen ?? written.listen }
  warnOfListen(settings.listen, config, terminal)
  const ending = awaitEnding()
  const gateway = await open(config, settings.logLevel ?? 'info', ending.refuse)
  terminal.tell(`${config.publicUrl} is served on ${formatListenAddress(gateway.publicAddress)}`)
  terminal.tell(`health and metrics are on ${formatListenAddress(gateway.operatorAddress)}`)
  const { because, exitCode } = await ending.reached
  terminal.tell(because)
  await gateway.close()
  return exitCode
}

interface Ending {
  readonly because: string
  readonly exitCode: ExitCode
}

/** A signal, or a realm this gateway must not run on. Later signals change nothing: requests in flight are finished. */
function awaitEnding() {
  const { promise, resolve } = Promise.withResolvers<Ending>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => resolve({ because: `${signal}: finishing requests in flight`, exitCode: EXIT_CODE.ok }))
  }
  return {
    reached: promise,
    refuse: (because: string) => resolve({ because: `doorman: ${because}`, exitCode: EXIT_CODE.configuration }),
  }
}

function warnOfListen(override: ListenAddress | undefined, config: GatewayConfig, terminal: Terminal): void {
  if (override === undefined || isLoopbackHost(override.host)) return
  const exposed = config.publicUrl.startsWith('http:') ? ', and cookies cross the network in clear' : ''
  terminal.tell(`warning: DOORMAN_LISTEN lets other machines connect${exposed}`)
}

async function open(config: GatewayConfig, logLevel: LogLevel, onRefused: (because: string) => void) {
  try {
    return await openGateway(config, { logLevel, onRefused })
  } catch (error) {
    throw isCoded(error, 'ERR_LISTEN_FAILED') ? describeListenFailure(error.detail ?? {}, config) : error
  }
}

function describeListenFailure(detail: Readonly<Record<string, unknown>>, config: GatewayConfig): CommandError {
  const { port, because } = detail
  const { listen, operator } = config
  const keys = { listen, 'operator.listen': operator.listen, 'operator.probes': operator.probes }
  const key = Object.entries(keys).find(([, address]) => address?.port === port)?.[0] ?? 'listen'
  if (because === 'EADDRINUSE') {
    return new CommandError(`port ${port} is taken by another process; stop it, or set ${key} to another port`)
  }
  if (because === 'EACCES')
    return new CommandError(`port ${port} needs more rights; set ${key} to a port from 1024 upwards`)
  return new CommandError(`cannot listen on port ${port} (${because}); see ${key} in the configuration`)
}
