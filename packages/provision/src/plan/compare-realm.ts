// What of a realm is beside its clients: roles, client scopes, identity providers, the policy of rotation. And what is
// ours there, though the file no longer names it.
import type { ObservedClient, ObservedIdentityProvider, ObservedRealm, ObservedScope } from '../keycloak/observed.ts'
import { rotationName } from '../wanted/rotation-policy.ts'
import { OWNER_ATTRIBUTE, type WantedIdentityProvider, type WantedRealm, type WantedScope } from '../wanted/wanted.ts'
import { compareMappers } from './compare-mappers.ts'
import { compareSets, compareSettings, compareTexts, field } from './fields.ts'
import { type Finding, type Findings, found, hidden, NOTHING_FOUND } from './findings.ts'
import { ownerOf, standingOf } from './ownership.ts'
import type { FieldChange } from './plan.ts'

const NO_LONGER_NAMED = 'the file no longer names it'

export function compareRealmRoles({ roles }: WantedRealm, { roles: observed }: ObservedRealm): Findings {
  if (roles.length === 0) return NOTHING_FOUND
  if (observed.kind === 'hidden') return hidden('realm roles', observed.lacks)
  return found(
    ...roles.map(
      ({ name, because }): Finding => ({
        kind: 'realm role',
        name,
        action: observed.value.has(name) ? 'update' : 'create',
        fields: [],
        because,
      }),
    ),
  )
}

export function compareScope(wanted: WantedScope, observed: ObservedScope | undefined, owner: string): Findings {
  const standing = standingOf(observed?.attributes, owner, { adopt: false, because: wanted.because })
  const finding: Finding = { kind: 'client scope', name: wanted.name, ...standing, fields: [] }
  if (standing.action === 'foreign') return found(finding)
  const attributes = { ...wanted.attributes, [OWNER_ATTRIBUTE]: owner }
  const fields = [
    field('description', observed?.description, wanted.description),
    ...compareTexts('attributes', attributes, observed?.attributes ?? {}),
    ...compareMappers(wanted.mappers, observed?.mappers ?? new Map()),
  ]
  return found({ ...finding, fields })
}

export function compareIdentityProviders(wanted: WantedRealm, { identityProviders }: ObservedRealm): Findings {
  if (wanted.identityProviders.length === 0) return NOTHING_FOUND
  if (identityProviders.kind === 'hidden') return hidden('identity providers', identityProviders.lacks)
  return found(
    ...wanted.identityProviders.map((provider): Finding => {
      const observed = identityProviders.value.get(provider.alias)
      return {
        kind: 'identity provider',
        name: provider.alias,
        action: observed === undefined ? 'create' : 'update',
        fields: compareProvider(provider, observed),
        because: provider.because,
      }
    }),
  )
}

function compareProvider(
  { providerId, settings, config, secretOf }: WantedIdentityProvider,
  observed: ObservedIdentityProvider | undefined,
): readonly FieldChange[] {
  const { clientSecret: _, ...comparable } = config
  const hasSecret = (observed?.config.clientSecret ?? '') !== ''
  const source = secretOf === null ? undefined : `(of ${secretOf.clientId} in ${secretOf.realm})`
  return [
    ...compareSettings({ providerId, ...settings }, observed?.settings ?? {}),
    ...compareTexts('config', comparable, observed?.config ?? {}),
    // Keycloak shows stars in place of it: whether it is the right one cannot be seen here.
    ...(source === undefined ? [] : [field('secret', hasSecret ? source : undefined, source)]),
  ]
}

/** A server that cannot let secrets overlap gets no policy: it would refuse it. */
export function compareRotation(
  { rotation: wanted }: WantedRealm,
  { rotation }: ObservedRealm,
  owner: string,
): Findings {
  if (rotation.kind === 'hidden') return wanted === null ? NOTHING_FOUND : hidden('rotation policy', rotation.lacks)
  const { isSupported, overlapSeconds } = rotation.value
  if (!isSupported || (wanted === null && overlapSeconds === null)) return NOTHING_FOUND
  const fields = [field('overlapSeconds', overlapSeconds, wanted?.overlapSeconds)]
  const finding = { kind: 'rotation policy', name: rotationName(owner), fields } as const
  if (wanted === null) return found({ ...finding, action: 'delete', because: NO_LONGER_NAMED })
  return found({ ...finding, action: overlapSeconds === null ? 'create' : 'update', because: wanted.because })
}

export function findAbandoned(wanted: WantedRealm, observed: ObservedRealm, owner: string): Findings {
  const clients = [...observed.clients.values()]
    .filter(({ clientId, attributes }) => ownerOf(attributes) === owner && !isWanted(wanted, clientId))
    .map((client): Finding => {
      const fields = describeAbandoned(client)
      return { kind: 'client', name: client.clientId, action: 'delete', fields, because: NO_LONGER_NAMED }
    })
  const scopes = [...observed.scopes.values()]
    .filter(({ attributes, name }) => ownerOf(attributes) === owner && !wanted.scopes.some((one) => one.name === name))
    .map(({ name, mappers }): Finding => {
      const fields = [compareSets('mappers', [], [...mappers.keys()])]
      return { kind: 'client scope', name, action: 'delete', fields, because: NO_LONGER_NAMED }
    })
  return found(...clients, ...scopes)
}

function isWanted({ clients }: WantedRealm, clientId: string): boolean {
  return clients.some((client) => client.clientId === clientId)
}

function describeAbandoned({ settings, mappers, roles }: ObservedClient): readonly FieldChange[] {
  const roleNames = roles.kind === 'seen' ? [...roles.value.keys()] : []
  return [
    field('description', settings.description, undefined),
    field('redirectUris', settings.redirectUris, undefined),
    compareSets('mappers', [], [...mappers.keys()]),
    compareSets('roles', [], roleNames),
  ]
}
