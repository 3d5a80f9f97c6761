// The options of "doorman dev": the demo, or a file of one's own.
import { type Command, Option } from 'commander'
import type { CommandContext } from './command-context.ts'
import type { Environment } from './environment.ts'
import { CommandError } from './failure.ts'
import { parsePort } from './port.ts'
import type { Terminal } from './terminal.ts'

interface Flags {
  readonly config?: string
  readonly gateway: boolean
  readonly walk?: true
  readonly keycloak?: true
  readonly port?: number
}

const FIRST_PORT = 4000

export function addDev(program: Command, { terminal, env, end }: CommandContext): void {
  program
    .command('dev')
    .description('try it: realms, services, a page and the gateway on this machine; or your own file')
    .argument('[command...]', 'with --config, after --: what is started beside the gateway, and ends with it')
    .option('-c, --config <file>', 'your own file, its realms on localhost embedded')
    .option('--no-gateway', 'with --config: the realms alone, for an application that embeds the gateway')
    .option('--walk', 'make the journey in the terminal and end')
    .option('--keycloak', 'use a real Keycloak instead of the embedded realm')
    .addOption(new Option('--port <number>', 'the first port to use (default: 4000)').argParser(parsePort))
    .addHelpText('after', HELP)
    .action(async (command: readonly string[], flags: Flags) => end(await run(command, flags, terminal, env)))
}

async function run(
  command: readonly string[],
  { config, gateway, walk, keycloak, port }: Flags,
  terminal: Terminal,
  env: Environment,
): Promise<number> {
  if (config === undefined) {
    if (command.length > 0 || !gateway) {
      throw new CommandError('a command and --no-gateway are for a file of your own: add --config')
    }
    const { dev } = await import('./commands/dev.ts')
    return dev({ walks: walk === true, usesKeycloak: keycloak === true, port: port ?? FIRST_PORT }, terminal, env)
  }
  if (walk === true || keycloak === true || port !== undefined) {
    throw new CommandError('--walk, --keycloak and --port are for the demo: leave them out, or --config')
  }
  const { devOwn } = await import('./commands/dev-own.ts')
  return devOwn({ file: config, opensGateway: gateway, command }, terminal, env)
}

const HELP = `
With --config every realm of the file whose issuer is http://localhost:PORT/realms/NAME is started there, as
doorman apply would make it, with alice, bob and carol in it: click one to log in. The command's end ends
everything, and its exit code is the one of doorman dev.

Examples:
  doorman dev
  doorman dev --config doorman.yaml -- npm run services
  doorman dev --config doorman.yaml --no-gateway -- next dev
`
