// What the command line says.
import { parseArgs } from 'node:util'

const STORE_KINDS = ['sqlite', 'redis', 'postgres'] as const
export type StoreKind = (typeof STORE_KINDS)[number]

export interface ChaosOptions {
  readonly stores: readonly StoreKind[]
  readonly rounds: number
  readonly seed: number
  readonly processes: number
  readonly sessions: number
  /** How often the realm lets a spent refresh token pass once more. */
  readonly reuse: 0 | 1
  readonly isJson: boolean
}

export const HELP = `The fault bench: gateways over one store, a realm that rotates refresh tokens, and whatever can go wrong.

npm run chaos -- [options]
  --store KIND      sqlite, redis (three servers under Sentinel), postgres, or all; default sqlite
  --rounds N        due refreshes on each store; default 300
  --processes N     gateways; default 3
  --sessions N      browsers; default 200
  --reuse 0|1       how often the realm takes a spent refresh token once more; default 0
  --seed N          repeats the faults of another run; default by chance
  --json            the counts as JSON
  --help            this text
Exits 1 when a session was lost or an answer was wrong.`

/** Throws a `RangeError` or a `TypeError` for what makes no sense; null: help was asked for. */
export function parseOptions(words: readonly string[], seedByChance: number): ChaosOptions | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      store: { type: 'string', default: 'sqlite' },
      rounds: { type: 'string', default: '300' },
      processes: { type: 'string', default: '3' },
      sessions: { type: 'string', default: '200' },
      reuse: { type: 'string', default: '0' },
      seed: { type: 'string', default: String(seedByChance) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  return {
    stores: parseStores(values.store),
    rounds: parseCount('rounds', values.rounds, 1, 1_000_000),
    processes: parseCount('processes', values.processes, 2, 20),
    sessions: parseCount('sessions', values.sessions, 1, 5000),
    reuse: parseCount('reuse', values.reuse, 0, 1) === 0 ? 0 : 1,
    seed: parseCount('seed', values.seed, 0, 2 ** 32 - 1),
    isJson: values.json,
  }
}

function parseStores(text: string): readonly StoreKind[] {
  const kinds = STORE_KINDS.filter((kind) => text === 'all' || text === kind)
  if (kinds.length === 0) throw new RangeError(`--store: expected ${STORE_KINDS.join(', ')} or all, got ${text}`)
  return kinds
}

function parseCount(name: string, text: string, least: number, most: number): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < least || count > most)
    throw new RangeError(`--${name}: expected ${least} to ${most}, got ${text}`)
  return count
}
