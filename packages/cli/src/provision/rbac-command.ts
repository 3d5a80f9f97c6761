// The options of "doorman rbac".
import { type Command, InvalidArgumentError, type Option } from 'commander'
import type { CommandContext } from '../command-context.ts'

interface Flags {
  readonly config: string
  readonly namespace: string
  readonly serviceAccount: string
}

export function addRbac(program: Command, config: Option, { terminal, env, end }: CommandContext): void {
  program
    .command('rbac')
    .description('print the roles by which a service account may deliver the Secrets of the configuration')
    .addOption(config)
    .option('--namespace <name>', 'where the service account is', parseName, 'doorman')
    .option('--service-account <name>', 'the service account that doorman apply runs as', parseName, 'doorman')
    .addHelpText('after', HELP)
    .action(async ({ config: file, namespace, serviceAccount }: Flags) => {
      const { rbac } = await import('./rbac.ts')
      end(rbac({ file, namespace, serviceAccount }, terminal, env))
    })
}

/** RFC 1123 names with dots, as Kubernetes has them. */
function parseName(text: string): string {
  if (text.length <= 253 && /^[a-z\d]([-a-z\d]*[a-z\d])?(\.[a-z\d]([-a-z\d]*[a-z\d])?)*$/.test(text)) return text
  throw new InvalidArgumentError('expected a name of small letters, digits, - and dots.')
}

const HELP = `
A Role and a RoleBinding for each namespace that gets a Secret, with exactly the verbs and the names that the
deliveries need. Nobody is called; somebody who may give these rights applies them.

Exit codes: 0 printed, 78 the configuration is wrong.

Example:
  doorman rbac --namespace doorman --service-account doorman | kubectl apply -f -
`
