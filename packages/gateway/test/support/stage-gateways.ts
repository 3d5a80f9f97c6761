// The gateways of a stage: one or more on one configuration, behind the stage's address.
import { openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GatewayConfig } from '../../src/config/gateway-config.ts'
import { parseConfig } from '../../src/config/load.ts'
import { type Gateway, type GatewayOptions, openGateway } from '../../src/gateway.ts'
import type { GatewayEvent } from '../../src/kernel/events.ts'
import type { Clock } from '../../src/kernel/time.ts'
import type { Site } from './site.ts'

export interface GatewaysOptions {
  /** Gateways on one SQLite file behind one address; each connection goes to the next one. Default 1. */
  readonly replicas?: number
  readonly gateway?: GatewayOptions
  /** The clock of each gateway in turn. Default: `gateway`'s. */
  readonly clocks?: readonly Clock[]
}

export interface StageGateways {
  readonly gateways: readonly Gateway[]
  readonly events: readonly GatewayEvent[]
  readonly config: GatewayConfig
  /** What all gateways have logged so far; lines are written in batches, so close the gateways first. */
  log(): Promise<string>
  /** Ends a gateway as SIGTERM does, and starts another one in its place. */
  restart(index: number): Promise<void>
}

/** `env`: what the configuration's text may name as `${NAME}`. */
export async function openGateways(
  { folder, aim }: Pick<Site, 'folder' | 'aim'>,
  yaml: string,
  env: Readonly<Record<string, string>>,
  options: GatewaysOptions,
): Promise<StageGateways> {
  const config = readStageConfig(yaml, env, folder)
  const events: GatewayEvent[] = []
  const logFile = join(folder, 'gateway.log')
  const start = async (index: number) => {
    const clock = options.clocks?.[index]
    const gateway = await openGateway(config, {
      logLevel: 'debug',
      logDestination: openSync(logFile, 'a'),
      ...options.gateway,
      ...(clock === undefined ? {} : { clock }),
    })
    gateway.events.subscribe((event) => events.push(event))
    return gateway
  }
  const gateways = await Promise.all(Array.from({ length: options.replicas ?? 1 }, (_, index) => start(index)))
  const aimAtAll = () => aim(gateways.map(({ publicAddress }) => publicAddress.port))
  aimAtAll()
  return {
    gateways,
    events,
    config,
    log: () => readFile(logFile, 'utf8'),
    async restart(index) {
      await gateways[index]?.close()
      gateways[index] = await start(index)
      aimAtAll()
    },
  }
}

function readStageConfig(yaml: string, env: Readonly<Record<string, string>>, folder: string): GatewayConfig {
  const reading = parseConfig(yaml, { file: 'stage.yaml', env, folder })
  if (reading.kind === 'invalid') throw new Error(JSON.stringify(reading.problems))
  return reading.config
}
