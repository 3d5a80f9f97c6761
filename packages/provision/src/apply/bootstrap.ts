// Once, as an administrator: the service account by which everything else is done.
import { ProvisionError } from '../errors.ts'
import { observeRealm } from '../keycloak/observe-realm.ts'
import type { RealmAdmin } from '../keycloak/realm-admin.ts'
import { planRealm } from '../plan/plan-realm.ts'
import type { WantedRealm } from '../wanted/wanted.ts'
import { type ApplySummary, applyRealm } from './apply-realm.ts'
import { BOOTSTRAP_OWNER, neededRoles, type ProvisionerUse, wantProvisioner } from './provisioner.ts'

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
 * Makes the account, or corrects it: a second run changes nothing and finds the same secret. Rejects with
 * `ERR_CLIENT_FOREIGN` when a client of that name was not made here, and as `applyRealm` does.
 */
export async function bootstrapRealm({ admin, wanted, clientId, use }: BootstrapOptions): Promise<Provisioner> {
  const account = wantProvisioner(wanted, clientId, use)
  const observed = await observeRealm(admin, account, BOOTSTRAP_OWNER)
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
  return { clientId, secret: await readSecret(admin, clientId), roles: neededRoles(wanted, use), summary }
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
