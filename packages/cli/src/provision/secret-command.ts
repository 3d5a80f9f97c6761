// The options of "doorman secret".
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { CommandError } from '../failure.ts'

interface Flags {
  readonly config: string
  readonly realm?: string
  readonly json?: true
}

interface RotateFlags extends Flags {
  readonly due?: true
  readonly overlap?: number
  readonly acceptGap?: true
  readonly resume?: true
  readonly endOld?: true
}

export function addSecret(program: Command, config: () => Option, context: CommandContext): void {
  const secret = program.command('secret').description('the secrets of clients: show, deliver and rotate them')
  addShow(secret, config(), context)
  addDeliver(secret, config(), context)
  addRotate(secret, config(), context)
}

function addShow(secret: Command, config: Option, { terminal, env, end }: CommandContext): void {
  secret
    .command('show')
    .description('print the secret of one client to a pipe')
    .argument('<client>', 'the client id')
    .addOption(config)
    .addOption(realmOption())
    .option('--reveal', 'on a terminal, too, which keeps what it shows')
    .addHelpText('after', '\nRefused inside a Kubernetes pod, whose output is kept in its log.\n')
    .action(async (clientId: string, { config: file, realm, reveal }: Flags & { readonly reveal?: true }) => {
      const { showSecret } = await import('./show-secret.ts')
      end(await showSecret({ file, clientId, realm: realm ?? null, reveals: reveal === true }, terminal, env))
    })
}

function addDeliver(secret: Command, config: Option, { terminal, env, end }: CommandContext): void {
  secret
    .command('deliver')
    .description('write secrets to where the configuration says deliver, as doorman apply does at its end')
    .argument('[client...]', 'client ids (default: all that have deliveries)')
    .addOption(config)
    .addOption(realmOption())
    .option('--dry-run', 'only say what would be written; exit 2 when something would')
    .option('--json', 'print one JSON document')
    .addHelpText('after', DELIVER_HELP)
    .action(async (clients: readonly string[], flags: Flags & { readonly dryRun?: true }) => {
      const { deliverSecrets } = await import('./deliver-secrets.ts')
      const { config: file, realm, json, dryRun } = flags
      const options = { file, clients, realm: realm ?? null, isDry: dryRun === true, json: json === true }
      end(await deliverSecrets(options, terminal, env))
    })
}

function addRotate(secret: Command, config: Option, { terminal, env, end }: CommandContext): void {
  secret
    .command('rotate')
    .description('make a new secret and deliver it, while the old one stays valid')
    .argument('[client]', 'the client id')
    .addOption(config)
    .addOption(realmOption())
    .option('--due', 'all clients whose secret is older than their rotate says, and what was begun')
    .option('--overlap <duration>', 'refuse when the old secret would be valid for less, such as 48h', parseOverlap)
    .option('--accept-gap', 'also where Keycloak ends the old secret at once')
    .option('--resume', 'only go on with a rotation that was begun')
    .option('--end-old', 'rotate nothing: end the old secret of the last rotation now')
    .option('--json', 'print one JSON document')
    .addHelpText('after', ROTATE_HELP)
    .action(async (client: string | undefined, flags: RotateFlags) => {
      const { rotateSecrets, endOld } = await import('./rotate-secrets.ts')
      const { config: file, json } = flags
      const named = nameOf(client, flags)
      if (flags.endOld === true && named !== null) {
        return end(await endOld({ file, client: named, json: json === true }, terminal, env))
      }
      end(await rotateSecrets({ file, client: named, choices: choicesOf(flags), json: json === true }, terminal, env))
    })
}

function nameOf(client: string | undefined, { due, realm, endOld, resume, overlap, acceptGap }: RotateFlags) {
  if ((client === undefined) !== (due === true)) throw new CommandError('say one client, or --due')
  if (endOld && (due ?? resume ?? acceptGap ?? overlap) !== undefined) {
    throw new CommandError('--end-old rotates nothing: it goes with a client alone')
  }
  if (client !== undefined) return { clientId: client, realm: realm ?? null }
  if (realm !== undefined) throw new CommandError('--realm is for one client')
  return null
}

function choicesOf({ overlap, acceptGap, resume }: RotateFlags) {
  return { leastOverlapSeconds: overlap ?? null, acceptsGap: acceptGap === true, resumesOnly: resume === true }
}

function realmOption(): Option {
  return new Option('--realm <name>', 'its key in realms, where several realms have such a client')
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86400 }

function parseOverlap(text: string): number {
  const [, count, unit = ''] = /^(\d{1,4})([mhd])$/.exec(text) ?? []
  const seconds = Number(count ?? 0) * (UNIT_SECONDS[unit] ?? 0)
  if (seconds < 60) throw new InvalidArgumentError('expected a duration from 1m, such as 48h or 2d.')
  return seconds
}

const DELIVER_HELP = `
Places that hold the secret already are not written. What one place refuses keeps no other from being
written. Values are never printed.

Exit codes: 0 delivered, 1 a place failed, 2 with --dry-run: something would be written, 78 the configuration
is wrong.
`

const ROTATE_HELP = `
Tries the new secret, delivers it, replaces the pods that read it, and looks at all of it once more. Stopped
anywhere, the same command goes on and makes no second secret.

Where Keycloak would end the old secret at once it refuses, and says what would be needed. The overlap is that
of provision.overlap, once doorman apply has written the policy.

Exit codes: 0 done, 1 refused or not finished, 78 the configuration is wrong.

Examples:
  doorman secret rotate mlflow
  doorman secret rotate mlflow --overlap 48h
  doorman secret rotate --due                   each night, for clients that say rotate: 30d
  doorman secret rotate mlflow --end-old        once no pod reads the old one any more
`
