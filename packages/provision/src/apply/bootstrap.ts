// Once, as an administrator: the service account by which everything else is done.
import { ProvisionError } from '../errors.ts'
import { observeRealm } from '../keycloak/observe-realm.ts'
import type { ObservedClient, ObservedRealm, ObservedServiceAccount } from '../keycloak/observed.ts'
import type { RealmAdmin } from '../keycloak/realm-admin.ts'
import { ownerOf } from '../plan/ownership.ts'
import { planRealm } from '../plan/plan-realm.ts'
import type { WantedRealm } from '../wanted/wanted.ts'
import { type ApplySummary, applyRealm } from './apply-realm.ts'
import { BOOTSTRAP_OWNER, neededRoles, type ProvisionerUse, REALM_MANAGEMENT, wantProvisioner } from './provisioner.ts'

export interface BootstrapOptions {
  /** With the credential of an administrator. */
  readonly admin: RealmAdmin
  /** What the account will have to do. */
  readonly wanted: WantedRealm
  readonly clientId: string
  readonly use: ProvisionerUse
}

export interface Provisioner {
  readonly clientId: string
  readonly secret: string
  /** Of `realm-management`: these, and no others. */
  readonly roles: readonly string[]
  readonly summary: ApplySummary
}

/**
 * Makes the account, or corrects it: a second run changes nothing and finds the same secret. An account that may nothing
 * yet is made anew, with another secret. Rejects with `ERR_CLIENT_FOREIGN` when a client of that name was not made here,
 * and as `applyRealm` does.
 */
export async function bootstrapRealm({ admin, wanted, clientId, use }: BootstrapOptions): Promise<Provisioner> {
  const account = wantProvisioner(wanted, clientId, use)
  const roles = neededRoles(wanted, use)
  const observed = await observeTrusted({ admin, wanted: account, clientId, roles })
  const summary = await applyRealm({
    admin,
    wanted: account,
    observed,
    plan: planRealm(account, observed, BOOTSTRAP_OWNER),
    owner: BOOTSTRAP_OWNER,
    prunes: false,
    report: () => undefined,
    secretOf: refuseSecrets,
    signal: new AbortController().signal,
  })
  return { clientId, secret: await readSecret(admin, clientId), roles, summary }
}

interface Account {
  readonly admin: RealmAdmin
  readonly wanted: WantedRealm
  readonly clientId: string
  readonly roles: readonly string[]
}

/**
 * Whoever may register clients can set our mark, and knows the secret of what was registered. The role that an account
 * works by is given by administrators alone: without it, it goes before it is given anything.
 */
async function observeTrusted({ admin, wanted, clientId, roles: [first = ''] }: Account): Promise<ObservedRealm> {
  const observed = await observeRealm(admin, wanted, BOOTSTRAP_OWNER)
  const found = observed.clients.get(clientId)
  if (found === undefined || ownerOf(found.attributes) !== BOOTSTRAP_OWNER || holds(found, first)) return observed
  await admin.clients.delete(found.id)
  return observeRealm(admin, wanted, BOOTSTRAP_OWNER)
}

function holds({ serviceAccount }: ObservedClient, role: string): boolean {
  if (serviceAccount === null) return false
  // Nothing is given to an account that cannot be seen.
  return serviceAccount.kind === 'hidden' || hasRole(serviceAccount.value, role)
}

function hasRole({ clientRoles }: ObservedServiceAccount, role: string): boolean {
  return clientRoles[REALM_MANAGEMENT]?.includes(role) === true
}

async function readSecret(admin: RealmAdmin, clientId: string): Promise<string> {
  const client = await admin.clients.find(clientId)
  const secret = client === undefined ? undefined : await admin.clients.secret(String(client.id))
  if (secret !== undefined) return secret
  throw new ProvisionError('ERR_SECRET_MASKED', `The secret of ${clientId} cannot be read`, { clientId })
}

/** Only identity providers ask, and none is wanted. */
function refuseSecrets(): Promise<string> {
  throw new TypeError('The account needs no secret of another client')
}
