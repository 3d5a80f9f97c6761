// The command beside the gateway: it has our terminal, and knows where everything is by its environment.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { type GatewayConfig, isLoopbackHost } from '@doorman/gateway'
import { CommandError } from '../failure.ts'
import { devSecretOf } from './embedded-realm.ts'
import type { OwnFile } from './own-file.ts'

export interface RunningCommand {
  /** Its exit code, or 128 and the number of the signal that ended it. Rejects when it cannot be started. */
  readonly ended: Promise<number>
  close(): Promise<void>
}

const CLOSE_SECONDS = 10
const SIGNAL_EXIT_CODE = 128
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

export function startCommand([command = '', ...args]: readonly string[], own: OwnFile): RunningCommand {
  const child = spawn(command, args, { stdio: 'inherit', env: { ...own.env, ...describeForCommand(own) } })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', ({ message }) => reject(new CommandError(`the command cannot be started: ${message}`)))
    child.once('exit', (code, signal) => resolve(code ?? SIGNAL_EXIT_CODE + constants.signals[signal ?? 'SIGTERM']))
  })
  return { ended, close: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill()
  const tooLong = setTimeout(() => child.kill('SIGKILL'), CLOSE_SECONDS * 1000)
  await exited
  clearTimeout(tooLong)
}

/** docs/cli.md lists them. */
function describeForCommand({ file, config, clients }: OwnFile): Readonly<Record<string, string>> {
  return {
    DOORMAN_CONFIG: file,
    DOORMAN_URL: config.publicUrl,
    ...Object.fromEntries(portsOf(config).map(([name, port]) => [variable('PORT', name), port])),
    ...Object.fromEntries(
      Object.entries(config.realms).map(([name, { issuer }]) => [variable('ISSUER', name), issuer]),
    ),
    ...Object.fromEntries(clients.map((clientId) => [variable('DEV_SECRET', clientId), devSecretOf(clientId)])),
  }
}

function variable(kind: string, name: string): string {
  return `DOORMAN_${kind}_${name.replaceAll(/\W/g, '_').toUpperCase()}`
}

/** Where the command is expected: its services and, where no gateway listens there, the application itself. */
export function expectedPorts({ config }: OwnFile, opensGateway: boolean): readonly number[] {
  const services = portsOf(config).map(([, port]) => Number(port))
  return opensGateway ? services : [...services, Number(portOf(new URL(config.publicUrl)))]
}

/** Of the services on this machine. */
function portsOf({ services }: GatewayConfig): readonly (readonly [string, string])[] {
  return Object.entries(services).flatMap(([name, { url }]) => {
    const address = new URL(url)
    const port = portOf(address)
    return isLoopbackHost(address.hostname) && port !== undefined ? [[name, port] as const] : []
  })
}

/** A URL leaves out the port its protocol has anyway. */
function portOf({ port, protocol }: URL): string | undefined {
  return port === '' ? DEFAULT_PORTS[protocol] : port
}
