// Who asks, and what the roles of realm-management let them do: the table that was measured.
import { type Account, accountOf, findClient, type RealmState, rolesIn } from './realm-state.ts'
import { forbidden } from './reply.ts'

export interface Caller {
  /** One of these roles; what may be managed may be viewed. */
  may(...roles: readonly string[]): boolean
  /** Throws the answer 403 otherwise. */
  need(...roles: readonly string[]): void
  readonly hasAnyRole: boolean
  readonly isAdministrator: boolean
}

export const ADMINISTRATOR: Caller = {
  may: () => true,
  need: () => undefined,
  hasAnyRole: true,
  isAdministrator: true,
}

export function createCaller(realm: RealmState, clientUuid: string): Caller {
  const held = managementRoles(realm, clientUuid)
  const has = (role: string) => held.has(role) || held.has('realm-admin')
  const may = (...roles: readonly string[]) => roles.some((role) => has(role) || has(role.replace(/^view-/, 'manage-')))
  return {
    may,
    need: (...roles) => {
      if (!may(...roles)) throw forbidden()
    },
    hasAnyRole: held.size > 0,
    isAdministrator: false,
  }
}

function managementRoles(realm: RealmState, clientUuid: string): ReadonlySet<string> {
  const client = realm.clients.get(clientUuid)
  const account = client && accountOf(realm, client)
  return new Set(account === undefined ? [] : rolesOfManagement(realm, account))
}

function rolesOfManagement(realm: RealmState, { roles }: Account): readonly string[] {
  const management = findClient(realm, 'realm-management')!
  return rolesIn(realm, management.id)
    .filter(({ id }) => roles.has(id))
    .map(({ name }) => name)
}
