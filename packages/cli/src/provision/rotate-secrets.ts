// "doorman secret rotate": a new secret for one client, or for those whose secret has become too old.
import {
  acquireApplyLock,
  endOldSecret,
  findDueRotations,
  identityProviderPlaces,
  isProvisionError,
  placesOf,
  type RotationChoices,
  type RotationOptions,
  type RotationSummary,
  rotateSecret,
} from '@doorman/provision'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError, describeFailure } from '../failure.ts'
import { formatJson } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { deliveryTools, internalUrlOf } from './delivery-ground.ts'
import { describeError, describeResult, printDeliveries, tellDeliveries } from './delivery-text.ts'
import { openGround, type ProvisionGround } from './ground.ts'
import { type FoundClient, findClient, type NamedClient } from './secret-clients.ts'

export interface RotateOptions {
  readonly file: string
  /** Null: those that are due. */
  readonly client: NamedClient | null
  readonly choices: RotationChoices
  readonly json: boolean
}

type Rotated = { readonly realm: string; readonly clientId: string } & (
  | { readonly kind: 'rotated'; readonly summary: RotationSummary }
  | { readonly kind: 'failed'; readonly error: unknown }
)

export async function rotateSecrets(options: RotateOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const ground = await openGround({ file: options.file, onCall: () => undefined }, terminal, env)
  if (ground === undefined) return EXIT_CODE.configuration
  const clients = options.client === null ? await findDue(ground, terminal) : [findClient(ground, options.client)]
  const rotated: Rotated[] = []
  // One after the other: each holds the lock of its realm.
  for (const each of clients) {
    const outcome = await rotateOne(buildOptions(each, ground, options.file, terminal, env), options.choices, each)
    rotated.push(outcome)
    if (!options.json) show(outcome, terminal)
  }
  if (options.json) terminal.print(formatJson({ rotated: rotated.map(describe) }, 2))
  if (clients.length === 0) terminal.tell('No secret is due.')
  return rotated.every(({ kind }) => kind === 'rotated') ? EXIT_CODE.ok : EXIT_CODE.failure
}

export interface EndOldOptions {
  readonly file: string
  readonly client: NamedClient
  readonly json: boolean
}

export async function endOld({ file, client, json }: EndOldOptions, terminal: Terminal, env: Environment) {
  const ground = await openGround({ file, onCall: () => undefined }, terminal, env)
  if (ground === undefined) return EXIT_CODE.configuration
  const found = findClient(ground, client)
  const hasEnded = await endOldSecret(buildOptions(found, ground, file, terminal, env))
  if (json) terminal.print(formatJson({ clientId: client.clientId, hasEnded }, 2))
  else terminal.print(hasEnded ? `The old secret of ${client.clientId} has ended.` : 'There is no old secret.')
  return EXIT_CODE.ok
}

async function findDue(ground: ProvisionGround, terminal: Terminal): Promise<readonly FoundClient[]> {
  const due: FoundClient[] = []
  for (const realm of ground.realms) {
    for (const { clientId, because } of await findDueRotations(realm.admin, realm.wanted, nowSeconds())) {
      terminal.tell(`${realm.wanted.name}: ${clientId} is due: ${because}`)
      due.push(findClient(ground, { clientId, realm: realm.wanted.name }))
    }
  }
  return due
}

function buildOptions(
  { realm, client }: FoundClient,
  ground: ProvisionGround,
  file: string,
  terminal: Terminal,
  env: Environment,
): RotationOptions {
  const { admin, adminUrl, wanted } = realm
  const { owner } = ground.wanted
  const own = placesOf(client.deliver, deliveryTools(file, ground, env))
  const providers = identityProviderPlaces(ground.realms, { realm: wanted.name, clientId: client.clientId })
  return {
    admin,
    client,
    issuer: wanted.issuer,
    adminUrl,
    internalUrl: internalUrlOf(realm, ground),
    places: [...own, ...providers],
    owner,
    acquireLock: () => acquireApplyLock({ admin, owner, nowSeconds }),
    report: ({ what, done, of }) => terminal.tell(`${client.clientId}: ${done}/${of} ${what}`),
  }
}

async function rotateOne(
  options: RotationOptions,
  choices: RotationChoices,
  { realm, client: { clientId } }: FoundClient,
): Promise<Rotated> {
  const about = { realm: realm.wanted.name, clientId }
  try {
    return { kind: 'rotated', ...about, summary: await rotateSecret(options, choices) }
  } catch (error) {
    return { kind: 'failed', ...about, error }
  }
}

function show(rotated: Rotated, terminal: Terminal): void {
  const { realm, clientId } = rotated
  if (rotated.kind === 'failed') {
    terminal.tell(describeFailure(rotated.error).line)
    return
  }
  const { deliveries } = rotated.summary
  printDeliveries([{ realm, clients: [{ clientId, results: deliveries }] }], terminal)
  tellDeliveries(deliveries, terminal)
  terminal.print(explain(rotated.summary))
  if (deliveries.length === 0) terminal.tell(`Nothing delivers it: give whoever uses ${clientId} the new secret.`)
}

function explain({ clientId, way, oldUntil, gapSeconds }: RotationSummary): string {
  if (way === 'gap') {
    return `${clientId} has a new secret. Keycloak ended the old one at once: for up to ${gapSeconds} s it was not delivered yet.`
  }
  const until = oldUntil === null ? 'its overlap is over' : new Date(oldUntil * 1000).toISOString()
  return `${clientId} has a new secret. The old one stays valid until ${until} and then ends by itself.`
}

function describe(rotated: Rotated) {
  const { realm, clientId } = rotated
  if (rotated.kind === 'failed') return { realm, clientId, outcome: 'failed', error: describeUnknown(rotated.error) }
  const { way, isResumed, oldUntil, gapSeconds, deliveries } = rotated.summary
  const until = oldUntil === null ? null : new Date(oldUntil * 1000).toISOString()
  return {
    realm,
    clientId,
    outcome: 'rotated',
    way,
    isResumed,
    oldUntil: until,
    gapSeconds,
    places: deliveries.map(describeResult),
  }
}

/** What is not ours may quote anything. */
function describeUnknown(error: unknown) {
  if (isProvisionError(error)) return describeError(error)
  if (error instanceof CommandError) return { message: error.message }
  return { message: error instanceof Error ? error.name : 'unknown' }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
