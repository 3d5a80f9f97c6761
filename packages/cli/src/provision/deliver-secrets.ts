// "doorman secret deliver", and what "doorman apply" does when the realms are as they should be.
import { deliverRealm, planDeliveries } from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { formatJson } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { deliveryTools, internalUrlOf } from './delivery-ground.ts'
import {
  describeRealm,
  hasFailed,
  printDeliveries,
  type RealmDeliveries,
  resultsOf,
  tellDeliveries,
} from './delivery-text.ts'
import { openGround, type ProvisionGround } from './ground.ts'
import { findClients } from './secret-clients.ts'

export interface DeliverOptions {
  readonly file: string
  /** Client ids; empty: all that have deliveries. */
  readonly clients: readonly string[]
  /** The local name in the file; null: whichever has the client. */
  readonly realm: string | null
  /** Only say what would be done. */
  readonly isDry: boolean
  readonly json: boolean
}

export async function deliverSecrets(options: DeliverOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const { file, json, isDry } = options
  const ground = await openGround({ file, onCall: () => undefined }, terminal, env)
  if (ground === undefined) return EXIT_CODE.configuration
  for (const clientId of options.clients) findClients(ground, { clientId, realm: options.realm })
  const realms = await deliverGround({ ...options, ground }, terminal, env)
  const results = resultsOf(realms)
  if (json) terminal.print(formatJson({ realms: realms.map(describeRealm) }, 2))
  else printDeliveries(realms, terminal)
  if (results.length === 0) terminal.tell('Nothing is to be delivered: no client says deliver.')
  tellDeliveries(results, terminal)
  if (hasFailed(results)) return EXIT_CODE.failure
  const isDifferent = results.some((result) => result.kind === 'delivered' && result.outcome !== 'unchanged')
  return isDry && isDifferent ? EXIT_CODE.changes : EXIT_CODE.ok
}

export interface GroundDeliveries extends Pick<DeliverOptions, 'file' | 'clients' | 'realm' | 'isDry'> {
  readonly ground: ProvisionGround
}

/** Rejects when a realm's clients cannot be read; what a place refuses is a result. */
export async function deliverGround(
  { file, ground, clients, realm, isDry }: GroundDeliveries,
  terminal: Terminal,
  env: Environment,
): Promise<readonly RealmDeliveries[]> {
  const tools = deliveryTools(file, ground, env)
  const only = clients.length === 0 ? null : clients
  const work = isDry ? planDeliveries : deliverRealm
  const all: RealmDeliveries[] = []
  for (const each of ground.realms.filter(({ wanted }) => realm === null || wanted.name === realm)) {
    const { name } = each.wanted
    const delivered = await work({
      ...each,
      internalUrl: internalUrlOf(each, ground),
      tools,
      only,
      report: ({ what, done, of }) => terminal.tell(`${name}: ${done}/${of} ${what}`),
    })
    all.push({ realm: name, clients: delivered })
  }
  return all
}
