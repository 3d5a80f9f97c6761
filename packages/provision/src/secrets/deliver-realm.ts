// The deliveries of all clients of a realm, after an apply or by themselves.
import { isProvisionError, type ProvisionError } from '../errors.ts'
import type { RealmAdmin, Representation } from '../keycloak/realm-admin.ts'
import type { Report } from '../report.ts'
import type { WantedClient, WantedRealm } from '../wanted/wanted.ts'
import { clientValues } from './client-values.ts'
import { comparePlaces, deliverTo, placesOf } from './deliver.ts'
import type { DeliveryResult, DeliveryTools, Place } from './delivery.ts'
import type { SecretValues } from './values.ts'

export interface RealmDeliveryOptions {
  readonly admin: RealmAdmin
  readonly wanted: WantedRealm
  /** Where consumers reach Keycloak: scheme, host, port and perhaps a path, without `/realms/…`. */
  readonly internalUrl: string
  readonly tools: DeliveryTools
  /** Client ids; null: every client of the file that has deliveries. */
  readonly only: readonly string[] | null
  readonly report: Report
}

export interface ClientDeliveries {
  readonly clientId: string
  readonly results: readonly DeliveryResult[]
}

/**
 * Delivers what is not there yet, and restarts what reads it. Places that hold it already are not written, so that doing
 * it again does nothing. What fails is a result (`kind: 'failed'`) and keeps nothing else from being delivered; rejects
 * only when the realm's clients cannot be read.
 */
export function deliverRealm(options: RealmDeliveryOptions): Promise<readonly ClientDeliveries[]> {
  return forEachClient(options, deliverTo)
}

/**
 * What `deliverRealm` would do, by reading alone: `created`, `updated`, `unchanged`, or `ran` for a command, which cannot be
 * asked. A client that is not there yet, or whose secret the credential may not read, has failed results:
 * `ERR_CLIENT_UNKNOWN`, `ERR_SECRET_MASKED`. Values are no part of the answer.
 */
export function planDeliveries(options: RealmDeliveryOptions): Promise<readonly ClientDeliveries[]> {
  return forEachClient(options, comparePlaces)
}

async function forEachClient(
  options: RealmDeliveryOptions,
  work: typeof deliverTo,
): Promise<readonly ClientDeliveries[]> {
  const { admin, wanted, only, tools, report } = options
  const clients = wanted.clients.filter(
    ({ clientId, deliver: { length } }) => length > 0 && (only === null || only.includes(clientId)),
  )
  if (clients.length === 0) return []
  const found = new Map((await admin.clients.list()).map((client) => [String(client.clientId), client]))
  const all: ClientDeliveries[] = []
  for (const client of clients) {
    const { clientId } = client
    const places = placesOf(client.deliver, tools)
    const values = valuesOf(found.get(clientId), client, options)
    const results = values.kind === 'known' ? await work(places, values.values) : allFailed(places, values.error)
    all.push({ clientId, results })
    report({ what: `deliver ${clientId}`, done: all.length, of: clients.length })
  }
  return all
}

type Values =
  | { readonly kind: 'known'; readonly values: SecretValues }
  | { readonly kind: 'unknown'; readonly error: ProvisionError }

function valuesOf(
  found: Representation | undefined,
  client: WantedClient,
  { wanted: { issuer }, internalUrl }: RealmDeliveryOptions,
): Values {
  try {
    return { kind: 'known', values: clientValues(found, client, { issuer, internalUrl }) }
  } catch (error) {
    if (!isProvisionError(error)) throw error
    return { kind: 'unknown', error }
  }
}

function allFailed(places: readonly Place[], error: ProvisionError): readonly DeliveryResult[] {
  return places.map(({ name, keys }) => ({ kind: 'failed', place: name, keys, error }))
}
