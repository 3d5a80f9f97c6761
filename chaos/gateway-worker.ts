// A gateway in a process of its own. It tells the bench what happens, and stops itself where the bench asks for.
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
  | { readonly kind: 'ready' | 'stopping' }

/** With the realm's answer in its hand; or with a lease and a session read anew. */
export type StopPoint = 'answered' | 'looked'

interface ConnectedMessage {
  readonly connectParams: { readonly port: string }
  readonly socket: Socket
}

const [, , configFile = '', logFile = '', realmPort = '', skewSeconds = '0'] = process.argv
let stopPoint: StopPoint | null = null
let hasLease = false

function report(told: WorkerReport): void {
  process.send?.(told)
}

function stopHere(): void {
  stopPoint = null
  report({ kind: 'stopping' })
  process.kill(process.pid, 'SIGSTOP')
}

/** Called in the middle of what it is told about: here a process can be stopped between two steps. */
function stopWhereTold(event: GatewayEvent): void {
  if (stopPoint === 'answered' && event.kind === 'realm.called' && event.endpoint === 'token') stopHere()
  if (stopPoint !== 'looked' || event.kind !== 'store.called' || event.outcome !== 'success') return
  if (hasLease && event.operation === 'read') stopHere()
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
process.on('message', (told: StopPoint) => {
  stopPoint = told
  hasLease = false
  report({ kind: 'ready' })
})
process.once('disconnect', () => process.exit())

const gateway = await openGateway(loadConfig(configFile, {}), {
  logDestination: openSync(logFile, 'a'),
  clock: () => Date.now() / 1000 + Number(skewSeconds),
})
gateway.events.subscribe(stopWhereTold)
gateway.events.subscribe(tell)
process.once('SIGTERM', () => gateway.close().then(() => process.exit()))
report({ kind: 'listening', port: gateway.publicAddress.port })
