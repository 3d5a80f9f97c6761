// The options of "doorman explain".
import { METHODS } from 'node:http'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from './command-context.ts'
import type { Environment } from './environment.ts'
import { CommandError } from './failure.ts'
import type { Terminal } from './terminal.ts'

interface Flags {
  readonly config: string
  readonly claims?: string
  readonly as?: string
  readonly tenant?: string
  readonly via: 'session' | 'bearer'
  readonly json?: true
  readonly url?: string
  readonly tokenFile?: string
  readonly session?: string
  readonly showClaims?: true
}

export function addExplain(program: Command, config: Option, { terminal, env, end }: CommandContext): void {
  program
    .command('explain')
    .description('say what becomes of a request, and why: the route, every rule, the credential, the headers')
    .argument('<method>', 'such as GET', parseMethod)
    .argument('<path>', 'as in the request line; a query is ignored')
    .addOption(config)
    .option('--claims <file>', 'who asks: the claims of an access token or ID token as JSON; nobody without')
    .option('--as <name>', 'who asks: a person of the development realm, such as alice')
    .addOption(new Option('--via <way>', 'how they prove it').choices(['session', 'bearer']).default('session'))
    .option('--tenant <name>', 'the header X-Tenant')
    .option('--json', 'print one JSON document')
    .option('--url <url>', "ask a running gateway at its operator's listener, instead of reading the configuration")
    .option('--token-file <file>', 'with --url: the file of operator.tokenFile')
    .option('--session <handle>', 'with --url, who asks: a live session, by its public handle')
    .option('--show-claims', 'with --url: values of claims, which are masked otherwise')
    .addHelpText('after', HELP)
    .action(async (method: string, path: string, flags: Flags) => {
      const { claims = null, as = null, tenant = null, via, json } = flags
      const asked = { method, path, claims, as, tenant, via, json: json === true }
      end(await run(asked, flags, terminal, env))
    })
}

/** Small letters are meant as capitals; what no parser knows never gets as far as a route. */
function parseMethod(method: string): string {
  const upperCase = method.toUpperCase()
  if (!METHODS.includes(upperCase)) throw new InvalidArgumentError('expected a method such as GET.')
  return upperCase
}

type Asked = Pick<
  import('./commands/explain.ts').ExplainOptions,
  'method' | 'path' | 'claims' | 'as' | 'tenant' | 'via' | 'json'
>

async function run(asked: Asked, flags: Flags, terminal: Terminal, env: Environment): Promise<number> {
  const { config, url, tokenFile = null, session = null, showClaims } = flags
  if (url !== undefined) {
    const { explainRemotely } = await import('./commands/explain-remote.ts')
    return explainRemotely({ ...asked, url, tokenFile, session, showClaims: showClaims === true }, terminal)
  }
  if (tokenFile !== null || session !== null || showClaims === true) {
    throw new CommandError('--token-file, --session and --show-claims are for a running gateway: add --url')
  }
  const { explain } = await import('./commands/explain.ts')
  return explain({ ...asked, config }, terminal, env)
}

const HELP = `
Without --url nothing is sent to anybody.

Exit codes: 0 allowed, 2 refused, 1 failed, 78 the configuration is wrong.

Examples:
  doorman explain GET /api/admin/users --as carol
  doorman explain GET /api/admin/users --url http://127.0.0.1:4001 --token-file .doorman/operator --session HANDLE
`
