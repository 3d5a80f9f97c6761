// The options of "doorman init".
import type { Command, Option } from 'commander'
import type { CommandContext } from './command-context.ts'
import type { InitOptions } from './commands/init.ts'
import type { Environment } from './environment.ts'
import { CommandError } from './failure.ts'
import type { Terminal } from './terminal.ts'

interface Flags extends InitOptions {
  readonly fromRealm?: true
  readonly client?: readonly string[]
  readonly adminUrl?: string
  readonly out?: string
}

export function addInit(program: Command, config: Option, { terminal, env, end }: CommandContext): void {
  program
    .command('init')
    .description("write doorman.yaml and the client for Keycloak's import dialog, and say what the realm lacks")
    .option('--issuer <url>', 'the realm, such as https://sso.example.com/realms/main')
    .option('--public-url <url>', 'where browsers will find the gateway (default: "http://localhost:4000")')
    .option('--client-id <id>', 'the client of the gateway in the realm (default: "web-gateway")')
    .addOption(config)
    .option('--client-file <file>', 'the client as JSON', 'keycloak-client.json')
    .option('--force', 'overwrite files that exist')
    .option('--from-realm', 'instead: write the section clients for clients that are in the realm already')
    .option('--client <id>', 'with --from-realm: only this one; may be repeated', collect)
    .option('--admin-url <url>', 'with --from-realm and --issuer: where Keycloak is, if not at the issuer')
    .option('--out <file>', 'with --from-realm: write there, instead of to the standard output')
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      end(await (flags.fromRealm === true ? describe(flags, terminal, env) : initialize(flags, terminal, env)))
    })
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

async function initialize(flags: Flags, terminal: Terminal, env: Environment): Promise<number> {
  const { client, adminUrl, out, ...options } = flags
  if (client !== undefined || adminUrl !== undefined || out !== undefined) {
    throw new CommandError('--client, --admin-url and --out are for clients that are there: add --from-realm')
  }
  const { init } = await import('./commands/init.ts')
  return init(options, terminal, env)
}

async function describe(flags: Flags, terminal: Terminal, env: Environment): Promise<number> {
  const { issuer, adminUrl = null, client: clientIds = null, config: file, out = null, force } = flags
  if (issuer === undefined && adminUrl !== null) throw new CommandError('--admin-url is for --issuer')
  const place =
    issuer === undefined ? ({ kind: 'file', file } as const) : ({ kind: 'realm', issuer, adminUrl } as const)
  const { initFromRealm } = await import('./provision/init-from-realm.ts')
  return initFromRealm({ place, clientIds, out, overwrites: force === true }, terminal, env)
}

const HELP = `
Asks for what is not given, when there is a terminal. With KEYCLOAK_CLIENT_SECRET in the environment the
client's secret and audience are checked, too. All requests to the realm are harmless.

With --from-realm nothing is changed, either: it reads clients and writes what doorman plan would find in
sync but for their adoption, never a secret. Without --issuer it reads the realms of --config by the
credentials there. Environment, with --issuer:
  DOORMAN_PROVISION_CLIENT_ID  a client of the realm whose service account may view-clients and view-users
  DOORMAN_PROVISION_SECRET     its secret

Examples:
  doorman init --issuer https://sso.example.com/realms/main --public-url https://app.example.com
  doorman init --from-realm --issuer https://sso.example.com/realms/main --client mlflow --client phoenix
`
