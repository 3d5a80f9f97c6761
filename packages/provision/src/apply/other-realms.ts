// Where one realm needs another one of the file: an identity provider sends the secret of a client over there.
import { ProvisionError } from '../errors.ts'
import type { RealmAdmin } from '../keycloak/realm-admin.ts'
import type { WantedRealm } from '../wanted/wanted.ts'
import type { SecretOf } from './work.ts'

interface RealmOfFile {
  readonly wanted: WantedRealm
  readonly admin: RealmAdmin
}

/** In the order in which they can be applied: a realm comes after those whose secrets it needs. */
export function orderRealms<Realm extends Pick<RealmOfFile, 'wanted'>>(realms: readonly Realm[]): readonly Realm[] {
  const ordered = new Set<Realm>()
  const entered = new Set<Realm>()
  function enter(realm: Realm): void {
    if (entered.has(realm)) return
    entered.add(realm)
    for (const { secretOf } of realm.wanted.identityProviders) {
      const source = realms.find(({ wanted }) => wanted.name === secretOf?.realm)
      if (source !== undefined) enter(source)
    }
    ordered.add(realm)
  }
  realms.forEach(enter)
  return [...ordered]
}

/** Rejects with `ERR_SECRET_MASKED` for a secret that the credential there may not read. */
export function createSecretReader(realms: readonly RealmOfFile[]): SecretOf {
  return async ({ realm, clientId }) => {
    const admin = realms.find(({ wanted }) => wanted.name === realm)?.admin
    const client = await admin?.clients.find(clientId)
    if (admin === undefined || client === undefined) {
      throw new ProvisionError('ERR_ADMIN_REFUSED', `There is no client ${clientId} in ${realm}`, { realm, clientId })
    }
    const secret = await admin.clients.secret(String(client.id))
    if (secret !== undefined && secret !== '') return secret
    throw new ProvisionError('ERR_SECRET_MASKED', `The secret of ${clientId} in ${realm} cannot be read`, {
      realm,
      clientId,
    })
  }
}
