// "doorman keys sealing …": the ring of keys in its file. Running gateways notice by themselves.
import { existsSync } from 'node:fs'
import {
  type GatewayConfig,
  listSealingKeys,
  openExistingStore,
  type RetireOutcome,
  retireSealingKey,
  rotateSealingKey,
  systemClock,
} from '@doorman/gateway'
import { requireConfig } from '../configuration.ts'
import type { Environment } from '../environment.ts'
import { EXIT_CODE, type ExitCode } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import { formatTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

export function listKeys(file: string, terminal: Terminal, env: Environment): ExitCode {
  const config = requireConfig(file, terminal, env)
  if (config === undefined) return EXIT_CODE.configuration
  const rows = listSealingKeys(ringFile(config)).map(({ id, createdAt, newest }) => [
    id,
    createdAt ?? 'unknown',
    newest ? 'seals and opens' : 'opens',
  ])
  for (const line of formatTable(['key', 'made at', 'use'], rows)) terminal.print(line)
  return EXIT_CODE.ok
}

export function rotateKeys(file: string, terminal: Terminal, env: Environment): ExitCode {
  const config = requireConfig(file, terminal, env)
  if (config === undefined) return EXIT_CODE.configuration
  const id = rotateSealingKey(ringFile(config), systemClock)
  terminal.print(id)
  terminal.tell('The new key seals from now on. Sessions move to it as they are used; older keys still open.')
  return EXIT_CODE.ok
}

export interface RetireOptions {
  readonly id: string
  readonly force: boolean
}

export async function retireKey(
  { id, force }: RetireOptions,
  file: string,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const config = requireConfig(file, terminal, env)
  if (config === undefined) return EXIT_CODE.configuration
  const countSealedBy = (key: string) => countRecords(key, config)
  const outcome = await retireSealingKey(ringFile(config), { id, force, clock: systemClock, countSealedBy })
  if (outcome.kind === 'in-use') {
    const { records } = outcome
    throw new CommandError(
      `${records} sessions or documents are still sealed by it; try again later, or lose them with --force`,
    )
  }
  if (outcome.kind !== 'retired') throw new CommandError(REFUSALS[outcome.kind])
  terminal.tell(`The key ${id} is gone.`)
  return EXIT_CODE.ok
}

const REFUSALS: Readonly<Record<Exclude<RetireOutcome['kind'], 'retired' | 'in-use'>, string>> = {
  unknown: 'there is no such key; see doorman keys sealing list',
  newest: 'this is the key that seals; run doorman keys sealing rotate first',
  recent: 'the key after it is younger than 10 minutes and logins may still need this one; try again later',
}

/** The file that can be changed: the last one, whose newest key seals. */
function ringFile({ keys }: GatewayConfig): string {
  const newest = keys.at(-1)
  if (newest?.kind !== 'file') {
    throw new CommandError('the newest key stands in a variable, not in a file: change `keys` of the configuration')
  }
  if (existsSync(newest.path)) return newest.path
  throw new CommandError(`there is no ring yet: doorman start makes ${newest.path} at the first start`)
}

async function countRecords(id: string, config: GatewayConfig): Promise<number> {
  const { store } = config.session
  if (store.kind === 'memory') {
    throw new CommandError('sessions in the memory of a running gateway cannot be counted; use --force')
  }
  if (store.kind === 'sqlite' && !existsSync(store.path)) return 0
  const opened = await openExistingStore(config)
  try {
    return await opened.countSealedBy(id)
  } finally {
    await opened.close()
  }
}
