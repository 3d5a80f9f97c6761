// "doorman dev --config FILE": embedded realms, the gateway of the file, and a command, until one of them or a signal ends.
import type { GatewayConfig, LogLevel } from '@doorman/gateway'
import { EXIT_CODE } from '../exit-code.ts'
import { openListening } from '../open-listening.ts'
import { printable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { devSecretOf, isEmbeddable, planEmbeddedRealms } from './embedded-realm.ts'
import { expectedPorts, startCommand } from './own-command.ts'
import type { OwnFile } from './own-file.ts'
import { startRealms } from './own-realms.ts'
import { untilOpen } from './until-open.ts'

export interface RunOwnOptions {
  /** False for an application that embeds the gateway. */
  readonly opensGateway: boolean
  /** Empty for none. */
  readonly command: readonly string[]
  readonly logLevel: LogLevel
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** The result is the exit code: that of the command, where it ends first. */
export async function runOwn(own: OwnFile, options: RunOwnOptions, terminal: Terminal): Promise<number> {
  const { promise: ended, resolve: end } = Promise.withResolvers<number>()
  const endOk = () => end(EXIT_CODE.ok)
  for (const signal of SIGNALS) process.once(signal, endOk)
  const closing: (() => Promise<void>)[] = []
  const over = new AbortController()
  try {
    const realms = await startRealms(planEmbeddedRealms(own.wanted, own.config))
    closing.push(realms.close)
    if (options.opensGateway) {
      const gateway = await openListening(own.config, { logLevel: options.logLevel, onRefused })
      closing.push(gateway.close)
    }
    for (const line of describe(own, options)) terminal.print(line)
    if (options.command.length === 0) return await ended
    const command = startCommand(options.command, own)
    closing.push(command.close)
    void tellWhenReady()
    return await Promise.race([ended, command.ended])
  } finally {
    over.abort()
    for (const signal of SIGNALS) process.off(signal, endOk)
    for (const close of closing.toReversed()) await close()
  }

  /** The command says so in its own words, and names its own address. */
  async function tellWhenReady(): Promise<void> {
    const isReady = await untilOpen(expectedPorts(own, options.opensGateway), over.signal)
    if (isReady) terminal.print(`\n  ready          ${own.config.publicUrl}\n`)
  }

  function onRefused(because: string): void {
    terminal.tell(`doorman: ${because}`)
    end(EXIT_CODE.configuration)
  }
}

function describe({ config, clients }: OwnFile, { opensGateway }: RunOwnOptions): readonly string[] {
  return [
    '',
    `  ${opensGateway ? 'Doorman      ' : 'application  '}  ${config.publicUrl}`,
    ...Object.entries(config.realms).map(([name, realm]) => `  realm          ${describeRealm(name, realm)}`),
    '  log in as      alice, bob (two tenants) or carol (an administrator): click one',
    ...clients.map((clientId) => `  client         ${printable(clientId)}, secret ${printable(devSecretOf(clientId))}`),
    '',
    '  Ctrl-C ends it.',
    '',
  ]
}

function describeRealm(name: string, { issuer }: GatewayConfig['realms'][string]): string {
  const where = isEmbeddable(issuer)
    ? 'embedded'
    : 'left as it is: only http://localhost:PORT/realms/NAME can be embedded'
  return `${name}: ${issuer}, ${where}`
}
