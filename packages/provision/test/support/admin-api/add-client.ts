// A client that is there before a test begins.
import { buildClient } from './client-fields.ts'
import { findClient, openAccount, type RealmState, rolesIn, type Thing } from './realm-state.ts'

/** Its id. Throws for roles that realm-management does not have. */
export function addClient(realm: RealmState, sent: Thing, roles: readonly string[]): string {
  const client = buildClient(realm, { serviceAccountsEnabled: true, standardFlowEnabled: false, ...sent })
  realm.clients.set(client.id, client)
  if (!client.serviceAccountsEnabled) return client.id
  const account = openAccount(realm, client)
  const known = rolesIn(realm, findClient(realm, 'realm-management')!.id)
  for (const name of roles) {
    const role = known.find((one) => one.name === name)
    if (role === undefined) throw new Error(`realm-management has no role ${name}`)
    account.roles.add(role.id)
  }
  return client.id
}
