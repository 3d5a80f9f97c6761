// The sections of a file and what its gateway needs, as what is wanted of each realm. Pure.
import { wantAudiences } from './audiences.ts'
import { wantEntry } from './entries.ts'
import type { FrontDoor, FrontDoorRealm } from './front-door.ts'
import { wantGatewayClients } from './gateway-clients.ts'
import { joinClients, joinProviders, joinRoles, joinScopes, type RealmParts, unique } from './parts.ts'
import { realmNameOf } from './realm-urls.ts'
import { wantRequiredRoles } from './required-roles.ts'
import type { ParsedClients } from './schema-clients.ts'
import type { ParsedProvision } from './schema-provision.ts'
import { wantSecondRealms } from './second-realms.ts'
import type { Wanted, WantedClient, WantedRealm, WantedRotation } from './wanted.ts'

export interface WantedInput {
  readonly sections: { readonly provision: ParsedProvision; readonly clients: ParsedClients }
  readonly frontDoor: FrontDoor
  /** Makes a path in the file absolute. */
  locate(path: string): string
}

export function resolveWanted({ sections, frontDoor, locate }: WantedInput): Wanted {
  const { provision, clients } = sections
  const groups = groupRealms(frontDoor.realms)
  const derived = [
    ...wantGatewayClients(frontDoor),
    ...wantSecondRealms(frontDoor),
    ...wantAudiences(frontDoor),
    ...wantRequiredRoles(frontDoor),
  ]
  const isDerived = (realm: string, clientId: string) =>
    partsOf(derived, groupOf(realm, groups)).some((part) => part.clients?.some((one) => one.clientId === clientId))
  const ground = { loginRealm: frontDoor.loginRealm, isDerived, locate }
  const entries = Object.entries(clients).map(([key, entry]) => wantEntry(key, entry, ground))
  const made = derived.map((parts) => withoutScopes(parts, existingScopes(entries, parts.realm, frontDoor)))
  return {
    owner: provision.owner ?? new URL(frontDoor.publicUrl).host,
    // What an entry says itself comes first and holds.
    realms: groups.map((group) => joinRealm(group, partsOf([...entries, ...made], group), provision)),
  }
}

/** Local names of one and the same realm of Keycloak. */
interface RealmGroup {
  readonly names: readonly string[]
  readonly issuer: string
  readonly realm: string
}

function groupRealms(realms: readonly FrontDoorRealm[]): readonly RealmGroup[] {
  return [...Map.groupBy(realms, ({ issuer }) => issuer)].flatMap(([issuer, own]) => {
    const realm = realmNameOf(issuer)
    return realm === undefined ? [] : [{ issuer, realm, names: own.map(({ name }) => name) }]
  })
}

function groupOf(realm: string, groups: readonly RealmGroup[]): RealmGroup | undefined {
  return groups.find(({ names }) => names.includes(realm))
}

function partsOf(parts: readonly RealmParts[], group: RealmGroup | undefined): readonly RealmParts[] {
  return parts.filter(({ realm }) => group?.names.includes(realm) === true)
}

function joinRealm(
  { names, issuer, realm }: RealmGroup,
  parts: readonly RealmParts[],
  provision: ParsedProvision,
): WantedRealm {
  const clients = withGivenRoles(joinClients(parts.flatMap((part) => part.clients ?? [])))
  return {
    name: names[0] ?? realm,
    realm,
    issuer,
    clients,
    scopes: joinScopes(parts.flatMap((part) => part.scopes ?? [])),
    roles: joinRoles(parts.flatMap((part) => part.roles ?? [])),
    identityProviders: joinProviders(parts.flatMap((part) => part.identityProviders ?? [])),
    rotation: rotationOf(clients, provision),
  }
}

/** What the entry of the gateway's own client names is there already, and somebody else's. */
function existingScopes(entries: readonly RealmParts[], realm: string, { realms }: FrontDoor): readonly string[] {
  const own = realms.find(({ name }) => name === realm)?.clientId
  const clients = entries.filter((entry) => entry.realm === realm).flatMap((entry) => entry.clients ?? [])
  return clients
    .filter(({ clientId }) => clientId === own)
    .flatMap(({ defaultScopes, optionalScopes }) => [...(defaultScopes ?? []), ...(optionalScopes ?? [])])
}

function withoutScopes(parts: RealmParts, existing: readonly string[]): RealmParts {
  return { ...parts, scopes: (parts.scopes ?? []).filter(({ name }) => !existing.includes(name)) }
}

/** A role can only be given when its client has it. */
function withGivenRoles(clients: readonly WantedClient[]): readonly WantedClient[] {
  const given = clients.flatMap(({ serviceAccount }) => Object.entries(serviceAccount?.clientRoles ?? {}))
  return clients.map((client) => {
    const roles = given.flatMap(([clientId, names]) => (clientId === client.clientId ? names : []))
    return { ...client, roles: unique([...client.roles, ...roles]) }
  })
}

function rotationOf(clients: readonly WantedClient[], { overlap }: ParsedProvision): WantedRotation | null {
  const rotated = clients.filter(({ rotateSeconds }) => rotateSeconds !== null)
  if (rotated.length === 0) return null
  return { overlapSeconds: overlap, because: rotated.map(({ because }) => because).join(', ') }
}
