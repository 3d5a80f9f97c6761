// A gateway in a process of its own. It tells the bench what happens, and stops or ends itself where the bench asks for.
import { subscribe } from 'node:diagnostics_channel'
import { openSync } from 'node:fs'
import type { Socket } from 'node:net'
import { type GatewayEvent, loadConfig, openGateway } from '@doorman/gateway'

export type WorkerReport =
  | { readonly kind: 'listening'; readonly port: number }
  /** A connection to the realm. */
  | { readonly kind: 'connected'; readonly port: number }
  | { readonly kind: 'logged-in'; readonly session: string; readonly subject: string }
  /** New tokens are written. */
  | { readonly kind: 'kept'; readonly session: string }
  | { readonly kind: 'ready' | 'striking' }

export interface WorkerOrder {
  readonly at: 'answered' | 'looked'
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

interface ConnectedMessage {
  readonly connectParams: { readonly port: string }
  readonly socket: Socket
}

const [, , configFile = '', logFile = '', realmPort = '', skewSeconds = '0'] = process.argv
let order: WorkerOrder | null = null
let hasLease = false

function report(told: WorkerReport): void {
  process.send?.(told)
}

function strike(signal: WorkerOrder['signal']): void {
  order = null
  report({ kind: 'striking' })
  process.kill(process.pid, signal)
}

/** Called in the middle of what it is told about: here a process can be stopped between two steps. */
function obey(event: GatewayEvent): void {
  if (order?.at === 'answered' && event.kind === 'realm.called' && event.endpoint === 'token') strike(order.signal)
  if (order?.at !== 'looked' || event.kind !== 'store.called' || event.outcome !== 'success') return
  if (hasLease && event.operation === 'read') strike(order.signal)
  else hasLease = event.operation === 'acquireLease'
}

function tell(event: GatewayEvent): void {
  if (event.kind === 'login.finished') report({ kind: 'logged-in', session: event.session, subject: event.subject })
  if (event.kind === 'tokens.refreshed' && event.outcome === 'success') report({ kind: 'kept', session: event.session })
}

// Only the socket knows its own port, by which the realm tells processes apart.
subscribe('undici:client:connected', (message) => {
  const { connectParams, socket } = message as ConnectedMessage
  if (connectParams.port === realmPort) report({ kind: 'connected', port: socket.localPort ?? 0 })
})
process.on('message', (told: WorkerOrder) => {
  order = told
  hasLease = false
  report({ kind: 'ready' })
})
process.once('disconnect', () => process.exit())

const gateway = await openGateway(loadConfig(configFile, {}), {
  logDestination: openSync(logFile, 'a'),
  clock: () => Date.now() / 1000 + Number(skewSeconds),
})
gateway.events.subscribe(obey)
gateway.events.subscribe(tell)
process.once('SIGTERM', () => gateway.close().then(() => process.exit()))
report({ kind: 'listening', port: gateway.publicAddress.port })
