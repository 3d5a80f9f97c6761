// The options of "doorman plan" and "doorman drift".
import type { Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { CommandError } from '../failure.ts'
import { parseInterval } from './interval.ts'

interface PlanFlags {
  readonly config: string
  readonly json?: true
  readonly out?: string
}

export function addPlan(program: Command, config: Option, { terminal, env, end }: CommandContext): void {
  program
    .command('plan')
    .description('compare Keycloak with the configuration, field by field; changes nothing')
    .addOption(config)
    .option('--json', 'print one JSON document: the plan')
    .option('--out <file>', 'write the plan, for doorman apply FILE (mode 0600; no secrets)')
    .addHelpText('after', PLAN_HELP)
    .action(async ({ config: file, json, out }: PlanFlags) => {
      const { plan } = await import('./plan.ts')
      end(await plan({ file, json: json === true, out: out ?? null }, terminal, env))
    })
}

interface DriftFlags {
  readonly config: string
  readonly json?: true
  readonly watch?: number
  readonly listen?: string
}

export function addDrift(program: Command, config: Option, { terminal, env, end }: CommandContext): void {
  program
    .command('drift')
    .description('say by name what in Keycloak is not as the configuration wants it; changes nothing')
    .addOption(config)
    .option('--json', 'print one JSON document; with --watch one a line')
    .option('--watch <duration>', 'compare again and again, such as every 5m; tell what has changed', parseInterval)
    .option('--listen <address>', 'with --watch: serve /metrics for Prometheus, such as on 127.0.0.1:9464')
    .addHelpText('after', DRIFT_HELP)
    .action(async ({ config: file, json, watch, listen }: DriftFlags) => {
      if (listen !== undefined && watch === undefined) throw new CommandError('--listen is for --watch')
      const { parseListenAddress } = await import('@doorman/gateway')
      const address = listen === undefined ? null : parseListenAddress(listen)
      if (address === undefined) throw new CommandError('--listen: expected host:port, as 127.0.0.1:9464')
      const { drift } = await import('./drift.ts')
      const options = { file, json: json === true, watchSeconds: watch ?? null, listen: address }
      end(await drift(options, terminal, env))
    })
}

const PLAN_HELP = `
Signs: + is made, ~ is changed or adopted, - goes, ! is somebody else's and left alone. Secrets are never
shown. What carries our mark and is no longer in the configuration goes with doorman apply --prune alone.

A credential that may only view is enough: view-clients, view-realm, view-users and
view-identity-providers. Where one is missing, the plan says which part it could not see.

Exit codes: 0 in sync, 2 something would change or is foreign, 1 failed, 78 the configuration is wrong.

Examples:
  doorman plan
  doorman plan --out plan.json && doorman apply plan.json
`

const DRIFT_HELP = `
With --watch it runs until SIGTERM or Ctrl-C and prints one line when the state of a realm changes. A
Keycloak that cannot be reached is told and tried again. The configuration is read again each time.

Exit codes: 0 in sync, 2 something differs, 1 failed, 78 the configuration is wrong. With --watch: 0.

Examples:
  doorman drift
  doorman drift --watch 5m --listen 127.0.0.1:9464
`
