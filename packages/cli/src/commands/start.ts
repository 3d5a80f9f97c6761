// "doorman start": the gateway until a signal ends it.
import { formatListenAddress, type GatewayConfig, isLoopbackHost, type ListenAddress } from '@doorman/gateway'
import { requireConfig } from '../configuration.ts'
import { type Environment, readEnvironment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { openListening } from '../open-listening.ts'
import type { Terminal } from '../terminal.ts'

export async function start(file: string, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const written = requireConfig(file, terminal, env)
  const settings = readEnvironment(env)
  if (settings.kind === 'invalid') for (const problem of settings.problems) terminal.tell(problem)
  if (written === undefined || settings.kind === 'invalid') return EXIT_CODE.configuration
  const config = { ...written, listen: settings.listen ?? written.listen }
  warnOfListen(settings.listen, config, terminal)
  const ending = awaitEnding()
  const gateway = await openListening(config, { logLevel: settings.logLevel ?? 'info', onRefused: ending.refuse })
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
