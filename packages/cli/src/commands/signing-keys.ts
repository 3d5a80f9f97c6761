// "doorman keys signing …": the keys that sign internal tokens. They are changed in the store; running gateways notice.
import {
  openSigningKeyAdministration,
  SIGNING_KEYS_POLL_SECONDS,
  type SigningKeyAdministration,
  type SigningKeyStatus,
} from '@doorman/gateway'
import { requireConfig } from '../configuration.ts'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import { formatTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

export interface SigningKeysOptions {
  readonly config: string
  readonly json: boolean
}

type Work = (keys: SigningKeyAdministration) => Promise<void>

const LEARN = `Running gateways learn of it within ${SIGNING_KEYS_POLL_SECONDS} seconds.`

export function listSigningKeys(options: SigningKeysOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  return withKeys(options, terminal, env, async (keys) => {
    const listed = await keys.list()
    if (options.json) return printJson({ keys: listed.map(withDates) }, terminal)
    const rows = listed.map((key) => {
      const dated = withDates(key)
      const { kid, algorithm, state, signsFrom, publishedUntil } = dated
      return [kid, algorithm, state, neverSigns(dated) ? 'never' : signsFrom, publishedUntil ?? 'replaced']
    })
    for (const line of formatTable(['key', 'algorithm', 'state', 'signs from', 'published until'], rows)) {
      terminal.print(line)
    }
  })
}

export function rotateSigningKey(options: SigningKeysOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  return withKeys(options, terminal, env, async (keys) => {
    const { kind, incoming, outgoing } = await keys.rotate()
    const dated = { kind, incoming: withDates(incoming), outgoing: outgoing === null ? null : withDates(outgoing) }
    if (options.json) return printJson(dated, terminal)
    terminal.print(incoming.kid)
    if (kind === 'already-waiting') terminal.tell('A new key is on its way already; nothing was changed.')
    terminal.tell(`The new key is published now and signs from ${dated.incoming.signsFrom}.`)
    if (dated.outgoing !== null) terminal.tell(tellOutgoing(dated.outgoing))
    terminal.tell(LEARN)
  })
}

export interface RetireSigningKeyOptions extends SigningKeysOptions {
  readonly kid: string
  readonly atOnce: boolean
}

export function retireSigningKey(
  options: RetireSigningKeyOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  return withKeys(options, terminal, env, async (keys) => {
    const outcome = await keys.retire({ kid: options.kid, atOnce: options.atOnce })
    if (outcome.kind === 'unknown') throw new CommandError('there is no such key; see doorman keys signing list')
    const { kind } = outcome
    const retired = outcome.retired === null ? null : withDates(outcome.retired)
    const successor = withDates(outcome.successor)
    if (options.json) return printJson({ kind, retired, successor }, terminal)
    if (kind === 'already-replaced') terminal.tell('The key has been replaced already; nothing was changed.')
    if (retired === null) terminal.tell(`The key ${options.kid} is gone, and with it every token it has signed.`)
    else terminal.tell(tellOutgoing(retired))
    terminal.tell(`${successor.kid} signs ${successor.state === 'signing' ? 'now' : `from ${successor.signsFrom}`}.`)
    terminal.tell(LEARN)
    if (retired === null) terminal.tell('A service may believe the old key until it next looks at the key set.')
  })
}

/** It only waited, and was retired. */
function neverSigns({ signsFrom, signsUntil }: DatedKey): boolean {
  return signsFrom === signsUntil
}

function tellOutgoing(key: DatedKey): string {
  const { kid, signsUntil, publishedUntil } = key
  if (neverSigns(key)) return `${kid} will not sign; it stays published until ${publishedUntil}.`
  return `${kid} signs until ${signsUntil} and stays published until ${publishedUntil}.`
}

async function withKeys(
  { config: file }: SigningKeysOptions,
  terminal: Terminal,
  env: Environment,
  work: Work,
): Promise<ExitCode> {
  const config = requireConfig(file, terminal, env)
  if (config === undefined) return EXIT_CODE.configuration
  const keys = await openSigningKeyAdministration(config)
  try {
    await work(keys)
  } finally {
    await keys.close()
  }
  return EXIT_CODE.ok
}

type DatedKey = ReturnType<typeof withDates>

function withDates({ createdAt, signsFrom, signsUntil, publishedUntil, ...key }: SigningKeyStatus) {
  return {
    ...key,
    createdAt: toDate(createdAt),
    signsFrom: toDate(signsFrom),
    signsUntil: signsUntil === null ? null : toDate(signsUntil),
    publishedUntil: publishedUntil === null ? null : toDate(publishedUntil),
  }
}

function toDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

function printJson(document: unknown, terminal: Terminal): void {
  terminal.print(JSON.stringify(document, null, 2))
}
