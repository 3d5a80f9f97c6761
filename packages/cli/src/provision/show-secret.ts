// "doorman secret show": one secret, for a pipe. Where it would be kept without anybody's meaning it to, it is refused.
import { existsSync } from 'node:fs'
import { clientValues } from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { internalUrlOf } from './delivery-ground.ts'
import { openGround } from './ground.ts'
import { findClient } from './secret-clients.ts'

export interface ShowOptions {
  readonly file: string
  readonly clientId: string
  readonly realm: string | null
  /** On a terminal, too. */
  readonly reveals: boolean
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

export async function showSecret(options: ShowOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  refuseWhereItStays(options, terminal, env)
  const ground = await openGround({ file: options.file, onCall: () => undefined }, terminal, env)
  if (ground === undefined) return EXIT_CODE.configuration
  const { realm, client } = findClient(ground, options)
  const found = await realm.admin.clients.find(client.clientId)
  const whereabouts = { issuer: realm.wanted.issuer, internalUrl: internalUrlOf(realm, ground) }
  const { clientSecret } = clientValues(found, client, whereabouts)
  if (clientSecret === null) throw new CommandError(`${client.clientId} has no secret: it is public, or uses a key`)
  terminal.print(clientSecret)
  return EXIT_CODE.ok
}

function refuseWhereItStays({ reveals }: ShowOptions, { isInteractive }: Terminal, env: Environment): void {
  if (env.KUBERNETES_SERVICE_HOST !== undefined || existsSync(SERVICE_ACCOUNT)) {
    throw new CommandError('not in a Kubernetes pod, whose output is kept in its log: use deliver')
  }
  if (!reveals && (isInteractive || process.stdout.isTTY)) {
    throw new CommandError('not on a terminal, which keeps what it shows: use a pipe, or --reveal')
  }
}
