// Realms that `provision` names, and could not reach.

import type { RealmNames, SectionFinding } from './finding.ts'
import { askNear } from './near.ts'
import { realmNameOf } from './realm-urls.ts'
import type { ParsedProvision } from './schema-provision.ts'

export function findProvisionContradictions(provision: ParsedProvision, realms: RealmNames): readonly SectionFinding[] {
  return Object.keys(provision.realms).flatMap((name): readonly SectionFinding[] => {
    const path = ['provision', 'realms', name]
    const realm = realms.get(name)
    if (realm === undefined)
      return [{ path, message: 'no key of realms', suggestion: askNear(name, [...realms.keys()]) }]
    if (realm.issuer === undefined || realmNameOf(realm.issuer) !== undefined) return []
    const message = "its issuer does not end in /realms/NAME: it is none of Keycloak's"
    return [{ path, message, suggestion: 'leave it out' }]
  })
}
