// The command line: commands, options and help. What a command does stands in its own module, loaded when asked for.
import { Command, CommanderError, Option } from 'commander'
import type { CommandContext } from './command-context.ts'
import { addDev } from './dev-command.ts'
import type { Environment } from './environment.ts'
import { EXIT_CODE } from './exit-code.ts'
import { addExplain } from './explain-command.ts'
import { addInit } from './init-command.ts'
import { addApply } from './provision/apply-command.ts'
import { addBootstrap } from './provision/bootstrap-command.ts'
import { addDoctor } from './provision/doctor-command.ts'
import { addDrift, addPlan } from './provision/plan-command.ts'
import { addRbac } from './provision/rbac-command.ts'
import { addSecret } from './provision/secret-command.ts'
import { addSessions } from './sessions-command.ts'
import type { Terminal } from './terminal.ts'
import { readVersion } from './version.ts'

/** Runs one command line; the result is the exit code. */
export async function runProgram(args: readonly string[], terminal: Terminal, env: Environment): Promise<number> {
  let exitCode: number = EXIT_CODE.ok
  const end = (code: number) => {
    exitCode = code
  }
  const context = { terminal, env, end }
  try {
    await buildProgram(context).parseAsync(args, { from: 'user' })
  } catch (error) {
    // Help and version end here, too; what there is to say has been said.
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode
  }
  return exitCode
}

function buildProgram(context: CommandContext): Command {
  const program = new Command('doorman')
    .description('The front door for applications on Keycloak: log in, sessions, calls to your services.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText('after', HELP_EXAMPLES)
    .showHelpAfterError('Try doorman --help.')
    .configureOutput({
      writeOut: (text) => context.terminal.print(text.trimEnd()),
      writeErr: (text) => context.terminal.tell(text.trimEnd()),
    })
    .exitOverride()
  addStart(program, context)
  addCheck(program, context)
  addExplain(program, configOption(), context)
  addInit(program, configOption(), context)
  addDev(program, context)
  addKeys(program, context)
  addSessions(program, context)
  addPlan(program, configOption(), context)
  addApply(program, configOption(), context)
  addBootstrap(program, configOption(), context)
  addDrift(program, configOption(), context)
  addRbac(program, configOption(), context)
  addDoctor(program, configOption(), context)
  addSecret(program, configOption, context)
  return program
}

const HELP_EXAMPLES = `
Examples:
  doorman dev                                                try it: no Keycloak needed
  doorman dev --config doorman.yaml -- npm run web           your own file without a Keycloak, and your application
  doorman init --issuer https://sso.example.com/realms/main  write doorman.yaml for a realm
  doorman check                                              is doorman.yaml right, and who may do what?
  doorman explain GET /api/admin/users --as carol            may she, and why?
  doorman start                                              run the gateway
  doorman start --help                                       each command has its own help

Exit codes: 0 done, 1 failed, 2 doorman explain: refused; doorman plan and
drift: something differs, 78 the configuration is wrong.
`

function configOption(): Option {
  return new Option('-c, --config <file>', 'the configuration').default('doorman.yaml')
}

function addStart(program: Command, { terminal, env, end }: CommandContext): void {
  program
    .command('start')
    .description('run the gateway until SIGTERM or Ctrl-C')
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Environment:
  DOORMAN_LISTEN     another address to listen on, such as 0.0.0.0:4000 in a container
  DOORMAN_LOG_LEVEL  debug, info (default), warn or error

Example:
  doorman start --config /etc/doorman/doorman.yaml
`,
    )
    .action(async (options: { config: string }) => {
      const { start } = await import('./commands/start.ts')
      end(await start(options.config, terminal, env))
    })
}

function addCheck(program: Command, { terminal, env, end }: CommandContext): void {
  program
    .command('check')
    .description('say whether the configuration is right, and list who may use which route')
    .addOption(configOption())
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExit codes: 0 right, 78 wrong. Nothing is started and nobody is called.\n')
    .action(async (options: { config: string; json?: true }) => {
      const { check } = await import('./commands/check.ts')
      end(check({ file: options.config, json: options.json === true }, terminal, env))
    })
}

function addKeys(program: Command, context: CommandContext): void {
  const keys = program.command('keys').description('the keys of the gateway')
  addSealingKeys(keys, context)
  addSigningKeys(keys, context)
}

function addSealingKeys(keys: Command, { terminal, env, end }: CommandContext): void {
  const sealing = keys.command('sealing').description('the ring of keys that seals sessions in the store')
  sealing
    .command('list')
    .description('list the keys, oldest first; never the secrets')
    .addOption(configOption())
    .action(async (options: { config: string }) => {
      const { listKeys } = await import('./commands/keys.ts')
      end(listKeys(options.config, terminal, env))
    })
  sealing
    .command('rotate')
    .description('add a newest key; running gateways use it within seconds and no session ends')
    .addOption(configOption())
    .action(async (options: { config: string }) => {
      const { rotateKeys } = await import('./commands/keys.ts')
      end(rotateKeys(options.config, terminal, env))
    })
  sealing
    .command('retire')
    .description('remove a key that seals nothing any more')
    .argument('<id>', 'the key, as `doorman keys sealing list` shows it')
    .addOption(configOption())
    .option('--force', 'remove it although sessions are sealed by it; they end')
    .action(async (id: string, options: { config: string; force?: true }) => {
      const { retireKey } = await import('./commands/keys.ts')
      end(await retireKey({ id, force: options.force === true }, options.config, terminal, env))
    })
}

function addSigningKeys(keys: Command, { terminal, env, end }: CommandContext): void {
  const signing = keys
    .command('signing')
    .description('the keys that sign internal tokens; changed in the store, while gateways run')
  signing
    .command('list')
    .description('list the published keys; never the private ones')
    .addOption(configOption())
    .option('--json', 'print one JSON document')
    .action(async (options: SigningOptions) => {
      const { listSigningKeys } = await import('./commands/signing-keys.ts')
      end(await listSigningKeys({ config: options.config, json: options.json === true }, terminal, env))
    })
  signing
    .command('rotate')
    .description('make a new key, published now; it signs once every service can know it')
    .addOption(configOption())
    .option('--json', 'print one JSON document')
    .action(async (options: SigningOptions) => {
      const { rotateSigningKey } = await import('./commands/signing-keys.ts')
      end(await rotateSigningKey({ config: options.config, json: options.json === true }, terminal, env))
    })
  signing
    .command('retire')
    .description('replace a key; it stays published until its last token has ended')
    .argument('<kid>', 'the key, as `doorman keys signing list` shows it')
    .addOption(configOption())
    .option('--now', 'for an incident: unpublish it at once, and with it every token it has signed')
    .option('--json', 'print one JSON document')
    .action(async (kid: string, { config, json, now }: SigningOptions & { now?: true }) => {
      const { retireSigningKey } = await import('./commands/signing-keys.ts')
      end(await retireSigningKey({ kid, config, json: json === true, atOnce: now === true }, terminal, env))
    })
}

interface SigningOptions {
  readonly config: string
  readonly json?: true
}
