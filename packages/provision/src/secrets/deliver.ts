// The one place where deliveries of all kinds meet. One that fails keeps no other from being made.
import { isProvisionError, ProvisionError } from '../errors.ts'
import type { WantedDelivery } from '../wanted/wanted.ts'
import { createClusterPlace } from './cluster-place.ts'
import { createCommandPlace } from './command-place.ts'
import type { Delivered, DeliveryResult, DeliveryTools, Place } from './delivery.ts'
import { createEnvFilePlace, createTemplateFilePlace } from './file-place.ts'
import type { SecretValues } from './values.ts'

/** In the order of the file; a Kubernetes delivery is a place in each of its namespaces. */
export function placesOf(deliveries: readonly WantedDelivery[], tools: DeliveryTools): readonly Place[] {
  return deliveries.flatMap((delivery) => placesOfOne(delivery, tools))
}

function placesOfOne(delivery: WantedDelivery, tools: DeliveryTools): readonly Place[] {
  switch (delivery.kind) {
    case 'kubernetes':
      return delivery.namespaces.map((namespace) => createClusterPlace(delivery, namespace, tools))
    case 'env-file':
      return [createEnvFilePlace(delivery, tools)]
    case 'file':
      return [createTemplateFilePlace(delivery, tools)]
    case 'command':
      return [createCommandPlace(delivery, tools)]
  }
}

/** Never rejects for a place: what went wrong is its result. Unchanged places are not written. */
export function deliver(
  deliveries: readonly WantedDelivery[],
  values: SecretValues,
  tools: DeliveryTools,
): Promise<readonly DeliveryResult[]> {
  return deliverTo(placesOf(deliveries, tools), values)
}

export function deliverTo(places: readonly Place[], values: SecretValues): Promise<readonly DeliveryResult[]> {
  return each(places, (place) => place.write(values))
}

/** What `deliverTo` would do, by reading alone. */
export function comparePlaces(places: readonly Place[], values: SecretValues): Promise<readonly DeliveryResult[]> {
  return each(places, async (place) => ({ outcome: await place.compare(values), restarted: [], notes: [] }))
}

async function each(
  places: readonly Place[],
  work: (place: Place) => Promise<Delivered>,
): Promise<readonly DeliveryResult[]> {
  const results: DeliveryResult[] = []
  for (const place of places) results.push(await resultOf(place, work))
  return results
}

async function resultOf(place: Place, work: (place: Place) => Promise<Delivered>): Promise<DeliveryResult> {
  const about = { place: place.name, keys: place.keys }
  try {
    return { kind: 'delivered', ...about, ...(await work(place)) }
  } catch (error) {
    return { kind: 'failed', ...about, error: toProvisionError(error, place) }
  }
}

/** A foreign error may quote what was written: only its kind is told. */
function toProvisionError(error: unknown, { name }: Place): ProvisionError {
  if (isProvisionError(error)) return error
  const kind = error instanceof Error ? error.name : typeof error
  return new ProvisionError('ERR_DELIVERY_FAILED', `${name} failed unexpectedly: ${kind}`, { reason: 'unexpected' })
}
