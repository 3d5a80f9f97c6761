// What cannot hold together in our sections although each key is right by itself.

import { findClientContradictions } from './client-contradictions.ts'
import { findDeliveryContradictions } from './delivery-contradictions.ts'
import type { RealmNames, SectionFinding } from './finding.ts'
import { findProvisionContradictions } from './provision-contradictions.ts'
import { clientItem, type ParsedClient } from './schema-clients.ts'
import { provisionSection } from './schema-provision.ts'

/** `written` is what stands in the file, right or not; what cannot be understood is told elsewhere. */
export function findSectionContradictions(
  written: Readonly<Record<string, unknown>>,
  realms: RealmNames,
): readonly SectionFinding[] {
  const provision = provisionSection.safeParse(written.provision).data
  const clients = readClients(written.clients)
  return [
    ...(provision === undefined ? [] : findProvisionContradictions(provision, realms)),
    ...findClientContradictions(clients, provision, realms),
    ...clients.flatMap(([key, client]) => findDeliveryContradictions(key, client, realms)),
  ]
}

function readClients(written: unknown): readonly (readonly [key: string, client: ParsedClient])[] {
  if (typeof written !== 'object' || written === null) return []
  return Object.entries(written).flatMap(([key, value]) => {
    const client = clientItem.safeParse(value).data
    return client === undefined ? [] : [[key, client] as const]
  })
}
