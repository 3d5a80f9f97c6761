// The clients of a realm that somebody made before there was a file.
import { observeRealm } from '../keycloak/observe-realm.ts'
import type { RealmAdmin, Representation } from '../keycloak/realm-admin.ts'
import { APPLY_LOCK_CLIENT_ID } from '../wanted/apply-lock-client.ts'
import { isBuiltInClient } from '../wanted/built-in.ts'
import { clientId as clientIdSchema } from '../wanted/schema-values.ts'
import type { WantedClient, WantedRealm } from '../wanted/wanted.ts'
import { type DescribedClient, describeClient } from './describe.ts'
import { compareNames } from './fields.ts'

export interface DescribeRealmOptions {
  /** Null: all that are not Keycloak's own. */
  readonly clientIds: readonly string[] | null
  /** The client we ask as: it is described when it is named, and not otherwise. */
  readonly ownClientId: string | null
}

export interface DescribedRealm {
  readonly clients: readonly DescribedClient[]
  /** Named, but not there, not of OpenID Connect, or with a client id that no file can say. */
  readonly missing: readonly string[]
}

/** Rejects as the admin interface does. */
export async function describeRealm(
  admin: RealmAdmin,
  { clientIds, ownClientId }: DescribeRealmOptions,
): Promise<DescribedRealm> {
  const candidates = (await admin.clients.list()).filter(isDescribable).map(({ clientId }) => String(clientId))
  const chosen = clientIds ?? candidates.filter((clientId) => clientId !== ownClientId && !isBuiltInClient(clientId))
  const present = chosen.filter((clientId) => candidates.includes(clientId))
  const observed = await observeRealm(admin, askingFor(admin.realm, present), '')
  const defaultRole = `default-roles-${admin.realm.toLowerCase()}`
  return {
    clients: present.toSorted(compareNames).flatMap((clientId) => {
      const client = observed.clients.get(clientId)
      return client === undefined ? [] : [describeClient(client, defaultRole)]
    }),
    missing: chosen.filter((clientId) => !present.includes(clientId)),
  }
}

/** `realm_client`: what stands in `master` for another realm. */
function isDescribable({ clientId, protocol, attributes }: Representation): boolean {
  const marks = typeof attributes === 'object' && attributes !== null ? Object.entries(attributes) : []
  const standsForRealm = marks.some(([name, value]) => name === 'realm_client' && value === 'true')
  const isSayable = clientIdSchema.safeParse(clientId).success
  return protocol !== 'saml' && !standsForRealm && isSayable && clientId !== APPLY_LOCK_CLIENT_ID
}

/** Wants nothing of them but that everything is looked at. */
function askingFor(realm: string, clientIds: readonly string[]): WantedRealm {
  const clients = clientIds.map(
    (clientId): WantedClient => ({
      clientId,
      adopt: false,
      settings: {},
      attributes: {},
      mappers: {},
      defaultScopes: null,
      optionalScopes: null,
      roles: ['any'],
      serviceAccount: { realmRoles: [], clientRoles: {} },
      hasSecret: false,
      deliver: [],
      rotateSeconds: null,
      because: '',
    }),
  )
  return { name: '', realm, issuer: '', clients, scopes: [], roles: [], identityProviders: [], rotation: null }
}
