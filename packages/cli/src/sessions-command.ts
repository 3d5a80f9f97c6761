// The options of "doorman sessions".
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from './command-context.ts'
import type { SessionsOptions } from './commands/sessions.ts'
import { CommandError } from './failure.ts'

interface Flags {
  readonly config: string
  readonly url?: string
  readonly tokenFile?: string
  readonly json?: true
  readonly user?: string
  readonly sid?: string
  readonly all?: true
  readonly limit: number
}

export function addSessions(program: Command, { terminal, env, end }: CommandContext): void {
  const sessions = program
    .command('sessions')
    .description('who is logged in: list, look at and end sessions; never a token')
    .addHelpText('after', HELP)
  withPlace(sessions.command('list').description('list sessions'))
    .option('--user <user>', 'of one person: sub, user name or e-mail address')
    .option('--sid <sid>', "by the public handle, or by the realm's sid")
    .option('--limit <number>', 'show no more than that', parseLimit, 100)
    .action(async (flags: Flags) => {
      const { listSessions } = await import('./commands/sessions.ts')
      end(await listSessions({ ...placeOf(flags), selection: selectionOf(flags), limit: flags.limit }, terminal, env))
    })
  withPlace(sessions.command('show').description('show one session').argument('<sid>', 'its public handle')).action(
    async (sid: string, flags: Flags) => {
      const { showSession } = await import('./commands/sessions.ts')
      end(await showSession({ ...placeOf(flags), sid }, terminal, env))
    },
  )
  withPlace(sessions.command('end').description('end sessions, here and at their realm, on every replica'))
    .option('--user <user>', 'of one person: sub, user name or e-mail address')
    .option('--sid <sid>', "by the public handle, or by the realm's sid")
    .option('--all', 'everybody')
    .action(async (flags: Flags) => {
      const selection = selectionOf(flags)
      if (selection.kind === 'all' && flags.all !== true) throw new CommandError('say who: --user, --sid or --all')
      const { endSessions } = await import('./commands/sessions.ts')
      end(await endSessions({ ...placeOf(flags), selection }, terminal, env))
    })
}

function withPlace(command: Command): Command {
  return command
    .addOption(new Option('-c, --config <file>', 'the configuration, whose store is opened').default('doorman.yaml'))
    .option('--url <url>', "ask a running gateway at its operator's listener, instead of opening the store")
    .option('--token-file <file>', 'with --url: the file of operator.tokenFile')
    .option('--json', 'print one JSON document')
}

function placeOf({ config, url, tokenFile, json }: Flags): SessionsOptions {
  if (url === undefined && tokenFile !== undefined)
    throw new CommandError('--token-file is for a running gateway: add --url')
  return { config, url: url ?? null, tokenFile: tokenFile ?? null, json: json === true }
}

function selectionOf({ user, sid, all }: Flags) {
  if ([user, sid, all].filter((given) => given !== undefined).length > 1) {
    throw new CommandError('--user, --sid and --all exclude one another')
  }
  if (user !== undefined) return { kind: 'user', user } as const
  return sid === undefined ? ({ kind: 'all' } as const) : ({ kind: 'sid', sid } as const)
}

function parseLimit(text: string): number {
  const limit = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (limit === 0) throw new InvalidArgumentError('expected a whole number from 1.')
  return limit
}

const HELP = `
Without --url the store of the configuration is opened, beside running gateways: they hear of it at once.

Examples:
  doorman sessions list --user alice
  doorman sessions end --sid HANDLE
  doorman sessions end --all --url http://127.0.0.1:4001 --token-file .doorman/operator
`
