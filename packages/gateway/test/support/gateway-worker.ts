// A gateway in a process of its own: runs on the file it is given, ends on SIGTERM, and tells its parent what happens.
import { openSync } from 'node:fs'
import { loadConfig } from '../../src/config/load.ts'
import { openGateway } from '../../src/gateway.ts'

export type GatewayReport =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'refreshed'; readonly outcome: string }

function report(told: GatewayReport): void {
  process.send?.(told)
}

async function work(configFile: string, logFile: string): Promise<void> {
  const gateway = await openGateway(loadConfig(configFile, {}), {
    logLevel: 'debug',
    logDestination: openSync(logFile, 'a'),
  })
  gateway.events.subscribe((event) => {
    if (event.kind === 'tokens.refreshed') report({ kind: 'refreshed', outcome: event.outcome })
  })
  process.once('SIGTERM', () => {
    report({ kind: 'stopping' })
    gateway.close().then(() => process.disconnect())
  })
  report({ kind: 'listening', port: gateway.publicAddress.port })
}

const [, , configFile = '', logFile = ''] = process.argv
if (process.send !== undefined) await work(configFile, logFile)
