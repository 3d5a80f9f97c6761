// What is wanted beside what is there: the difference, in the order in which it can be carried out. Asks nobody.
import type { ObservedRealm } from '../keycloak/observed.ts'
import { defaultRoleOf } from '../wanted/built-in.ts'
import type { WantedRealm } from '../wanted/wanted.ts'
import { compareClient } from './compare-client.ts'
import {
  compareIdentityProviders,
  compareRealmRoles,
  compareRotation,
  compareScope,
  findAbandoned,
} from './compare-realm.ts'
import { changesOf, type Finding, type Findings, foreignOf, together } from './findings.ts'
import { createSalt, fingerprintOf } from './fingerprint.ts'
import { CHANGE_KINDS, type RealmPlan } from './plan.ts'

/** Compares field by field what the file decides about. What it does not name is not looked at. */
export function planRealm(wanted: WantedRealm, observed: ObservedRealm, owner: string): RealmPlan {
  return planWithSalt(wanted, observed, owner, createSalt())
}

/** The same plan has the same fingerprint under the same salt. */
export function planWithSalt(wanted: WantedRealm, observed: ObservedRealm, owner: string, salt: string): RealmPlan {
  const { findings, unseen } = compareRealm(wanted, observed, owner)
  const ordered = findings.toSorted((a, b) => rankOf(a) - rankOf(b))
  return {
    name: wanted.name,
    issuer: wanted.issuer,
    fingerprint: fingerprintOf(ordered, salt),
    changes: changesOf(ordered),
    foreign: foreignOf(ordered),
    unseen,
  }
}

function compareRealm(wanted: WantedRealm, observed: ObservedRealm, owner: string): Findings {
  const surroundings = { owner, defaultRole: defaultRoleOf(observed.realm) }
  return together([
    compareRealmRoles(wanted, observed),
    ...wanted.scopes.map((scope) => compareScope(scope, observed.scopes.get(scope.name), owner)),
    ...wanted.clients.map((client) => compareClient(client, observed.clients.get(client.clientId), surroundings)),
    compareIdentityProviders(wanted, observed),
    compareRotation(wanted, observed, owner),
    findAbandoned(wanted, observed, owner),
  ])
}

/** What goes goes last: nothing then needs it any more. */
function rankOf({ kind, action }: Finding): number {
  return CHANGE_KINDS.indexOf(kind) + (action === 'delete' ? CHANGE_KINDS.length : 0)
}
