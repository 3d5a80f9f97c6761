// The options of "doorman bootstrap".
import { type Command, InvalidArgumentError, type Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { CommandError } from '../failure.ts'
import type { BootstrapOptions } from './bootstrap.ts'
import type { Administrator } from './bootstrap-credential.ts'

interface Flags {
  readonly config: string
  readonly realm?: string
  readonly clientId?: string
  readonly readOnly?: true
  readonly adminUser?: string
  readonly adminClient?: string
  readonly adminRealm: string
  readonly adminSecretFile?: string
  readonly out?: string
  readonly variable: string
}

export function addBootstrap(program: Command, config: Option, { terminal, env, end }: CommandContext): void {
  program
    .command('bootstrap')
    .description('once, as an administrator: make the service account by which plan and apply work')
    .addOption(config)
    .option('--realm <name>', 'the key of `realms` (default: the realm people log in to)')
    .option('--client-id <id>', "the account's client (default: that of provision.realms, else doorman-provisioner)")
    .option('--read-only', 'for doorman plan and doorman drift alone')
    .option('--admin-user <name>', 'the administrator, whose password is asked for')
    .option('--admin-client <id>', "or a service account with an administrator's roles")
    .option('--admin-realm <name>', 'where the administrator is', 'master')
    .option('--admin-secret-file <file>', "the file with the administrator's password or secret")
    .option('--out <file>', "the .env file that the account's secret goes to (mode 0600); otherwise a pipe gets it")
    .option('--variable <name>', 'what it is called there', parseVariable, 'DOORMAN_PROVISION_SECRET')
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const { bootstrap } = await import('./bootstrap.ts')
      const options: BootstrapOptions = {
        file: flags.config,
        realm: flags.realm ?? null,
        clientId: flags.clientId ?? null,
        use: flags.readOnly === true ? 'plan' : 'apply',
        administrator: administratorOf(flags),
        envFile: flags.out ?? null,
        variable: flags.variable,
        hasPipe: process.stdout.isTTY !== true,
      }
      end(await bootstrap(options, terminal, env))
    })
}

function administratorOf({ adminUser, adminClient, adminRealm: realm, adminSecretFile }: Flags): Administrator {
  const secretFile = adminSecretFile ?? null
  if (adminUser !== undefined && adminClient === undefined) return { kind: 'user', name: adminUser, realm, secretFile }
  if (adminClient !== undefined && adminUser === undefined) {
    return { kind: 'client', name: adminClient, realm, secretFile }
  }
  throw new CommandError('say who the administrator is: --admin-user NAME or --admin-client ID')
}

function parseVariable(text: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) return text
  throw new InvalidArgumentError('expected the name of an environment variable.')
}

const HELP = `
The account gets exactly the roles of realm-management that the configuration needs; run it again when that
has changed. A second run changes nothing and writes the same secret. Nothing of the administrator is kept.

Environment:
  DOORMAN_ADMIN_PASSWORD  of --admin-user
  DOORMAN_ADMIN_SECRET    of --admin-client
Without either, and without --admin-secret-file, it is asked for.

Examples:
  doorman bootstrap --admin-user admin --out provision.env
  doorman bootstrap --read-only --client-id doorman-planner --admin-user admin --out planner.env
`
