// The options of "doorman apply".
import type { Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { parseInterval } from './interval.ts'

interface Flags {
  readonly config: string
  readonly prune?: true
  readonly yes?: true
  readonly json?: true
  readonly wait?: number
}

export function addApply(program: Command, config: Option, { terminal, env, end }: CommandContext): void {
  program
    .command('apply')
    .description('make Keycloak as the configuration wants it, and deliver the secrets')
    .argument('[plan]', 'a file of doorman plan --out: that plan and no other')
    .addOption(config)
    .option('--prune', 'delete what carries our mark and is no longer in the configuration; asks first')
    .option('--yes', 'with --prune: do not ask')
    .option('--json', 'print one JSON document: the plan, and what was done')
    .option(
      '--wait <duration>',
      'wait that long for a Keycloak or a realm that is not there yet, such as 5m',
      parseInterval,
    )
    .addHelpText('after', HELP)
    .action(async (planFile: string | undefined, { config: file, prune, yes, json, wait }: Flags) => {
      const { apply } = await import('./apply.ts')
      const options = { file, planFile: planFile ?? null, prunes: prune === true, isSure: yes === true }
      end(await apply({ ...options, json: json === true, waitSeconds: wait ?? null }, terminal, env))
    })
}

const HELP = `
Shows the plan, then carries it out. A second run changes nothing. After a failure, or Ctrl-C, the next run
goes on from there. While somebody else applies to the same realm, it refuses.

Exit codes: 0 done, 1 failed or not all of it could be seen, 78 the configuration is wrong.

Examples:
  doorman apply
  doorman plan --out plan.json && doorman apply plan.json
  doorman apply --prune --yes
`
