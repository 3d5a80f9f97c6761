// The clients of a realm that somebody made before there was a file.

import { readTexts } from '../keycloak/observe-client.ts'
import { observeRealm } from '../keycloak/observe-realm.ts'
import type { RealmAdmin, Representation } from '../keycloak/realm-admin.ts'
import { APPLY_LOCK_CLIENT_ID } from '../wanted/apply-lock-client.ts'
import { defaultRoleOf, isBuiltInClient } from '../wanted/built-in.ts'
import { clientId as clientIdSchema } from '../wanted/schema-values.ts'
import type { WantedClient, WantedRealm } from '../wanted/wanted.ts'
import { type DescribedClient, describeClient } from './describe.ts'
import { compareNames } from './fields.ts'
import { ownerOf } from './ownership.ts'

export interface DescribeRealmOptions {
  /** Null: all that are neither Keycloak's own nor marked as somebody's. */
  readonly clientIds: readonly string[] | null
  /** The client we ask as: it is described when it is named, and not otherwise. */
  readonly ownClientId: string | null
}

export interface DescribedRealm {
  readonly clients: readonly DescribedClient[]
  /** Named, but not there, Keycloak's own, not of OpenID Connect, or with a client id that no file can say. */
  readonly missing: readonly string[]
}

/** Clients that carry a mark are described when they are named: some file has them already. Rejects as calls do. */
export async function describeRealm(
  admin: RealmAdmin,
  { clientIds, ownClientId }: DescribeRealmOptions,
): Promise<DescribedRealm> {
  const candidates = (await admin.clients.list()).filter(isDescribable)
  const known = candidates.map(idOf)
  const unmarked = candidates.filter((client) => ownerOf(readTexts(client.attributes)) === undefined).map(idOf)
  const chosen = clientIds ?? unmarked.filter((clientId) => clientId !== ownClientId)
  const present = chosen.filter((clientId) => known.includes(clientId))
  const observed = await observeRealm(admin, askingFor(admin.realm, present), '')
  const defaultRole = defaultRoleOf(admin.realm)
  return {
    clients: present.toSorted(compareNames).flatMap((clientId) => {
      const client = observed.clients.get(clientId)
      return client === undefined ? [] : [describeClient(client, defaultRole)]
    }),
    missing: chosen.filter((clientId) => !present.includes(clientId)),
  }
}

function idOf({ clientId }: Representation): string {
  return String(clientId)
}

/** `realm_client`: what stands in `master` for another realm. */
function isDescribable({ clientId, protocol, attributes }: Representation): boolean {
  const isSayable = clientIdSchema.safeParse(clientId).success
  const isOwn = isBuiltInClient(String(clientId)) || clientId === APPLY_LOCK_CLIENT_ID
  return isSayable && !isOwn && protocol !== 'saml' && readTexts(attributes).realm_client !== 'true'
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
