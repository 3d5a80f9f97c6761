// What became of deliveries, by places and keys. Values are no part of it.
import type { ClientDeliveries, DeliveryResult } from '@doorman/provision'
import { describeFailure } from '../failure.ts'
import { formatTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

export interface RealmDeliveries {
  readonly realm: string
  readonly clients: readonly ClientDeliveries[]
}

export function printDeliveries(realms: readonly RealmDeliveries[], terminal: Terminal): void {
  const rows = realms.flatMap(({ realm, clients }) =>
    clients.flatMap(({ clientId, results }) => results.map((result) => rowOf(realm, clientId, result))),
  )
  if (rows.length === 0) return
  for (const line of formatTable(['realm', 'client', 'place', 'secret', 'restarted'], rows)) terminal.print(line)
}

function rowOf(realm: string, clientId: string, result: DeliveryResult): readonly string[] {
  const outcome = result.kind === 'failed' ? 'failed' : result.outcome
  const restarted = result.kind === 'failed' ? [] : result.restarted
  return [realm, clientId, result.place, outcome, restarted.join(', ')]
}

/** Failures and notes, for the error output. */
export function tellDeliveries(results: readonly DeliveryResult[], terminal: Terminal): void {
  for (const result of results) {
    if (result.kind === 'failed') {
      terminal.tell(describeFailure(result.error).line.replace('doorman:', `${result.place}:`))
    } else for (const note of result.notes) terminal.tell(`${result.place}: ${note}`)
  }
}

export function resultsOf(realms: readonly RealmDeliveries[]): readonly DeliveryResult[] {
  return realms.flatMap(({ clients }) => clients.flatMap(({ results }) => results))
}

export function hasFailed(results: readonly DeliveryResult[]): boolean {
  return results.some(({ kind }) => kind === 'failed')
}

/** For `--json`. */
export function describeResult(result: DeliveryResult) {
  const { place, keys } = result
  if (result.kind === 'failed') return { place, keys, outcome: 'failed', error: describeError(result.error) }
  const { outcome, restarted, notes } = result
  return { place, keys, outcome, restarted, notes }
}

export function describeRealm({ realm, clients }: RealmDeliveries) {
  return {
    realm,
    clients: clients.map(({ clientId, results }) => ({ clientId, places: results.map(describeResult) })),
  }
}

interface CodedError {
  readonly code: string
  readonly message: string
  readonly detail: Readonly<Record<string, unknown>>
}

export function describeError({ code, message, detail }: CodedError) {
  return { code, message, detail }
}
