// One gateway a process and configuration: Next loads this module several times, for pages, for handlers and for its
// proxy, and two gateways would not share what they remember.
import { resolve } from 'node:path'
import type { EmbeddedGateway } from '@doorman/gateway/embedded'
import { type EmbeddedOptions, readEmbeddedOptions } from '../options.ts'
import { loadGateway } from './load-gateway.ts'

const KEY = Symbol.for('@doorman/nextjs gateways')

type Gateways = Map<string, Promise<EmbeddedGateway>>

function gateways(): Gateways {
  const place = globalThis as { [KEY]?: Gateways }
  place[KEY] ??= new Map()
  return place[KEY]
}

/** Rejects as `openEmbedded`, and with a `TypeError` that lists what is wrong with the configuration. */
export function shareGateway(options: EmbeddedOptions): Promise<EmbeddedGateway> {
  const { config } = readEmbeddedOptions(options)
  const key = typeof config === 'string' ? resolve(config) : JSON.stringify(config)
  const known = gateways().get(key)
  if (known !== undefined) return known
  const opening = open(config)
  gateways().set(key, opening)
  // A store that is away may be back for the next request.
  opening.catch(() => gateways().delete(key))
  return opening
}

async function open(config: EmbeddedOptions['config']): Promise<EmbeddedGateway> {
  const { formatProblem, openEmbedded, parseConfig, readConfig } = loadGateway()
  const { env } = process
  const reading =
    typeof config === 'string'
      ? // With its folder: which one the server runs in is easily mistaken.
        readConfig(resolve(config), env)
      : parseConfig(JSON.stringify(config), { file: 'createDoorman', env, folder: process.cwd() })
  if (reading.kind === 'invalid') throw new TypeError(reading.problems.map(formatProblem).join('\n'))
  for (const warning of reading.warnings) console.warn(`doorman: ${formatProblem(warning)}`)
  return openEmbedded(reading.config)
}
