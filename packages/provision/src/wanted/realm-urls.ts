// Addresses of a realm, from its issuer.
import type { FrontDoorRealm } from './front-door.ts'

type Addressed = Pick<FrontDoorRealm, 'issuer' | 'backchannelUrl'>

/** Keycloak's name of the realm; undefined for an issuer that is none of Keycloak's. */
export function realmNameOf(issuer: string): string | undefined {
  const name = /\/realms\/([^/?#]+)$/.exec(issuer)?.[1]
  return name === undefined ? undefined : decodeURIComponent(name)
}

/** The issuer as servers inside the network reach it. */
export function internalIssuerOf({ issuer, backchannelUrl }: Addressed): string {
  return backchannelUrl === null ? issuer : backchannelUrl + new URL(issuer).pathname
}

/** Where Keycloak itself is: scheme, host, port and perhaps a path, without `/realms/…`. */
export function serverUrlOf(realm: Addressed): string {
  return internalIssuerOf(realm).replace(/\/realms\/[^/]+$/, '')
}
