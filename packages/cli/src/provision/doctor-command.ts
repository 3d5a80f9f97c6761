// The options of "doorman doctor".
import type { Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'

interface DoctorFlags {
  readonly config: string
  readonly json?: true
}

export function addDoctor(program: Command, config: Option, { terminal, env, end }: CommandContext): void {
  program
    .command('doctor')
    .description("make each consumer's own calls, and say what is wrong first, why, and what to do")
    .argument('[client]', 'one client of the configuration, by its client id or its key in clients')
    .addOption(config)
    .option('--json', 'print one JSON document')
    .addHelpText('after', DOCTOR_HELP)
    .action(async (client: string | undefined, { config: file, json }: DoctorFlags) => {
      const { doctor } = await import('./doctor.ts')
      end(await doctor({ file, client: client ?? null, json: json === true }, terminal, env))
    })
}

const DOCTOR_HELP = `
Nothing is changed anywhere, and no secret or token is shown. With a credential in provision.realms it
looks into the realm as well and names the field; without one it goes by what Keycloak answers. Run it
where the consumers run: names, certificates and firewalls are those of this machine.

Exit codes: 0 all is well, 1 something is wrong, 78 the configuration is wrong.

Examples:
  doorman doctor
  doorman doctor mlflow --json
`
